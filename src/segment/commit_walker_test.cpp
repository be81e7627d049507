#include "segment/commit_walker.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace batpak::segment {
namespace {

// A segment put together commit by commit.
class CommitWalkerTest : public testing::Test {
 protected:
  CommitWalkerTest() {
    header_.number = 2;
    header_.salt.fill(std::byte{0x42});
    image_ = header_.encode();
  }

  std::uint64_t add(CommitType type, std::uint64_t at) {
    image_.resize(at);
    CommitBuilder builder;
    builder.begin();
    if (type == CommitType::events) {
      const auto frame = builder.add_frame(64);
      std::fill(frame.begin() + frame_prefix_bytes, frame.end(), std::byte{0x33});
    }
    if (type == CommitType::seal) builder.add_seal({.segment_end = at, .successor = 3});
    CommitHeader header;
    header.type = type;
    header.segment = header_.number;
    header.offset = at;
    builder.finish(header, {}, header_.salt);
    base::append(image_, builder.bytes());
    return at;
  }
  std::uint64_t add_events() { return add(CommitType::events, image_.size()); }
  std::uint64_t add_mark() { return add(CommitType::idle_mark, base::align_up(image_.size(), limits::sector_bytes)); }
  [[nodiscard]] CommitWalker walker() const { return {image_, header_}; }

