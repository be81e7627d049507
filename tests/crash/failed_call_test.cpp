// Calls of the file system that fail while the store goes on: a failing device, a full disk, short writes.
//
// Every call of every kind that modifies something fails once, by turns with EIO and ENOSPC.
#include <gtest/gtest.h>

#include <algorithm>

#include "crash/machine.hpp"

namespace batpak::test {
namespace {

using Effect = SimFault::Effect;

struct Failure {
  SimCall call;
  Effect effect;
  std::uint64_t bytes_written = 0;
  std::optional<std::uint64_t> reached_seed = {};
};

// The store after a call failed under it. What it says must follow from how far it came.
class FailedCall : public testing::Test {
 protected:
  // Does the steps until one fails, and goes over those whose failure is not told. Judges the failure.
  void run_into_failure(Machine& machine, std::size_t& step) {
    for (; step < steps_.size(); ++step) {
      const auto done = steps_[step](machine);
      if (!done) {
        error_ = done.error();
        return;
      }
    }
  }

  static std::uint64_t count_calls(SimCall call) {
    Machine machine;
    EXPECT_EQ(run(machine, bit_of_everything()), bit_of_everything().size());
    return machine.files().count_calls(call);
  }

  // The call that the fault met.
  static std::optional<SimCallRecord> failed_call(Machine& machine) {
    const auto calls = machine.files().calls();
    const auto found = std::ranges::find_if(calls, &SimCallRecord::failed_by_fault);
    return found == calls.end() ? std::nullopt : std::optional(*found);
  }

  void try_failure(const Failure& failure, std::uint64_t nth) {
    SCOPED_TRACE("call " + std::to_string(static_cast<int>(failure.call)) + " number " + std::to_string(nth));
    error_.reset();
    Machine machine;
    machine.files().inject({.call = failure.call,
                            .path_contains = {},
                            .nth = nth,
                            .effect = failure.effect,
                            .bytes_written = failure.bytes_written,
                            .reached_seed = failure.reached_seed});
    std::size_t step = 0;
    run_into_failure(machine, step);
    const auto call = failed_call(machine);
    ASSERT_TRUE(call) << "the fault was not met";
    SCOPED_TRACE("at " + call->path + ", step " + std::to_string(step));
    if (!error_) {
      ASSERT_EQ(step, steps_.size());
    } else if (!machine.is_open()) {
      check_failed_open(machine);
    } else {
      check_failed_step(machine, step, *call);
    }
    // Whatever it was, the process may end with it, and the power may fail then.
    const auto crashed = machine.fork();
    crashed->crash(SimCrash::losing_everything());
    ASSERT_TRUE(comes_back(*crashed));
    machine.kill();
    const auto killed = machine.fork();
    ASSERT_TRUE(killed->open());
    ASSERT_TRUE(killed->ledger.settle(killed->store()));
    killed->crash(SimCrash::losing_everything());
    ASSERT_TRUE(comes_back(*killed)) << "after a recovery over a page cache that lies";
    ASSERT_TRUE(comes_back(machine));
  }

  void check_failed_open(Machine& machine) {
    EXPECT_TRUE(error_->code == ErrorCode::io_error || error_->code == ErrorCode::no_space) << to_string(*error_);
    EXPECT_NE(error_->system_errno, 0);
    ASSERT_TRUE(machine.open()) << "opening again must do the rest";
    ASSERT_TRUE(machine.ledger.settle(machine.store()));
    // Even so what was shown is durable.
    const auto crashed = machine.fork();
    crashed->crash(SimCrash::losing_everything());
    ASSERT_TRUE(comes_back(*crashed));
  }

  void check_failed_step(Machine& machine, std::size_t step, const SimCallRecord& call) {
    const bool closing = step + 1 == steps_.size() || step == 19;
    if (error_->code == ErrorCode::not_written) {
      EXPECT_TRUE(call.path.ends_with("next.tmp")) << "only what is not part of the log may fail without consequence";
      EXPECT_NE(call.call, SimCall::sync);
      EXPECT_NE(call.call, SimCall::sync_directory);
      EXPECT_TRUE(machine.ledger.is_shown_by(machine.store()));
      EXPECT_EQ(run(machine, steps_, step), steps_.size()) << "the store lives on";
      return;
    }
    if (closing) {
      EXPECT_FALSE(machine.append("late"));
    } else {
      EXPECT_TRUE(error_->code == ErrorCode::outcome_unknown || error_->code == ErrorCode::poisoned) << to_string(*error_);
      const auto late = machine.append("late");
      ASSERT_FALSE(late);
      EXPECT_EQ(late.error().code, ErrorCode::poisoned);
      const auto batch = machine.append_batch(2);
      ASSERT_FALSE(batch);
      EXPECT_EQ(batch.error().code, ErrorCode::poisoned);
      const auto synced = machine.sync();
      ASSERT_FALSE(synced);
      EXPECT_EQ(synced.error().code, ErrorCode::poisoned);
    }
    EXPECT_TRUE(machine.ledger.is_shown_by(machine.store())) << "reads go on";
  }

