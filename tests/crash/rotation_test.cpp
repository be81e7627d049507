// A change of segments that was interrupted: the successor is there, the seal that names it is not, or not whole.
#include <gtest/gtest.h>

#include "crash/machine.hpp"

namespace batpak::test {
namespace {

// A store that was killed right after its first commit in a second segment.
class Rotation : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.open());
    ASSERT_TRUE(machine_.append("alice", Durability::durable, 30'000));
    ASSERT_TRUE(machine_.append("bob"));
    before_ = machine_.ledger;
    ASSERT_TRUE(machine_.append("alice", Durability::durable, 30'000));
    machine_.kill();
    ASSERT_EQ(machine_.segments().size(), 2U);
    old_ = machine_.segments().front();
    next_ = machine_.segments().back();
    seal_ = commits_in(machine_.read_file(old_)).back();
    ASSERT_EQ(seal_.type, segment::CommitType::seal);
  }

  // The successor as it was before its first commit: a header and zeros.
  [[nodiscard]] std::unique_ptr<Machine> before_first_commit() const {
    auto machine = machine_.fork();
    Bytes bytes = machine->read_file(next_);
    std::fill(bytes.begin() + segment::segment_header_bytes, bytes.end(), std::byte{0});
    machine->write_file(next_, bytes);
    machine->ledger = before_;
    return machine;
  }
  // The seal's bytes but the first `kept` are zero, and so is what was allocated behind it.
  void tear_seal(Machine& machine, std::size_t kept) const {
    Bytes bytes = machine.read_file(old_);
    bytes.resize(machine.segment_bytes);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(seal_.offset + kept), bytes.end(), std::byte{0});
    machine.write_file(old_, bytes);
  }

  Machine machine_;
  Ledger before_;
  std::string old_;
  std::string next_;
  segment::CommitHeader seal_;
};

TEST_F(Rotation, that_lacks_its_seal_is_completed_with_a_successor_made_anew) {
  const auto machine = before_first_commit();
  tear_seal(*machine, 0);
  const Bytes header = machine->read_file(next_);
  ASSERT_TRUE(machine->open());
  EXPECT_TRUE(machine->store().open_report().rotation_completed);
  EXPECT_EQ(machine->store().open_report().torn_bytes, 0U);
  EXPECT_TRUE(machine->ledger.settle(machine->store()));
  const Bytes old = machine->read_file(old_);
  const auto successor = segment::SegmentHeader::decode(machine->read_file(next_)).value();
  const auto seal = segment::seal_at_end(old, segment::SegmentHeader::decode(old).value());
  ASSERT_TRUE(seal) << "and trimmed";
  EXPECT_EQ(seal->seal->successor_salt, successor.salt);
  EXPECT_NE(successor.salt, segment::SegmentHeader::decode(header)->salt) << "never used again";
  EXPECT_EQ(commits_in(machine->read_file(next_)).front().type, segment::CommitType::idle_mark);
  machine->crash(SimCrash::losing_everything());
  EXPECT_TRUE(comes_back(*machine));
}

// Witness: tail_is_not_damage
TEST_F(Rotation, with_a_seal_torn_anywhere_is_completed) {
  for (std::size_t kept = 0; kept < seal_.length; ++kept) {
    SCOPED_TRACE(kept);
    const auto machine = before_first_commit();
    tear_seal(*machine, kept);
    const bool whole = commits_in(machine->read_file(old_)).back().type == segment::CommitType::seal;
    ASSERT_TRUE(machine->open());
    EXPECT_EQ(machine->store().open_report().rotation_completed, !whole) << "its last bytes are zeros anyway";
    ASSERT_TRUE(machine->ledger.settle(machine->store()));
    machine->kill();
    ASSERT_TRUE(comes_back(*machine));
  }
}

TEST_F(Rotation, with_a_whole_seal_goes_on_in_the_successor) {
  const auto machine = before_first_commit();
  ASSERT_TRUE(machine->open());
  EXPECT_FALSE(machine->store().open_report().rotation_completed);
  EXPECT_GE(machine->store().open_report().commits_rewritten, 1U) << "nothing says yet that the seal is durable";
  EXPECT_TRUE(machine->ledger.settle(machine->store()));
  machine->crash(SimCrash::losing_everything());
  EXPECT_TRUE(comes_back(*machine));
}

TEST_F(Rotation, whose_old_segment_was_not_trimmed_is_trimmed_then) {
  const auto machine = before_first_commit();
  Bytes bytes = machine->read_file(old_);
  const std::size_t size = bytes.size();
  bytes.resize(machine->segment_bytes);
  machine->write_file(old_, bytes);
  ASSERT_TRUE(machine->open());
  EXPECT_EQ(machine->read_file(old_).size(), size);
  machine->kill();
  EXPECT_TRUE(comes_back(*machine));
}

TEST_F(Rotation, whose_first_commit_in_the_successor_is_torn_has_its_tail_there) {
  const Bytes whole = machine_.read_file(next_);
  const segment::CommitHeader first = commits_in(whole).front();
  for (std::size_t kept = 0; kept < first.length; kept += kept < 200 ? 1 : 997) {
    SCOPED_TRACE(kept);
    const auto machine = machine_.fork();
    machine->ledger = before_;
    Bytes bytes = whole;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(first.offset + kept), bytes.end(), std::byte{0});
    machine->write_file(next_, bytes);
    ASSERT_TRUE(machine->open());
    EXPECT_EQ(machine->store().open_report().torn_path, kept == 0 ? "" : next_);
    ASSERT_TRUE(machine->ledger.settle(machine->store()));
    machine->kill();
    ASSERT_TRUE(comes_back(*machine));
  }
}

TEST_F(Rotation, is_damage_where_the_successor_was_written_to_before_the_seal_was_there) {
  const auto machine = machine_.fork();
  tear_seal(*machine, 0);
  const Files before = machine->read_files("log/");
  const auto opened = machine->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::damaged);
  EXPECT_EQ(machine->read_files("log/"), before);
}

