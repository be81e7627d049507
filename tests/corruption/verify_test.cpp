// What verify finds, and that it finds nothing in a log that is whole.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

TEST(Verify, finds_nothing_in_a_whole_log) {
  const VerifyReport report = verify_files(small_log().files());
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.segments, 3U);
  EXPECT_EQ(report.events, 10U);
  EXPECT_EQ(report.commits, 11U);
  EXPECT_EQ(report.streams, 5U);
  EXPECT_EQ(report.origin, "example.com/test-log");
  EXPECT_EQ(report.tail, TailState::clean);
  EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
  ASSERT_TRUE(report.checkpoint);
  EXPECT_EQ(report.checkpoint->size, 10U);
}

TEST(Verify, finds_nothing_in_a_log_put_together_from_its_parts) {
  const Files files = small_log().files();
  const Files again = put_together(take_apart(files), files.at("store.meta"));
  EXPECT_EQ(files, again);
}

TEST(Verify, says_the_same_with_any_number_of_threads) {
  TestLog log;
  log.declare_notes();
  for (int i = 0; i < 400; ++i) {
    std::vector<TestLog::Event> events;
    for (int j = 0; j < 20; ++j) {
      events.push_back({.entity = "door:" + std::to_string(j), .payload = TestLog::note(std::string(400, 'x'))});
    }
    log.commit(events);
    if (i % 150 == 149) log.rotate();
  }
  Files files = log.files();
  for (auto& [path, bytes] : files) {
    for (std::size_t at = 9001; at + 9000 < bytes.size(); at += 700'001) bytes[at] ^= std::byte{0x10};
  }
  const VerifyReport one = verify_files(files, {.threads = 1});
  EXPECT_EQ(one.findings.size(), 8U) << describe(one);
  for (const unsigned threads : {2U, 3U, 8U}) {
    const VerifyReport many = verify_files(files, {.threads = threads});
    EXPECT_EQ(describe(many), describe(one));
    EXPECT_EQ(many.checkpoint, one.checkpoint);
    EXPECT_EQ(many.events, one.events);
  }
}

TEST(Verify, tells_how_far_it_is) {
  const Files files = small_log().files();
  std::uint64_t bytes = 0;
  for (const auto& [path, content] : files) bytes += path.starts_with("log/") ? content.size() : 0;
  VerifyProgress last;
  VerifyOptions options;
  options.progress = [&](const VerifyProgress& progress) {
    EXPECT_GE(progress.bytes_done, last.bytes_done);
    EXPECT_EQ(progress.bytes_total, bytes);
    last = progress;
  };
  static_cast<void>(verify_files(files, options));
  EXPECT_EQ(last.events, 10U);
}

TEST(Verify, counts_findings_beyond_the_bound) {
  Files files = small_log().files();
  for (auto& [path, bytes] : files) bytes[bytes.size() / 2] ^= std::byte{1};
  VerifyOptions options;
  options.findings_max = 1;
  const VerifyReport report = verify_files(files, options);
  EXPECT_EQ(report.findings.size(), 1U);
  EXPECT_GE(report.findings_omitted, 3U);
}

TEST(Verify, asks_for_declared_kinds) {
  TestLog log;
  for (int i = 0; i < 3; ++i) log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  const VerifyReport report = verify_files(log.files());
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::declaration);
  EXPECT_EQ(report.findings[0].sequence, 1U);
}

TEST(Verify, asks_for_canonical_payloads) {
  TestLog log;
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = {std::byte{0xCC}, std::byte{0x01}}}});
  EXPECT_TRUE(has(verify_files(log.files()), Law::encoding));
}

TEST(Verify, keeps_users_out_of_the_stores_own_entities) {
  TestLog log;
  log.declare_notes();
  log.commit({{.entity = "$batpak/types", .payload = TestLog::note("mine")}});
  EXPECT_TRUE(has(verify_files(log.files()), Law::declaration));
}

TEST(Verify, follows_a_lane_from_where_it_branches) {
  TestLog log;
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("what if"), .lane = 1}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("what then"), .lane = 1}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("closed")}});
  EXPECT_TRUE(verify_files(log.files()).clean()) << describe(verify_files(log.files()));
}

}  // namespace
}  // namespace batpak::test
