// Logs rearranged by somebody who mends every CRC and length: verify finds each by what is hashed and linked.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

class ForgedLog : public testing::Test {
 protected:
  [[nodiscard]] VerifyReport verify() const {
    VerifyReport report = verify_files(put_together(segments, files.at("store.meta")));
    EXPECT_LE(report.findings.size(), 12U) << describe(report);
    return report;
  }

  Files files = small_log().files();
  std::vector<SegmentParts> segments = take_apart(files);
};

TEST_F(ForgedLog, without_a_change_is_clean) { EXPECT_TRUE(verify().clean()); }

TEST_F(ForgedLog, with_a_commit_dropped_is_found) {
  segments[1].commits.erase(segments[1].commits.begin() + 1);
  EXPECT_TRUE(has(verify(), Law::segment_set) || has(verify(), Law::commit_link)) << describe(verify());
  EXPECT_TRUE(has(verify(), Law::sequence));
}

TEST_F(ForgedLog, with_a_commit_twice_is_found) {
  segments[2].commits.insert(segments[2].commits.begin() + 1, segments[2].commits[0]);
  EXPECT_TRUE(has(verify(), Law::commit_link)) << describe(verify());
}

TEST_F(ForgedLog, with_two_commits_swapped_is_found) {
  std::swap(segments[2].commits[0], segments[2].commits[1]);
  EXPECT_TRUE(has(verify(), Law::commit_link)) << describe(verify());
}

// Witness: sequence_is_dense
TEST_F(ForgedLog, with_an_event_dropped_is_found) {
  auto& frames = segments[1].commits[0].frames;
  frames.erase(frames.begin() + 1);
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::batch)) << describe(report);
  EXPECT_TRUE(has(report, Law::sequence)) << describe(report);
}

// Witness: sequence_is_dense
TEST_F(ForgedLog, with_an_event_twice_is_found) {
  auto& frames = segments[1].commits[0].frames;
  frames.insert(frames.begin() + 1, frames[0]);
  EXPECT_TRUE(has(verify(), Law::sequence)) << describe(verify());
}

TEST_F(ForgedLog, with_two_events_swapped_is_found) {
  auto& frames = segments[1].commits[0].frames;
  std::swap(frames[0], frames[2]);
  EXPECT_TRUE(has(verify(), Law::sequence)) << describe(verify());
}

// Replaces an event by one of the forger's with every hash of its own recomputed.
// Witness: chain_is_transitive
TEST_F(ForgedLog, with_an_event_rewritten_is_found_by_its_successor_and_the_tree) {
  Bytes& frame = segments[0].commits[2].frames[0];
  const auto parsed = event::FrameView::parse(frame);
  ASSERT_TRUE(parsed);
  const std::size_t header_size = parsed->header().bytes().size();
  const auto payload_at = static_cast<std::size_t>(parsed->payload().data() - frame.data());
  frame[payload_at + parsed->payload().size() - 1] ^= std::byte{1};
  const Hash content = parsed->compute_content_hash();
  std::ranges::copy(content.bytes, frame.data() + 48 + 32);
  const Hash hash = event::hash_header(ByteView(frame).subspan(48, header_size));
  std::ranges::copy(hash.bytes, frame.data() + 16);
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::tree_root)) << describe(report);
  EXPECT_TRUE(has(report, Law::previous_event)) << describe(report);
}

TEST_F(ForgedLog, with_an_event_of_another_log_is_found) {
  TestLog other;
  other.declare_notes();
  other.commit({{.entity = "door:1", .payload = TestLog::note("broken")}});
  segments[0].commits[2] = take_apart(other.files())[0].commits[2];
  EXPECT_TRUE(has(verify(), Law::tree_root) || has(verify(), Law::previous_event)) << describe(verify());
}

TEST_F(ForgedLog, with_the_stored_hash_changed_says_that_it_was_that) {
  segments[0].commits[2].frames[0][20] ^= std::byte{1};
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::event_hash);
  EXPECT_EQ(report.findings[0].sequence, 2U);
  EXPECT_TRUE(report.findings[0].message.starts_with("the stored event hash was changed")) << describe(report);
}

TEST_F(ForgedLog, with_a_header_field_changed_says_that_it_was_the_header) {
  segments[0].commits[2].frames[0][48 + 16] ^= std::byte{1};  // the lane
  const VerifyReport report = verify();
  ASSERT_TRUE(has(report, Law::event_hash)) << describe(report);
  EXPECT_FALSE(has(report, Law::tree_root)) << describe(report);
}

TEST_F(ForgedLog, with_two_events_changed_names_both) {
  segments[0].commits[2].frames[0][20] ^= std::byte{1};
  Bytes& frame = segments[1].commits[0].frames[1];
  frame[static_cast<std::size_t>(event::FrameView::parse(frame)->payload().data() - frame.data()) + 3] ^= std::byte{1};
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::event_hash)) << describe(report);
  EXPECT_TRUE(has(report, Law::content_hash)) << describe(report);
  EXPECT_LE(report.findings.size(), 3U) << describe(report);
}

}  // namespace
}  // namespace batpak::test
