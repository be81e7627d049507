// Files of a log that are missing, cut, foreign, or not the log's at all.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

class SegmentFiles : public testing::Test {
 protected:
  [[nodiscard]] VerifyReport verify() const {
    VerifyReport report = verify_files(files);
    EXPECT_LE(report.findings.size(), 8U) << describe(report);
    return report;
  }

  TestLog log = small_log();
  Files files = log.files();
  const std::string first = segment::segment_path(0);
  const std::string middle = segment::segment_path(4);
  const std::string last = segment::segment_path(8);
};

TEST_F(SegmentFiles, missing_in_the_middle) {
  files.erase(middle);
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::segment_set)) << describe(report);
  EXPECT_TRUE(has(report, Law::sequence)) << describe(report);
}

TEST_F(SegmentFiles, missing_at_the_end) {
  files.erase(last);
  EXPECT_TRUE(has(verify(), Law::segment_set)) << describe(verify());
}

TEST_F(SegmentFiles, missing_at_the_beginning) {
  files.erase(first);
  EXPECT_TRUE(has(verify(), Law::segment_set)) << describe(verify());
}

TEST_F(SegmentFiles, all_missing) {
  files = {{"store.meta", files["store.meta"]}};
  EXPECT_TRUE(has(verify(), Law::segment_set));
}

TEST_F(SegmentFiles, without_store_meta) {
  files.erase("store.meta");
  const VerifyReport report = verify();
  EXPECT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_TRUE(has(report, Law::store_meta));
  EXPECT_EQ(report.origin, "example.com/test-log");
}

TEST_F(SegmentFiles, with_the_store_meta_of_another_store) {
  event::Genesis genesis = log.meta().genesis;
  genesis.origin = "example.com/another";
  files["store.meta"] = event::StoreMeta::make(genesis)->encode();
  EXPECT_TRUE(has(verify(), Law::store_meta)) << describe(verify());
}

TEST_F(SegmentFiles, of_no_bytes) {
  for (const std::string& path : {first, middle, last}) {
    files = log.files();
    files[path].clear();
    EXPECT_TRUE(has(verify(), Law::segment_set)) << path << describe(verify());
  }
}

TEST_F(SegmentFiles, of_another_store) {
  auto parts = take_apart(files);
  std::ranges::fill(std::span(parts[1].header).subspan(24, 16), std::byte{0x11});
  std::ranges::fill(std::span(parts[1].header).subspan(56, 16), std::byte{0x22});
  files[middle] = put_together(parts, files["store.meta"])[middle];
  const VerifyReport report = verify();
  ASSERT_TRUE(has(report, Law::segment_set)) << describe(report);
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& f) { return f.message.contains("another store"); }));
}

TEST_F(SegmentFiles, under_another_name) {
  files[segment::segment_path(5)] = files[middle];
  files.erase(middle);
  EXPECT_TRUE(has(verify(), Law::segment_set)) << describe(verify());
}

TEST_F(SegmentFiles, twice) {
  files[segment::segment_path(5)] = files[middle];
  EXPECT_TRUE(has(verify(), Law::segment_set)) << describe(verify());
}

TEST_F(SegmentFiles, that_are_none) {
  files["log/notes.txt"] = Bytes(3);
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::stray_file);
}

TEST_F(SegmentFiles, cut_at_any_length) {
  for (const std::string& path : {first, middle, last}) {
    const Bytes whole = log.files()[path];
    // The cuts that leave a whole log behind: those between commits of the last segment. Only what is kept outside tells.
    std::vector<std::size_t> whole_ends;
    if (path == last) {
      segment::CommitWalker walker(whole, *segment::SegmentHeader::decode(whole));
      whole_ends.push_back(walker.offset());
      while (walker.next().commit) whole_ends.push_back(walker.offset());
    }
    for (std::size_t size = 0; size < whole.size(); ++size) {
      files[path] = Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      const VerifyReport report = verify_files(files);
      const bool in_zeros =
          path == last && size > whole_ends[0] &&
          base::all_zero(ByteView(whole).subspan(*std::prev(std::ranges::upper_bound(whole_ends, size)),
                                                 size - *std::prev(std::ranges::upper_bound(whole_ends, size))));
      if (in_zeros || std::ranges::find(whole_ends, size) != whole_ends.end()) continue;
      ASSERT_FALSE(report.clean()) << path << " " << size;
      ASSERT_LE(report.findings.size(), 8U) << path << " " << size << "\n" << describe(report);
    }
    files[path] = whole;
  }
}

