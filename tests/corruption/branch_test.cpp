// Lanes that leave their entity at an event before the last: verify looks at that event again.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"
#include "event/frame_layout.hpp"

namespace batpak::test {
namespace {

class Branch : public testing::Test {
 protected:
  // Two entities, in two segments: door:1 has the events 2 and 5, door:2 the events 3 and 4.
  Branch() {
    log_.declare_notes();
    note("door:1");
    note("door:2");
    note("door:2");
    log_.rotate();
    note("door:1");
  }
  void note(std::string entity) { log_.commit({{.entity = std::move(entity), .payload = TestLog::note("opened")}}); }
  // Returns the branch's sequence.
  std::uint64_t branch(std::uint32_t lane, const TestLog::Link& begins_at, std::string entity = "door:1") {
    const std::uint64_t sequence = log_.link().end.sequence;
    log_.commit({{.entity = std::move(entity), .payload = TestLog::note("what if"), .lane = lane, .follows = begins_at}});
    return sequence;
  }
  void expect_clean() {
    const VerifyReport report = verify_files(log_.files());
    EXPECT_TRUE(report.clean()) << describe(report);
  }
  void expect_found(std::uint64_t sequence, std::string_view message) {
    const VerifyReport report = verify_files(log_.files());
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::previous_event);
    EXPECT_EQ(report.findings[0].sequence, sequence);
    EXPECT_TRUE(report.findings[0].message.contains(message)) << describe(report);
    const auto segments = take_apart(log_.files());
    EXPECT_EQ(report.findings[0].path, segments.back().path);
  }

  TestLog log_;
};

constexpr std::string_view no_event = "a branch begins at no earlier event of its entity";
constexpr std::string_view no_link = "a branch does not link to the event it begins at";

TEST_F(Branch, may_leave_at_any_earlier_event_of_its_entity) {
  branch(1, log_.link_to(2));
  branch(2, log_.link_to(5));
  branch(3, log_.link_to(2));
  branch(7, log_.link_to(6));  // which is one of lane 1
  log_.rotate();
  branch(1, log_.link_to(3), "door:2");
  branch(8, log_.link_to(9));
  expect_clean();
}

// Witness: chain_is_transitive
TEST_F(Branch, at_an_event_of_another_entity_is_found) { expect_found(branch(1, log_.link_to(3)), no_event); }

TEST_F(Branch, at_an_event_of_another_entity_with_a_hash_of_zeros_is_found) {
  expect_found(branch(1, {.sequence = 3, .hash = {}}), no_event);
}

// Witness: chain_is_transitive
TEST_F(Branch, with_another_hash_than_that_of_the_event_is_found) {
  expect_found(branch(1, {.sequence = 2, .hash = log_.link_to(5).hash}), no_link);
}

TEST_F(Branch, at_the_last_event_with_another_hash_is_found) {
  expect_found(branch(1, {.sequence = 5, .hash = log_.link_to(2).hash}), no_link);
}

TEST_F(Branch, at_itself_is_found) { expect_found(branch(1, {.sequence = 6, .hash = {}}), no_event); }

TEST_F(Branch, of_an_entity_that_has_no_event_yet_is_found) { expect_found(branch(1, log_.link_to(2), "door:9"), no_event); }

TEST_F(Branch, at_the_genesis_event_is_found) { expect_found(branch(1, log_.link_to(0)), no_event); }

TEST_F(Branch, is_found_in_each_of_many) {
  for (std::uint32_t lane = 1; lane <= 300; ++lane) {
    branch(lane, log_.link_to(2 + lane % 4));
  }
  const VerifyReport report = verify_files(log_.files());
  EXPECT_EQ(report.findings.size(), 150U);
  for (const Finding& finding : report.findings) {
    EXPECT_EQ(finding.law, Law::previous_event);
    const std::uint64_t lane = *finding.sequence - 5;
    EXPECT_TRUE(lane % 4 == 1 || lane % 4 == 2) << lane;
  }
}

TEST_F(Branch, at_an_event_that_is_lost_or_damaged_is_no_finding_of_its_own) {
  branch(1, log_.link_to(2));
  const Files files = log_.files();
  auto segments = take_apart(files);
  segments[0].commits.erase(segments[0].commits.begin() + 2);
  const VerifyReport lost = verify_files(put_together(segments, files.at("store.meta")));
  EXPECT_FALSE(lost.clean());
  EXPECT_FALSE(has(lost, Law::previous_event)) << describe(lost);
  // One byte of it, and more of them.
  const std::string& path = segments[0].path;
  const Bytes frame = take_apart(files)[0].commits[2].frames[0];
  const auto found = std::ranges::search(files.at(path), frame);
  const auto at = static_cast<std::size_t>(found.begin() - files.at(path).begin());
  for (const std::size_t count : {1U, 40U}) {
    Files changed = files;
    for (std::size_t i = 0; i < count; ++i) changed.at(path)[at + event::layout::header + 16 + i] ^= std::byte{0x5A};
    const VerifyReport report = verify_files(changed);
    EXPECT_FALSE(report.clean());
    EXPECT_TRUE(count != 1 || report.findings.size() == 1) << describe(report);
    EXPECT_FALSE(has(report, Law::previous_event)) << describe(report);
  }
}

TEST_F(Branch, at_an_event_whose_stored_hash_was_changed_follows_what_it_says_or_what_it_is) {
  branch(1, log_.link_to(2));
  auto segments = take_apart(log_.files());
  segments[0].commits[2].frames[0][event::layout::event_hash] ^= std::byte{1};
  const VerifyReport report = verify_files(put_together(segments, log_.files().at("store.meta")));
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::event_hash);
}

TEST_F(Branch, behind_damage_is_checked_all_the_same) {
  const std::uint64_t sequence = branch(1, {.sequence = 3, .hash = {}});
  Files files = log_.files();
  const std::string path = take_apart(files)[0].path;
  for (std::size_t i = 0; i < 30; ++i) files.at(path)[segment::segment_header_bytes + 100 + i] ^= std::byte{0x5A};
  const VerifyReport report = verify_files(files);
  EXPECT_TRUE(std::ranges::any_of(report.findings, [&](const Finding& finding) {
    return finding.law == Law::previous_event && finding.sequence == sequence;
  })) << describe(report);
}

}  // namespace
}  // namespace batpak::test