  void try_every(const Failure& failure) {
    const std::uint64_t calls = count_calls(failure.call);
    ASSERT_GT(calls, 0U);
    for (std::uint64_t nth = 1; nth <= calls; ++nth) {
      try_failure(failure, nth);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }

  std::vector<Step> steps_ = bit_of_everything();
  std::optional<Error> error_;
};

// Witness: poison_after_unknown
TEST_F(FailedCall, a_write_that_fails) {
  try_every({.call = SimCall::write, .effect = Effect::io_error});
  try_every({.call = SimCall::write, .effect = Effect::no_space});
}

TEST_F(FailedCall, a_write_that_is_short) {
  for (const std::uint64_t bytes : {1U, 7U, 88U, 500U, 512U, 4'096U, 10'000U}) {
    try_every({.call = SimCall::write, .effect = Effect::no_space, .bytes_written = bytes});
  }
}

// Witness: acknowledged_durable_survives
TEST_F(FailedCall, a_sync_that_fails_and_takes_nothing_to_the_device) {
  try_every({.call = SimCall::sync, .effect = Effect::io_error});
  try_every({.call = SimCall::sync, .effect = Effect::no_space});
}

TEST_F(FailedCall, a_sync_that_fails_and_takes_some_of_it_to_the_device) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    try_every({.call = SimCall::sync, .effect = Effect::io_error, .reached_seed = seed});
  }
}

// Witness: every_refusal_is_typed
TEST_F(FailedCall, a_change_of_names_that_fails) {
  for (const SimCall call :
       {SimCall::rename, SimCall::sync_directory, SimCall::create, SimCall::remove, SimCall::make_directory}) {
    try_every({.call = call, .effect = Effect::io_error});
    try_every({.call = call, .effect = Effect::no_space});
  }
}

TEST_F(FailedCall, a_change_of_size_that_fails) {
  for (const SimCall call : {SimCall::truncate, SimCall::allocate}) {
    try_every({.call = call, .effect = Effect::io_error});
    try_every({.call = call, .effect = Effect::no_space});
  }
}

TEST_F(FailedCall, a_disk_that_is_full_when_the_next_segment_is_due_leaves_the_store_alive) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice", Durability::durable, 40'000));
  machine.files().inject({.call = SimCall::allocate, .path_contains = {}, .nth = 1, .times = 3, .effect = Effect::no_space});
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto refused = machine.append("alice", Durability::durable, 30'000);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::not_written);
    EXPECT_EQ(refused.error().system_errno, 28);
    EXPECT_TRUE(machine.append("alice")) << "what still fits is taken";
  }
  EXPECT_TRUE(machine.append("alice", Durability::durable, 30'000)) << "and so is the rest when there is room again";
  EXPECT_TRUE(machine.close());
  EXPECT_TRUE(comes_back(machine));
}

// Witness: poison_after_unknown
TEST_F(FailedCall, a_handed_over_write_that_fails_is_told_by_whatever_comes_next) {
  const std::vector<std::pair<const char*, Step>> nexts{
      {"a durable append", [](Machine& m) { return m.append("alice"); }},
      {"a sync", [](Machine& m) { return m.sync(); }},
      {"as much again", [](Machine& m) { return m.append("alice", Durability::buffered, 300'000); }},
      {"a close", [](Machine& m) { return m.close(); }},
  };
  for (const auto& [what, next] : nexts) {
    SCOPED_TRACE(what);
    Machine machine;
    machine.segment_bytes = 4U << 20;
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.append("alice"));
    // So much is handed over to be written, and nobody writes it before the next call.
    ASSERT_TRUE(machine.append("alice", Durability::buffered, 300'000));
    machine.files().inject({.call = SimCall::write, .path_contains = ".seg"});
    EXPECT_FALSE(next(machine));
    const auto late = machine.append("alice");
    ASSERT_FALSE(late);
    EXPECT_TRUE(late.error().code == ErrorCode::poisoned || late.error().code == ErrorCode::closed)
        << to_string(late.error());
    machine.crash(SimCrash::losing_everything());
    EXPECT_TRUE(comes_back(machine));
  }
}

// A file system that cannot reserve space gives files that grow.
TEST_F(FailedCall, space_that_cannot_be_reserved_ahead_is_done_without) {
  Machine machine;
  machine.files().inject({.call = SimCall::allocate, .path_contains = {}, .times = ~0ULL, .effect = Effect::unsupported});
  EXPECT_EQ(run(machine, bit_of_everything()), bit_of_everything().size());
  EXPECT_GT(machine.files().count_faults_met(), 3U);
  EXPECT_GE(machine.segments().size(), 3U);
  machine.crash(SimCrash::losing_everything());
  EXPECT_TRUE(comes_back(machine));
}

// Witness: poison_after_unknown
TEST_F(FailedCall, buffered_events_that_cannot_be_synced_poison_the_store_and_the_next_append_says_so) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  ASSERT_TRUE(machine.append("alice", Durability::buffered));
  machine.files().inject({.call = SimCall::sync, .path_contains = {}, .effect = Effect::io_error});
  ASSERT_TRUE(machine.keep_house(std::chrono::seconds(1)));
  EXPECT_EQ(machine.store().frontier().durable, machine.store().frontier().accepted - 1);
  const auto late = machine.append("alice", Durability::buffered);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::poisoned);
  const std::uint64_t syncs = machine.files().count_calls(SimCall::sync);
  EXPECT_FALSE(machine.sync());
  EXPECT_FALSE(machine.close()) << "what could not be made durable is told, not swallowed";
  EXPECT_EQ(machine.files().count_calls(SimCall::sync), syncs) << "a failed sync is never retried";
  machine.crash(SimCrash::losing_everything());
  EXPECT_TRUE(comes_back(machine));
}

}  // namespace
}  // namespace batpak::test
