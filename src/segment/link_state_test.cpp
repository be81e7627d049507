#include "segment/link_state.hpp"

#include <gtest/gtest.h>

namespace batpak::segment {
namespace {

// The commit that follows `state` as a writer would make it, durable through `durable`.
CommitHeader next_commit(const LinkState& state, const LogPoint& durable, std::uint32_t events = 1) {
  CommitHeader header = state.next_header(CommitType::events, state.session, durable);
  header.count = events;
  header.length = 400;
  header.commit_crc = static_cast<std::uint32_t>(1'000 + state.end.offset);
  return header;
}

constexpr LogPoint beginning{.segment = 0, .offset = segment_header_bytes, .sequence = 0};

TEST(LinkState, follows_commit_after_commit) {
  LinkState state;
  LogPoint durable = beginning;
  for (std::uint32_t i = 0; i < 5; ++i) {
    const CommitHeader header = next_commit(state, durable, i + 1);
    ASSERT_TRUE(state.check(header)) << i;
    state.advance(header);
    EXPECT_EQ(state.end, header.end());
    if (i % 2 == 1) durable = state.end;
  }
}

TEST(LinkState, refuses_what_does_not_follow) {
  LinkState state;
  state.session = 4;
  state.advance(next_commit(state, beginning));
  const CommitHeader good = next_commit(state, state.end);
  ASSERT_TRUE(state.check(good));
  CommitHeader bad = good;
  bad.first_sequence += 1;
  EXPECT_FALSE(state.check(bad));
  bad = good;
  bad.previous_crc ^= 1;
  EXPECT_FALSE(state.check(bad));
  bad = good;
  bad.session = 3;
  EXPECT_FALSE(state.check(bad));
  bad = good;
  bad.session = 5;
  EXPECT_TRUE(state.check(bad)) << "a later opening";
}

TEST(LinkState, refuses_a_durable_through_that_is_no_boundary_falls_or_lies_ahead) {
  LinkState state;
  state.advance(next_commit(state, beginning));
  const LogPoint first = state.end;
  state.advance(next_commit(state, first));
  const LogPoint second = state.end;
  EXPECT_TRUE(state.check(next_commit(state, first)));
  EXPECT_TRUE(state.check(next_commit(state, second)));
  EXPECT_FALSE(state.check(next_commit(state, beginning))) << "falls";
  LogPoint between = first;
  between.offset += 8;
  EXPECT_FALSE(state.check(next_commit(state, between)));
  between = first;
  between.sequence += 1;
  EXPECT_FALSE(state.check(next_commit(state, between)));
  LogPoint ahead = second;
  ahead.offset += 400;
  EXPECT_FALSE(state.check(next_commit(state, ahead)));
}

TEST(LinkState, goes_on_in_the_successor) {
  LinkState state;
  state.advance(next_commit(state, beginning));
  const CommitHeader seal = next_commit(state, state.end, 0);
  state.advance(seal);
  const LogPoint sealed = state.end;
  state.enter_segment(1);
  EXPECT_EQ(state.end, (LogPoint{.segment = 1, .offset = segment_header_bytes, .sequence = 1}));
  EXPECT_TRUE(state.check(next_commit(state, sealed))) << "the end of the seal";
  EXPECT_TRUE(state.check(next_commit(state, state.end))) << "the start of the segment";
  EXPECT_TRUE(state.check(next_commit(state, seal.durable_through)));
}

TEST(LinkState, can_begin_at_any_segment_from_the_seal_before_it) {
  LinkState state;
  state.advance(next_commit(state, beginning, 7));
  const CommitHeader seal = next_commit(state, state.end, 0);
  state.advance(seal);
  const LogPoint sealed = state.end;
  SegmentHeader next;
  next.number = 1;
  next.first_sequence = 7;
  const LinkState resumed = LinkState::at_segment(next, seal);
  state.enter_segment(1);
  EXPECT_EQ(resumed.end, state.end);
  EXPECT_EQ(resumed.previous_crc, state.previous_crc);
  EXPECT_TRUE(resumed.check(next_commit(state, sealed)));
  EXPECT_TRUE(resumed.check(next_commit(state, seal.durable_through)));
  EXPECT_FALSE(resumed.check(next_commit(state, beginning)));
}

TEST(LinkState, begins_at_a_segment_as_its_seal_left_it) {
  LinkState state;
  state.advance(next_commit(state, beginning));
  // A seal may be written while the commit before it is all that is known to be durable, or less.
  for (const LogPoint& durable : {beginning, state.end}) {
    CommitHeader seal = next_commit(state, durable, 0);
    seal.type = CommitType::seal;
    LinkState walked = state;
    walked.advance(seal);
    walked.enter_segment(1);
    SegmentHeader header;
    header.number = 1;
    header.first_sequence = seal.first_sequence;
    const LinkState begun = LinkState::at_segment(header, seal);
    EXPECT_EQ(begun.end, walked.end);
    EXPECT_EQ(begun.boundaries, walked.boundaries);
    EXPECT_TRUE(begun.check(next_commit(begun, durable)));
  }
}

}  // namespace
}  // namespace batpak::segment