  SegmentHeader header_;
  Bytes image_;
};

TEST_F(CommitWalkerTest, gives_every_commit_and_then_the_end) {
  const std::uint64_t first = add_events();
  const std::uint64_t second = add_events();
  const std::uint64_t seal = add(CommitType::seal, image_.size());
  image_.resize(image_.size() + 10'000);
  CommitWalker walk = walker();
  EXPECT_EQ(walk.next().commit->header.offset, first);
  EXPECT_EQ(walk.next().commit->header.offset, second);
  const WalkStep last = walk.next();
  EXPECT_EQ(last.commit->header.offset, seal);
  EXPECT_TRUE(last.commit->seal);
  EXPECT_TRUE(walk.next().at_end());
  EXPECT_TRUE(walk.next().at_end());
  EXPECT_EQ(walk.offset(), seal + last.commit->header.length);
}

TEST_F(CommitWalkerTest, of_a_segment_with_nothing_but_its_header_is_at_the_end) {
  EXPECT_TRUE(walker().next().at_end());
  image_.resize(65'536);
  EXPECT_TRUE(walker().next().at_end());
}

TEST_F(CommitWalkerTest, looks_for_an_idle_mark_behind_a_gap_of_zeros) {
  add_events();
  const std::uint64_t mark = add_mark();
  const std::uint64_t behind = add_events();
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  EXPECT_EQ(walk.next().commit->header.offset, mark);
  EXPECT_EQ(walk.next().commit->header.offset, behind);
  EXPECT_TRUE(walk.next().at_end());
}

TEST_F(CommitWalkerTest, takes_a_mark_that_needs_no_gap) {
  const std::uint64_t mark = add_mark();
  EXPECT_EQ(mark, segment_header_bytes);
  EXPECT_EQ(walker().next().commit->header.type, CommitType::idle_mark);
}

TEST_F(CommitWalkerTest, does_not_look_behind_a_gap_that_is_not_zero) {
  const std::uint64_t first = add_events();
  const std::uint64_t gap = image_.size();
  add_mark();
  image_[gap + 100] = std::byte{1};
  CommitWalker walk = walker();
  EXPECT_EQ(walk.next().commit->header.offset, first);
  const WalkStep step = walk.next();
  ASSERT_TRUE(step.fault);
  EXPECT_EQ(step.fault->offset, gap);
  EXPECT_FALSE(step.fault->header);
}

TEST_F(CommitWalkerTest, does_not_take_a_commit_of_events_behind_a_gap) {
  add_events();
  add(CommitType::events, base::align_up(image_.size(), limits::sector_bytes));
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  EXPECT_TRUE(walk.next().fault);
}

TEST_F(CommitWalkerTest, does_not_take_a_mark_two_sectors_away) {
  add_events();
  add(CommitType::idle_mark, base::align_up(image_.size(), limits::sector_bytes) + limits::sector_bytes);
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  EXPECT_TRUE(walk.next().fault);
}

TEST_F(CommitWalkerTest, refuses_a_mark_that_shares_a_sector) {
  add_events();
  add(CommitType::idle_mark, image_.size());
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  EXPECT_TRUE(walk.next().fault);
}

TEST_F(CommitWalkerTest, tells_a_whole_commit_that_has_no_business_where_a_mark_would_stand_from_a_torn_one) {
  add_events();
  const std::uint64_t end = image_.size();
  image_.resize(base::align_up(end, 4'096));
  const std::uint64_t sector = image_.size();
  add_events();
  CommitWalker whole = walker();
  ASSERT_TRUE(whole.next().commit);
  const WalkStep step = whole.next();
  ASSERT_TRUE(step.fault);
  EXPECT_TRUE(step.fault->crcs_match);
  image_[sector + commit_header_bytes + 20] ^= std::byte{1};
  CommitWalker torn = walker();
  ASSERT_TRUE(torn.next().commit);
  EXPECT_FALSE(torn.next().fault->crcs_match);
}

TEST_F(CommitWalkerTest, says_so_where_a_mark_would_stand_and_something_from_the_future_does) {
  add_events();
  CommitHeader header;
  header.type = static_cast<CommitType>(4);
  header.segment = header_.number;
  image_.resize(base::align_up(image_.size(), limits::sector_bytes));
  header.offset = image_.size();
  CommitBuilder builder;
  builder.begin();
  builder.finish(header, {}, header_.salt);
  base::append(image_, builder.bytes());
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  const WalkStep step = walk.next();
  ASSERT_TRUE(step.fault);
  EXPECT_EQ(step.fault->error.code, ErrorCode::newer_format);
}

TEST_F(CommitWalkerTest, stands_still_at_a_fault_until_told_to_go_on) {
  const std::uint64_t first = add_events();
  const std::uint64_t second = add_events();
  const std::uint64_t third = add_events();
  image_[second + 100] ^= std::byte{1};
  CommitWalker walk = walker();
  EXPECT_EQ(walk.next().commit->header.offset, first);
  for (int i = 0; i < 2; ++i) {
    const WalkStep step = walk.next();
    ASSERT_TRUE(step.fault);
    EXPECT_EQ(step.fault->offset, second);
    EXPECT_EQ(step.fault->error.offset, second);
    ASSERT_TRUE(step.fault->header) << "the header is intact";
    EXPECT_EQ(step.fault->header->offset, second);
  }
  ASSERT_TRUE(walk.skip_fault());
  EXPECT_EQ(walk.next().commit->header.offset, third);
  EXPECT_TRUE(walk.next().at_end());
}

TEST_F(CommitWalkerTest, knows_no_header_where_that_is_broken_too) {
  add_events();
  const std::uint64_t second = add_events();
  image_[second + 20] ^= std::byte{1};
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  EXPECT_FALSE(walk.next().fault->header);
  EXPECT_FALSE(walk.skip_fault()) << "no commit follows";
}

TEST_F(CommitWalkerTest, is_not_at_the_end_where_a_single_bit_follows) {
  add_events();
  image_.resize(image_.size() + 20'000);
  image_.back() = std::byte{0x80};
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  EXPECT_TRUE(walk.next().fault);
}

// Witness: decoder_stays_in_bounds
TEST_F(CommitWalkerTest, takes_any_bytes_without_reading_past_them) {
  add_events();
  add_mark();
  add_events();
  for (std::size_t size = segment_header_bytes; size < image_.size(); ++size) {
    const Bytes cut(image_.begin(), image_.begin() + static_cast<std::ptrdiff_t>(size));
    CommitWalker walk(cut, header_);
    for (int steps = 0; steps < 8; ++steps) {
      const WalkStep step = walk.next();
      if (step.at_end() || (step.fault && !walk.skip_fault())) break;
    }
    EXPECT_LE(walk.offset(), size);
  }
}

TEST_F(CommitWalkerTest, finds_headers_of_this_place_only) {
  const std::uint64_t first = add_events();
  const std::uint64_t second = add_events();
  EXPECT_EQ(find_commit_header(image_, header_.salt, 2, segment_header_bytes)->offset, first);
  EXPECT_EQ(find_commit_header(image_, header_.salt, 2, first + 1)->offset, second);
  EXPECT_FALSE(find_commit_header(image_, header_.salt, 3, 0)) << "another segment's";
  SegmentSalt salt{};
  EXPECT_FALSE(find_commit_header(image_, salt, 2, 0)) << "another salt's";
  const Bytes moved(image_.begin() + 8, image_.end());
  EXPECT_FALSE(find_commit_header(moved, header_.salt, 2, 0)) << "moved";
}

TEST_F(CommitWalkerTest, finds_the_seal_from_the_end) {
  add_events();
  const std::uint64_t seal = image_.size();
  CommitBuilder builder;
  builder.begin();
  builder.add_seal({.segment_end = seal + commit_size(seal_body_bytes, {}), .successor = 3});
  CommitHeader header;
  header.type = CommitType::seal;
  header.segment = header_.number;
  header.offset = seal;
  builder.finish(header, {}, header_.salt);
  base::append(image_, builder.bytes());
  const auto found = seal_at_end(image_, header_);
  ASSERT_TRUE(found) << to_string(found.error());
  EXPECT_EQ(found->header.offset, seal);
  EXPECT_EQ(found->seal->successor, 3U);
  for (const std::size_t cut : {1U, 4U, 8U, 150U}) {
    EXPECT_FALSE(seal_at_end(ByteView(image_).first(image_.size() - cut), header_)) << cut;
  }
  image_.resize(image_.size() + 8);
  EXPECT_FALSE(seal_at_end(image_, header_)) << "zeros behind it";
}

TEST_F(CommitWalkerTest, finds_no_seal_where_another_commit_ends_the_segment) {
  EXPECT_FALSE(seal_at_end(image_, header_));
  add_events();
  EXPECT_FALSE(seal_at_end(image_, header_));
}

TEST_F(CommitWalkerTest, does_not_take_a_copy_of_a_commit_for_one_of_that_place) {
  const std::uint64_t first = add_events();
  const Bytes copy(image_.begin() + static_cast<std::ptrdiff_t>(first), image_.end());
  base::append(image_, copy);
  CommitWalker walk = walker();
  ASSERT_TRUE(walk.next().commit);
  const WalkStep step = walk.next();
  ASSERT_TRUE(step.fault);
  EXPECT_FALSE(step.fault->header) << "its header is of another place";
  EXPECT_FALSE(walk.skip_fault());
}

TEST_F(CommitWalkerTest, finds_no_seal_where_the_segment_ends_in_something_else) {
  add_events();
  EXPECT_FALSE(seal_at_end(image_, header_)) << "events";
  add(CommitType::seal, image_.size());
  EXPECT_FALSE(seal_at_end(image_, header_)) << "a seal that names another end";
  for (const std::uint32_t length : {0U, 8U, 84U, 90U, 1U << 30U}) {
    Bytes bad = image_;
    base::store_le(bad.data() + bad.size() - 4, length);
    EXPECT_FALSE(seal_at_end(bad, header_)) << length;
  }
}

}  // namespace
}  // namespace batpak::segment
