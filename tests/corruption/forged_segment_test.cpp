// Files of a log that were forged, and then broken, as a whole: headers, gaps, store.meta, and what the system refuses.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"
#include "platform/forwarding_fs.hpp"

namespace batpak::test {
namespace {

class ForgedSegment : public testing::Test {
 protected:
  [[nodiscard]] VerifyReport verify() const { return verify_files(files_); }
  static void mend_header(Bytes& bytes) {
    base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4, segment::segment_header_bytes - 4)));
  }
  static bool says(const VerifyReport& report, std::string_view text) {
    return std::ranges::any_of(report.findings, [&](const Finding& finding) { return finding.message.contains(text); });
  }

  TestLog log_ = small_log();
  Files files_ = log_.files();
  const std::string first_ = segment::segment_path(0);
  const std::string middle_ = segment::segment_path(4);
  const std::string last_ = segment::segment_path(8);
};

TEST_F(ForgedSegment, with_no_event_at_all_lacks_its_genesis) {
  files_.erase(middle_);
  files_.erase(last_);
  files_[first_].resize(segment::segment_header_bytes);
  const VerifyReport report = verify();
  EXPECT_TRUE(says(report, "no genesis event")) << describe(report);
  EXPECT_EQ(report.events, 0U);
}

TEST_F(ForgedSegment, beside_a_directory_of_the_name_of_one_is_found) {
  files_["log/00000000000000000099.seg/notes"] = Bytes(3);
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::stray_file);
}

TEST_F(ForgedSegment, with_a_store_meta_of_a_few_bytes_is_found) {
  for (const std::size_t size : {0U, 7U, 8U, 30U}) {
    files_["store.meta"].resize(size);
    const VerifyReport report = verify();
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::store_meta);
  }
}

TEST_F(ForgedSegment, with_a_store_meta_that_is_none_is_not_mended_by_undoing_a_changed_byte) {
  Bytes& meta = files_["store.meta"];
  base::store_le<std::uint32_t>(meta.data() + 20, 3);  // another length of the payload, with the CRC of that
  base::store_le(meta.data(), base::crc32c(ByteView(meta).subspan(4)));
  meta[40] ^= std::byte{1};
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::store_meta)) << describe(report);
  EXPECT_FALSE(says(report, "was changed")) << describe(report);
}

TEST_F(ForgedSegment, with_a_header_that_is_none_is_not_mended_by_undoing_a_changed_byte) {
  Bytes& bytes = files_[middle_];
  bytes[4000] = std::byte{1};  // of the padding, with the CRC of that
  mend_header(bytes);
  bytes[3000] ^= std::byte{1};
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::segment_set)) << describe(report);
  EXPECT_FALSE(says(report, "was changed")) << describe(report);
  EXPECT_EQ(report.events, 10U) << "the seal before it says its salt";
}

TEST_F(ForgedSegment, with_another_salt_in_its_header_is_read_with_the_one_that_the_seal_names) {
  files_[middle_][56] ^= std::byte{1};
  mend_header(files_[middle_]);
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::segment_seal);
  EXPECT_EQ(report.events, 10U);
}

TEST_F(ForgedSegment, of_another_store_behind_one_without_a_seal_is_passed_over) {
  std::vector<SegmentParts> parts = take_apart(files_);
  parts[0].commits.pop_back();
  std::ranges::fill(std::span(parts[1].header).subspan(24, 16), std::byte{0x11});
  files_ = put_together(parts, files_.at("store.meta"));
  const VerifyReport report = verify();
  EXPECT_TRUE(says(report, "another store")) << describe(report);
  EXPECT_EQ(report.events, 6U) << "the four before it and the two behind it";
}

