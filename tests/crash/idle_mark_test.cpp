// Idle marks: what makes the last acknowledged events impossible to mistake for a torn tail.
#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "crash/machine.hpp"

namespace batpak::test {
namespace {

using namespace std::chrono_literals;

std::vector<segment::CommitHeader> last_commits(const Machine& machine) {
  return commits_in(machine.read_file(machine.segments().back()));
}

// Witness: recovery_is_idempotent
TEST(IdleMark, opening_and_closing_adds_nothing_to_a_cleanly_closed_log) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  ASSERT_TRUE(machine.close());
  const Files log = machine.read_files("log/");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.keep_house(1s));
    ASSERT_TRUE(machine.sync());
    ASSERT_TRUE(machine.close());
    EXPECT_EQ(machine.read_files("log/"), log);
  }
}

TEST(IdleMark, a_new_store_that_was_closed_is_opened_and_closed_without_a_change) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.close());
  const Files log = machine.read_files("log/");
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.close());
  EXPECT_EQ(machine.read_files("log/"), log);
}

TEST(IdleMark, one_is_written_after_idle_time_and_no_second_one) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  ASSERT_TRUE(machine.keep_house(99ms));
  EXPECT_EQ(last_commits(machine).back().type, segment::CommitType::events);
  ASSERT_TRUE(machine.keep_house(1ms));
  const auto commits = last_commits(machine);
  const segment::CommitHeader& mark = commits.back();
  const segment::CommitHeader& event = commits[commits.size() - 2];
  ASSERT_EQ(mark.type, segment::CommitType::idle_mark);
  EXPECT_EQ(mark.durable_through, event.end()) << "it covers all before it";
  EXPECT_EQ(mark.offset % limits::sector_bytes, 0U);
  EXPECT_GE(mark.offset, event.offset + event.length);
  EXPECT_LT(mark.offset, event.offset + event.length + limits::sector_bytes);
  ASSERT_TRUE(machine.keep_house(10s));
  EXPECT_EQ(last_commits(machine).size(), commits.size());
}

TEST(IdleMark, work_puts_it_off) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(machine.append("alice"));
    ASSERT_TRUE(machine.keep_house(60ms));
  }
  for (const auto& commit : last_commits(machine)) {
    EXPECT_TRUE(commit.type != segment::CommitType::idle_mark || commit.first_sequence == 1) << "only after the recovery";
  }
}

TEST(IdleMark, it_is_there_at_the_end_of_a_recovery_that_repaired_something) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  machine.crash(SimCrash::losing_everything());
  ASSERT_TRUE(machine.open());
  EXPECT_EQ(machine.store().open_report().commits_rewritten, 1U);
  EXPECT_EQ(last_commits(machine).back().type, segment::CommitType::idle_mark);
  machine.kill();
  // The recovery's mark is itself rewritten, since nothing says that it is durable, and no other one is added.
  const auto commits = last_commits(machine);
  ASSERT_TRUE(machine.open());
  EXPECT_EQ(last_commits(machine).size(), commits.size());
}

TEST(IdleMark, it_is_durable_when_the_store_is_closed) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice", Durability::buffered));
  ASSERT_TRUE(machine.close());
  const Files log = machine.read_files("log/");
  machine.crash(SimCrash::losing_everything());
  EXPECT_EQ(machine.read_files("log/"), log);
  EXPECT_EQ(last_commits(machine).back().type, segment::CommitType::idle_mark);
}

// Witness: damage_is_not_a_tail
TEST(IdleMark, after_it_a_lost_or_rotten_event_is_damage_and_before_it_a_tail) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const std::string segment = machine.segments().back();
  const segment::CommitHeader event = last_commits(machine).back();
  const auto wipe = [&](const Machine& from) {
    auto copy = from.fork();
    Bytes bytes = copy->read_file(segment);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(event.offset), event.length, std::byte{0});
    copy->write_file(segment, bytes);
    return copy;
  };
  EXPECT_TRUE(wipe(machine)->open());
  ASSERT_TRUE(machine.keep_house(100ms));
  const auto opened = wipe(machine)->open();
  ASSERT_FALSE(opened) << "acknowledged events were taken for a tail";
  EXPECT_EQ(opened.error().code, ErrorCode::damaged);
  EXPECT_EQ(opened.error().offset, event.offset);
}

TEST(IdleMark, a_torn_mark_costs_nothing) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  ASSERT_TRUE(machine.keep_house(100ms));
  const std::string segment = machine.segments().back();
  const segment::CommitHeader mark = last_commits(machine).back();
  machine.kill();
  for (std::size_t kept = 0; kept < mark.length; ++kept) {
    SCOPED_TRACE(kept);
    const auto copy = machine.fork();
    Bytes bytes = copy->read_file(segment);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(mark.offset + kept), bytes.end(), std::byte{0});
    copy->write_file(segment, bytes);
    ASSERT_TRUE(comes_back(*copy));
  }
}

TEST(IdleMark, there_is_always_room_for_one_and_for_the_seal_however_full_a_segment_is) {
  // The last event of the segment ends at every place within a sector, as far as frames are aligned.
  for (std::size_t text = 9'000; text < 9'000 + 4'096 + 64; text += 8) {
    SCOPED_TRACE(text);
    Machine machine;
    ASSERT_TRUE(machine.open());
    for (int i = 0; i < 7; ++i) {
      ASSERT_TRUE(machine.append("alice", Durability::durable, text));
      ASSERT_TRUE(machine.keep_house(i >= 3 ? 1s : 0s));
    }
    for (const std::string& segment : machine.segments()) {
      ASSERT_LE(machine.read_file(segment).size(), machine.segment_bytes);
    }
    ASSERT_TRUE(machine.close());
    ASSERT_TRUE(machine.verify().clean());
  }
}

}  // namespace
}  // namespace batpak::test
