// Buffered events: what a crash may take of them, and from when on it may not.
#include <gtest/gtest.h>

#include <set>

#include "crash/machine.hpp"

namespace batpak::test {
namespace {

using namespace std::chrono_literals;
constexpr auto buffered = Durability::buffered;

TEST(Buffered, events_say_so_in_their_receipts_and_survive_once_synced) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(machine.append("alice", buffered));
  for (const auto& group : machine.ledger.groups()) EXPECT_EQ(group.receipts.front().durability, buffered);
  ASSERT_TRUE(machine.sync());
  machine.crash(SimCrash::losing_everything());
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.ledger.settle(machine.store()));
  EXPECT_EQ(machine.ledger.events(), 20U);
}

TEST(Buffered, events_survive_after_the_interval) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice", buffered));
  ASSERT_TRUE(machine.keep_house(30ms));
  ASSERT_TRUE(machine.append("alice", buffered));
  EXPECT_LT(machine.store().frontier().durable, machine.store().frontier().accepted);
  ASSERT_TRUE(machine.keep_house(20ms));
  EXPECT_EQ(machine.store().frontier().durable, machine.store().frontier().accepted) << "counted from the oldest one";
  machine.crash(SimCrash::losing_everything());
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.ledger.settle(machine.store()));
  EXPECT_EQ(machine.ledger.events(), 2U);
}

TEST(Buffered, events_survive_with_the_next_durable_one_and_with_a_clean_close) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice", buffered));
  ASSERT_TRUE(machine.append("bob"));
  ASSERT_TRUE(machine.append("alice", buffered));
  ASSERT_TRUE(machine.close());
  machine.crash(SimCrash::losing_everything());
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.ledger.settle(machine.store()));
  EXPECT_EQ(machine.ledger.events(), 3U);
}

// Witness: prefix_of_attempts
TEST(Buffered, events_that_were_not_synced_are_taken_from_the_end_and_in_whole_commits) {
  std::set<std::size_t> survivors;
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const std::size_t durable = machine.ledger.events();
  for (int commit = 0; commit < 6; ++commit) {
    ASSERT_TRUE(machine.append("alice", buffered));
    ASSERT_TRUE(machine.append_batch(3, buffered, 400));
    ASSERT_TRUE(machine.store().snapshot());  // has them written
  }
  machine.kill();
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    const auto crashed = machine.fork();
    for (std::uint64_t round = 0; round < seed % 4; ++round) crashed->files().write_back(seed + round);
    crashed->crash(SimCrash::from_seed(seed));
    ASSERT_TRUE(crashed->open());
    ASSERT_TRUE(crashed->ledger.settle(crashed->store()));
    EXPECT_EQ((crashed->ledger.events() - durable) % 4, 0U) << "a part of a commit is there";
    survivors.insert(crashed->ledger.events() - durable);
    ASSERT_TRUE(comes_back(*crashed));
  }
  EXPECT_GE(survivors.size(), 4U) << "the seeds tried several lengths";
}

TEST(Buffered, events_are_visible_in_the_store_at_once_and_not_elsewhere) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice", buffered));
  EXPECT_TRUE(machine.ledger.is_shown_by(machine.store()));
  auto head = machine.store().head("alice").value();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->version, 0U);
  const Snapshot now = machine.store().snapshot().value();
  EXPECT_GT(now.size(), now.durable_size());
}

// Witness: acknowledged_durable_survives
TEST(Buffered, events_written_beside_the_writer_are_durable_only_when_they_are_synced) {
  Machine machine;
  machine.segment_bytes = 4ULL << 20;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const std::uint64_t durable = machine.store().frontier().durable;
  // Enough to be handed over several times, house being kept in between, and some that are still being collected.
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_TRUE(machine.append("bob", Durability::buffered, 1'000));
    if (i % 300 == 299) {
      ASSERT_TRUE(machine.keep_house(std::chrono::microseconds(1)));
    }
  }
  EXPECT_EQ(machine.store().frontier().durable, durable);
  EXPECT_TRUE(machine.ledger.is_shown_by(machine.store()));
  machine.crash(SimCrash::losing_everything());
  EXPECT_TRUE(comes_back(machine));
}

}  // namespace
}  // namespace batpak::test