TEST_F(ForgedSegment, with_a_copy_of_another_commit_behind_a_broken_one_is_read_on_behind_the_copy) {
  for (const bool of_another_segment : {false, true}) {
    TestLog log = small_log();
    log.commit({{.entity = "door:3", .payload = TestLog::note("closed")}});
    Bytes copy(log.last_commit().begin(), log.last_commit().end());
    const std::uint64_t broken = log.files()[last_].size() - copy.size();
    if (of_another_segment) {
      const Bytes segment = log.files()[last_];
      base::store_le<std::uint64_t>(copy.data() + 16, 7);
      base::store_le<std::uint64_t>(copy.data() + 24, segment.size());
      base::store_le(copy.data(),
                     base::crc32c(ByteView(copy).subspan(4, 84), base::crc32c(ByteView(segment).subspan(56, 16))));
    }
    log.append_raw(copy);
    log.commit({{.entity = "door:3", .payload = TestLog::note("opened")}});
    files_ = log.files();
    for (const std::uint64_t at : {broken + 200, broken + 300}) files_[last_][at] ^= std::byte{1};
    const VerifyReport report = verify();
    EXPECT_TRUE(has(report, Law::commit_whole)) << describe(report);
    EXPECT_GE(report.events, 11U) << describe(report);
  }
}

TEST_F(ForgedSegment, without_a_commit_says_which_number_is_missing_before_it) {
  files_.erase(middle_);
  files_[last_].resize(segment::segment_header_bytes);
  const VerifyReport report = verify();
  EXPECT_TRUE(says(report, "segment number 1 is missing")) << describe(report);
}

TEST_F(ForgedSegment, far_behind_the_one_before_says_which_numbers_are_missing) {
  base::store_le<std::uint64_t>(files_[last_].data() + 40, 9);
  files_[last_].resize(segment::segment_header_bytes);
  mend_header(files_[last_]);
  const VerifyReport report = verify();
  EXPECT_TRUE(says(report, "segments number 2 to 8 are missing")) << describe(report);
}

// The gap in front of an idle mark is zero. Where it is not, the mark behind it still counts, if it follows.
class ForgedGap : public ForgedSegment {
 protected:
  // Writes over what lies between the last event and the mark.
  void fill_gap(TestLog& log, ByteView bytes) {
    files_ = log.files();
    Bytes& segment = files_[log.last_path()];
    std::uint64_t gap = 0;
    segment::CommitWalker walker(segment, segment::SegmentHeader::decode(segment).value());
    for (auto step = walker.next(); step.commit; step = walker.next()) {
      if (step.commit->header.type == segment::CommitType::events) gap = walker.offset();
    }
    std::ranges::copy(bytes, segment.begin() + static_cast<std::ptrdiff_t>(gap));
  }
};

TEST_F(ForgedGap, with_bytes_in_it_is_one_finding_and_the_mark_behind_it_counts) {
  fill_gap(log_, base::as_bytes("stray"));
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::stray_bytes);
}

// Witness: flipped_byte_is_found
TEST_F(ForgedGap, with_a_changed_byte_in_the_mark_behind_it_is_that_one_finding_also_in_the_middle_of_a_segment) {
  TestLog log;
  log.declare_notes();
  log.idle_mark();
  const ByteView written = log.last_commit();
  const std::size_t size = written.size();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  log.idle_mark();
  files_ = log.files();
  for (std::size_t at = 8192; at < 8192 + size; ++at) {
    SCOPED_TRACE(at);
    files_[first_][at] ^= std::byte{4};
    const VerifyReport report = verify();
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::commit_whole);
    EXPECT_EQ(report.findings[0].offset, at);
    files_[first_][at] ^= std::byte{4};
  }
}

TEST_F(ForgedGap, with_the_header_of_a_commit_in_it_hides_a_commit) {
  // The header of a commit that stood there, and of which the rest is gone.
  const Bytes segment = files_[last_];
  segment::CommitWalker walker(segment, segment::SegmentHeader::decode(segment).value());
  std::uint64_t gap = 0;
  for (auto step = walker.next(); step.commit; step = walker.next()) {
    if (step.commit->header.type == segment::CommitType::events) gap = walker.offset();
  }
  Bytes header(segment.begin() + segment::segment_header_bytes,
               segment.begin() + segment::segment_header_bytes + segment::commit_header_bytes);
  base::store_le<std::uint64_t>(header.data() + 24, gap + 8);
  const std::uint32_t salt = base::crc32c(ByteView(segment).subspan(56, 16));
  base::store_le(header.data(), base::crc32c(ByteView(header).subspan(4), salt));
  Bytes filling(8, std::byte{0x77});
  base::append(filling, header);
  fill_gap(log_, filling);
  const VerifyReport report = verify();
  EXPECT_FALSE(report.clean());
  EXPECT_FALSE(has(report, Law::stray_bytes)) << "that was more than a gap\n" << describe(report);
}