TEST_F(SegmentFiles, with_bytes_behind_the_seal) {
  files[middle].push_back(std::byte{7});
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::stray_bytes);
  EXPECT_EQ(report.findings[0].offset, files[middle].size() - 1);
}

TEST_F(SegmentFiles, with_zeros_behind_the_seal) {
  files[middle].resize(files[middle].size() + 8);
  EXPECT_TRUE(has(verify(), Law::segment_seal)) << describe(verify());
}

TEST_F(SegmentFiles, with_zeros_at_the_end_of_the_last_are_fine) {
  log.preallocate(100'000);
  files = log.files();
  EXPECT_TRUE(verify().clean()) << describe(verify());
}

TEST_F(SegmentFiles, with_a_torn_commit_at_the_end) {
  TestLog longer = small_log();
  longer.commit({{.entity = "door:3", .payload = TestLog::note("closed")}});
  const ByteView commit = longer.last_commit();
  for (std::size_t size = 1; size + 4 < commit.size(); size += 7) {  // the last bytes may be zero
    TestLog torn = small_log();
    torn.append_raw(commit.first(size));
    torn.preallocate(5000);
    files = torn.files();
    const VerifyReport report = verify();
    ASSERT_EQ(report.tail, TailState::unfinished) << size;
    ASSERT_TRUE(has(report, Law::unfinished)) << size;
    ASSERT_LE(report.findings.size(), 2U) << describe(report);
    ASSERT_EQ(report.events, 10U);
  }
}

TEST_F(SegmentFiles, whose_change_was_interrupted) {
  TestLog sealed = small_log();
  sealed.rotate();
  files = sealed.files();
  EXPECT_TRUE(verify().clean()) << describe(verify());
  files[last] = log.files()[last];  // without the seal
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::segment_seal);
}

TEST_F(SegmentFiles, with_a_sector_that_cannot_be_read) {
  platform::SimFs fs;
  fs.create_directory("store").value();
  for (const auto& [path, bytes] : files) fs.write_file("store/" + path, bytes).value();
  fs.spoil_sector("store/" + middle, 4096).value();
  VerifyOptions options;
  options.file_system = &fs;
  const VerifyReport report = verify_directory("store", options).value();
  ASSERT_TRUE(has(report, Law::unreadable)) << describe(report);
  EXPECT_TRUE(has(report, Law::sequence)) << describe(report);
  EXPECT_LE(report.findings.size(), 8U) << describe(report);
}

TEST_F(SegmentFiles, of_no_store_are_an_error) {
  platform::SimFs fs;
  fs.create_directory("empty").value();
  VerifyOptions options;
  options.file_system = &fs;
  EXPECT_EQ(verify_directory("empty", options).error().code, ErrorCode::not_a_store);
  EXPECT_EQ(verify_directory("absent", options).error().code, ErrorCode::no_such_directory);
}

// Beside a live writer.
class LiveLog : public SegmentFiles {
 protected:
  [[nodiscard]] VerifyReport verify_beside_owner(const segment::LogPoint& durable) {
    platform::SimFs fs;
    auto directory = fs.create_directory("store").value();
    for (const auto& [path, bytes] : files) fs.write_file("store/" + path, bytes).value();
    segment::LiveRecord live{.store_id = log.meta().genesis.store_id, .session = 1, .durable_through = durable};
    fs.write_file("store/live", live.encode()).value();
    const auto lock = directory->lock_as_owner().value();
    VerifyOptions options;
    options.file_system = &fs;
    options.threads = 1;
    return verify_directory("store", options).value();
  }
};

TEST_F(LiveLog, is_verified_as_far_as_it_is_durable) {
  const segment::LogPoint durable = log.link().end;
  log.append_raw(base::as_bytes("half a commit"));
  files = log.files();
  files["log/next.tmp"] = Bytes(100);
  const VerifyReport report = verify_beside_owner(durable);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.tail, TailState::in_flight);
  EXPECT_EQ(report.tail_bytes, 13U);
  EXPECT_EQ(report.events, 10U);
}

TEST_F(LiveLog, may_be_changing_its_segment) {
  const segment::LogPoint durable = log.link().end;
  TestLog sealed = small_log();
  sealed.rotate();
  files[sealed.last_path()] = sealed.files()[sealed.last_path()];
  EXPECT_TRUE(verify_beside_owner(durable).clean()) << describe(verify_beside_owner(durable));
}

TEST_F(LiveLog, has_its_durable_part_checked) {
  files[last][4096 + 200] ^= std::byte{1};
  EXPECT_EQ(verify_beside_owner(log.link().end).findings.size(), 1U);
}

}  // namespace
}  // namespace batpak::test
