// One byte of a log is changed: verify finds it, names it, and says little else.
#include <gtest/gtest.h>

#include <set>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

// Whether some finding names exactly this byte.
bool names(const VerifyReport& report, const std::string& path, std::size_t offset) {
  return std::ranges::any_of(report.findings,
                             [&](const Finding& finding) { return finding.path == path && finding.offset == offset; });
}

void expect_named(Files& files, const std::string& path, std::size_t offset, unsigned bit) {
  files[path][offset] ^= static_cast<std::byte>(1U << bit);
  const VerifyReport report = verify_files(files);
  files[path][offset] ^= static_cast<std::byte>(1U << bit);
  ASSERT_FALSE(report.clean()) << path << " " << offset << " bit " << bit;
  ASSERT_TRUE(names(report, path, offset)) << path << " " << offset << " bit " << bit << "\n" << describe(report);
  ASSERT_LE(report.findings.size(), 2U) << path << " " << offset << " bit " << bit << "\n" << describe(report);
}

// Witness: flipped_byte_is_found
TEST(FlippedByte, is_named_wherever_it_is) {
  Files files = small_log().files();
  for (const auto& [path, bytes] : Files(files)) {
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
      expect_named(files, path, offset, offset % 8);
      if (HasFatalFailure()) return;
    }
  }
}

// Witness: flipped_byte_is_found
TEST(FlippedByte, in_any_field_that_an_event_may_have_is_named) {
  const auto key = SigningKey::generate().value();
  TestLog log({.key = &key, .sign_events = true});
  log.declare_notes();
  Bytes extension;
  base::append_le<std::uint16_t>(extension, 0x8777);  // may be ignored
  base::append_le<std::uint16_t>(extension, 4);
  extension.resize(extension.size() + 4, std::byte{0x11});
  TestLog::Event event{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = TestLog::metadata()};
  event.extensions = extension;
  event.correlation.emplace().bytes.fill(std::byte{0xC0});
  event.causation.emplace().bytes.fill(std::byte{0xCA});
  event.idempotency_key.emplace().bytes.fill(std::byte{0x1D});
  log.commit({event});
  log.idle_mark();
  Files files = log.files();
  const std::string path = log.last_path();
  // Every field is longer than this step, or flipped byte by byte in the tests above.
  for (std::size_t offset = 4096; offset < files[path].size(); offset += 3) {
    expect_named(files, path, offset, offset % 8);
    if (HasFatalFailure()) return;
  }
}

TEST(FlippedByte, is_named_whichever_bit_it_is) {
  Files files = small_log().files();
  for (const auto& [path, bytes] : Files(files)) {
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
      if (bytes[offset] == std::byte{0}) continue;  // one bit of those is tried above
      for (unsigned bit = 0; bit < 8; ++bit) expect_named(files, path, offset, bit);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(FlippedByte, is_named_also_where_the_log_ends_without_a_mark) {
  TestLog log;
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  Files files = log.files();
  for (std::size_t offset = 4096; offset < files[log.last_path()].size(); ++offset) {
    expect_named(files, log.last_path(), offset, offset % 8);
    if (HasFatalFailure()) return;
  }
}

TEST(FlippedByte, in_a_payload_is_called_one) {
  Files files = small_log().files();
  const std::string path = segment::segment_path(0);
  Bytes& bytes = files[path];
  const auto payload = std::ranges::search(bytes, base::as_bytes("closed"));
  ASSERT_FALSE(payload.empty());
  payload.front() ^= std::byte{0x20};
  const VerifyReport report = verify_files(files);
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  const Finding& finding = report.findings.front();
  EXPECT_EQ(finding.law, Law::frame_crc);
  EXPECT_EQ(finding.offset, static_cast<std::uint64_t>(payload.begin() - bytes.begin()));
  EXPECT_EQ(finding.sequence, 3U);
  EXPECT_TRUE(finding.message.starts_with("the payload was changed in the frame at ")) << finding.message;
  EXPECT_TRUE(finding.message.ends_with(": the byte was 0x63 and is 0x43")) << finding.message;
}

// Witness: flipped_byte_is_found
TEST(FlippedByte, of_anything_hashed_is_found_when_every_crc_was_mended) {
  const Files files = small_log().files();
  const std::set<Law> hash_laws{Law::content_hash, Law::metadata_hash, Law::event_hash, Law::previous_event, Law::tree_root};
  std::vector<SegmentParts> segments = take_apart(files);
  for (std::size_t s = 0; s < segments.size(); ++s) {
    for (std::size_t c = 0; c < segments[s].commits.size(); ++c) {
      for (std::size_t f = 0; f < segments[s].commits[c].frames.size(); ++f) {
        const Bytes whole = segments[s].commits[c].frames[f];
        const auto hashed_end =
            static_cast<std::size_t>(event::FrameView::parse(whole)->payload_section().data() - whole.data()) +
            event::FrameView::parse(whole)->payload_section().size();
        for (std::size_t offset = 8; offset < whole.size(); ++offset) {
          Bytes& frame = segments[s].commits[c].frames[f];
          frame[offset] ^= static_cast<std::byte>(1U << (offset % 8));
          const VerifyReport report = verify_files(put_together(segments, files.at("store.meta")));
          frame[offset] = whole[offset];
          const std::string where =
              "frame " + std::to_string(c) + "." + std::to_string(f) + " byte " + std::to_string(offset);
          ASSERT_FALSE(report.clean()) << where;
          const bool by_hash =
              std::ranges::any_of(report.findings, [&](const Finding& x) { return hash_laws.contains(x.law); });
          const bool by_form = has(report, Law::frame_form) || has(report, Law::erased);
          ASSERT_TRUE(by_form || (offset < hashed_end && by_hash)) << where << "\n" << describe(report);
          ASSERT_LE(report.findings.size(), 8U) << where << "\n" << describe(report);
        }
      }
    }
  }
}

// Witness: flipped_byte_is_found
TEST(FlippedByte, in_the_end_of_a_commit_is_found_when_every_crc_was_mended) {
  const Files files = small_log().files();
  std::vector<SegmentParts> segments = take_apart(files);
  for (SegmentParts& parts : segments) {
    for (CommitParts& commit : parts.commits) {
      const Bytes whole = commit.rest;
      for (std::size_t offset = 0; offset + 4 < whole.size(); ++offset) {
        if (commit.is_seal() && offset < 8) continue;  // put together anew
        commit.rest[offset] ^= static_cast<std::byte>(1U << (offset % 8));
        const VerifyReport report = verify_files(put_together(segments, files.at("store.meta")));
        commit.rest[offset] = whole[offset];
        ASSERT_FALSE(report.clean()) << parts.path << " " << offset;
      }
    }
  }
}

TEST(FlippedByte, in_the_header_of_a_segment_is_found_when_every_crc_was_mended) {
  const Files files = small_log().files();
  std::vector<SegmentParts> segments = take_apart(files);
  for (SegmentParts& parts : segments) {
    const Bytes whole = parts.header;
    for (std::size_t offset = 4; offset < 200; ++offset) {
      if (&parts == segments.data() && offset >= 56 && offset < 72) continue;  // no one names the salt of the first segment
      parts.header[offset] ^= static_cast<std::byte>(1U << (offset % 8));
      const VerifyReport report = verify_files(put_together(segments, files.at("store.meta")));
      parts.header[offset] = whole[offset];
      ASSERT_FALSE(report.clean()) << parts.path << " " << offset;
    }
  }
}

}  // namespace
}  // namespace batpak::test