TEST_F(ForgedGap, before_something_else_than_a_mark_is_no_gap) {
  TestLog log = small_log();
  log.append_raw(Bytes(4096 - log.files()[last_].size() % 4096, std::byte{0x77}));
  log.commit({{.entity = "door:3", .payload = TestLog::note("closed")}});
  files_ = log.files();
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::unfinished)) << describe(report);
  EXPECT_FALSE(has(report, Law::stray_bytes)) << describe(report);
}

TEST_F(ForgedGap, of_zeros_before_a_commit_of_events_is_found_where_a_later_commit_says_that_was_durable) {
  TestLog log = small_log();
  log.append_raw(Bytes(4096 - log.files()[last_].size() % 4096));
  log.commit({{.entity = "door:3", .payload = TestLog::note("closed")}});
  log.commit({{.entity = "door:3", .payload = TestLog::note("opened")}});
  files_ = log.files();
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::commit_whole)) << describe(report);
  EXPECT_EQ(report.events, 12U);
}

TEST_F(ForgedGap, before_a_mark_of_another_place_in_the_log_is_no_gap) {
  fill_gap(log_, base::as_bytes("stray"));
  Bytes& segment = files_[last_];
  const std::uint64_t mark = segment.size() - (segment.size() % 4096);
  base::store_le<std::uint64_t>(segment.data() + mark + 32, 12);
  const std::uint32_t salt = base::crc32c(ByteView(segment).subspan(56, 16));
  const std::span<std::byte> commit = std::span(segment).subspan(mark);
  base::store_le(commit.data() + 4, base::crc32c(ByteView(commit).subspan(8), salt));
  base::store_le(commit.data(), base::crc32c(ByteView(commit).subspan(4, segment::commit_header_bytes - 4), salt));
  const VerifyReport report = verify();
  EXPECT_FALSE(report.clean());
  EXPECT_FALSE(has(report, Law::stray_bytes)) << describe(report);
}

// What somebody may not read is an error and not a finding: the log may be whole.
class DeniedDirectory : public platform::ForwardingDirectory {
 public:
  DeniedDirectory(std::shared_ptr<platform::Directory> directory, std::string path, int granted)
      : ForwardingDirectory(std::move(directory)), path_(std::move(path)), granted_(granted) {}
  Result<std::unique_ptr<platform::File>> open_file(std::string_view name, platform::OpenMode mode) override {
    if (name == path_ && granted_-- <= 0) {
      return std::unexpected(Error(ErrorCode::permission_denied, "not for you").at_path(std::string(name)));
    }
    return ForwardingDirectory::open_file(name, mode);
  }

 private:
  std::string path_;
  int granted_;
};

class DeniedFs : public platform::ForwardingFs {
 public:
  DeniedFs(platform::FileSystem& files, std::string path, int granted)
      : ForwardingFs(files), path_(std::move(path)), granted_(granted) {}

 private:
  std::shared_ptr<platform::Directory> wrap(std::shared_ptr<platform::Directory> directory) override {
    return std::make_shared<DeniedDirectory>(std::move(directory), path_, granted_);
  }

  std::string path_;
  int granted_;
};

TEST_F(ForgedSegment, that_may_not_be_read_is_an_error_whenever_that_is_found_out) {
  platform::SimFs disk;
  disk.create_directory("store").value();
  for (const auto& [path, bytes] : files_) disk.write_file("store/" + path, bytes).value();
  for (const std::string& path : {first_, last_}) {
    for (const int granted : {0, 1}) {
      DeniedFs denied(disk, path, granted);
      const auto report = verify_directory("store", {.key = {}, .threads = 1, .file_system = &denied});
      ASSERT_FALSE(report) << path << granted;
      EXPECT_EQ(report.error().code, ErrorCode::permission_denied);
    }
  }
}

}  // namespace
}  // namespace batpak::test