TEST_F(Rotation, is_damage_where_the_old_segment_lost_an_event_that_the_successor_counts) {
  const auto machine = before_first_commit();
  const Bytes whole = machine->read_file(old_);
  const auto commits = commits_in(whole);
  Bytes bytes = whole;
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(commits[commits.size() - 2].offset), bytes.end(), std::byte{0});
  machine->write_file(old_, bytes);
  const auto opened = machine->open();
  ASSERT_FALSE(opened) << "the successor's first sequence lies past the tail";
  EXPECT_EQ(opened.error().code, ErrorCode::damaged);
}

TEST_F(Rotation, leaves_no_space_allocated_ahead_when_the_store_is_closed_or_recovered) {
  for (const bool closed : {true, false}) {
    Machine machine;
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.append("alice", Durability::durable, 40'000));
    ASSERT_TRUE(machine.keep_house(std::chrono::milliseconds(1)));
    ASSERT_TRUE(machine.read_files().contains("log/next.tmp")) << "the next segment is allocated ahead";
    if (closed) {
      ASSERT_TRUE(machine.close());
    } else {
      machine.kill();
      ASSERT_TRUE(machine.open());
    }
    EXPECT_FALSE(machine.read_files().contains("log/next.tmp"));
  }
}

// A change of segments that recovery completes leaves a segment with a mark and nothing else. What fits into a new segment may
// not fit behind the mark, and the segment after it would have the same name: that of the same first event.
TEST_F(Rotation, a_segment_without_an_event_is_not_left_for_another) {
  bool was_completed = false;
  for (std::uint64_t call = 1; !HasFailure(); ++call) {
    SCOPED_TRACE("killed at call " + std::to_string(call));
    Machine machine;
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.append("alice", Durability::durable, 30'000));
    machine.files().inject({.call = {}, .path_contains = {}, .nth = call, .effect = SimFault::Effect::stop});
    static_cast<void>(machine.append("alice", Durability::durable, 30'000));
    if (!machine.files().is_stopped()) break;
    machine.kill();
    machine.files().clear_faults();
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.ledger.settle(machine.store()));
    if (!machine.store().open_report().rotation_completed) continue;
    was_completed = true;
    const std::size_t before = machine.segments().size();
    std::size_t largest = 60'000;
    while (!machine.append("alice", Durability::durable, largest)) --largest;
    EXPECT_GT(largest, 50'000U);
    EXPECT_EQ(machine.segments().size(), before);
    EXPECT_TRUE(machine.append("alice"));
    EXPECT_EQ(machine.segments().size(), before + 1);
    machine.kill();
    EXPECT_TRUE(comes_back(machine));
  }
  EXPECT_TRUE(was_completed);
}

}  // namespace
}  // namespace batpak::test
