// The process ends, or the power fails, at every call that the store makes of its file system; then the store comes back.
//
// Without a key everything is tried after everything. With one, so that all takes seconds, samples are taken: at each call
// three of the ends below, by turns; recoveries that stop anywhere after every 7th call of the workload; and fewer crashes in
// a row. BATPAK_CRASH_TESTS=all tries everything with a key too, with more seeds (minutes).
#include <gtest/gtest.h>

#include <cstdlib>

#include "crash/machine.hpp"

namespace batpak::test {
namespace {

bool tries_all() {
  const char* const asked = std::getenv("BATPAK_CRASH_TESTS");
  return asked != nullptr && std::string_view(asked) == "all";
}

// What may become of the machine when the store stops.
struct End {
  enum class Kind : std::uint8_t {
    kill,                 // the page cache stays
    kill_and_lose_cache,  // it stays, but the device never takes what is in it, and forgets that it should
    crash,
  } kind = Kind::crash;
  SimCrash crash;
};

std::vector<End> ends_at(std::uint64_t call, std::uint64_t seeds) {
  std::vector<End> ends = {
      {.kind = End::Kind::kill, .crash = {}},
      {.kind = End::Kind::kill_and_lose_cache, .crash = {}},
      {.kind = End::Kind::crash, .crash = SimCrash::losing_everything()},
      {.kind = End::Kind::crash, .crash = SimCrash::keeping_everything()},
      {.kind = End::Kind::crash, .crash = {.sectors = SimCrash::Sectors::kept, .sizes = SimCrash::Order::lost}},
      {.kind = End::Kind::crash, .crash = {.sectors = SimCrash::Sectors::lost, .sizes = SimCrash::Order::kept}},
  };
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    ends.push_back({.kind = End::Kind::crash, .crash = SimCrash::from_seed(call * seeds + seed)});
  }
  return ends;
}

// Three of them, others for each call.
std::vector<End> sample(const std::vector<End>& ends, std::uint64_t call) {
  std::vector<End> some;
  for (std::uint64_t i = 0; i < 3; ++i) some.push_back(ends[(call * 3 + i + call / 3) % ends.size()]);
  return some;
}

void come_to(Machine& machine, const End& end) {
  if (end.kind == End::Kind::crash) {
    machine.crash(end.crash);
  } else {
    machine.kill();
    if (end.kind == End::Kind::kill_and_lose_cache) machine.files().fail_write_back();
  }
}

// After this end, what a first open showed must survive that the power fails right then with everything unsynced lost.
testing::AssertionResult survives(const Machine& stopped, const End& end) {
  const auto machine = stopped.fork();
  come_to(*machine, end);
  const auto shown = machine->fork();
  if (auto opened = shown->open(); !opened) return testing::AssertionFailure() << to_string(opened.error());
  if (auto settled = shown->ledger.settle(shown->store()); !settled) return settled << " (before the second crash)";
  shown->crash(SimCrash::losing_everything());
  if (auto back = comes_back(*shown); !back) return back << " (after the second crash)";
  return comes_back(*machine);
}

std::unique_ptr<Machine> new_machine(const std::shared_ptr<const SigningKey>& key) {
  auto machine = std::make_unique<Machine>();
  machine->key = key;
  return machine;
}

std::uint64_t count_calls(const std::vector<Step>& steps, const std::shared_ptr<const SigningKey>& key) {
  const auto machine = new_machine(key);
  EXPECT_EQ(run(*machine, steps), steps.size());
  return machine->files().count_calls();
}

// The workload, stopped at one of its calls.
std::unique_ptr<Machine> stop_at(std::uint64_t call, const std::vector<Step>& steps,
                                 const std::shared_ptr<const SigningKey>& key) {
  auto machine = new_machine(key);
  machine->files().inject({.call = {}, .path_contains = {}, .nth = call, .effect = SimFault::Effect::stop});
  run(*machine, steps);
  return machine;
}

class EveryCall : public testing::TestWithParam<bool> {
 protected:
  // Whether only samples are taken.
  bool samples_ = GetParam() && !tries_all();
  std::shared_ptr<const SigningKey> key_ = GetParam() ? test_key() : nullptr;
  std::vector<Step> steps_ = bit_of_everything();
  std::uint64_t calls_ = count_calls(steps_, key_);
};

INSTANTIATE_TEST_SUITE_P(Crash, EveryCall, testing::Bool(),
                         [](const auto& instance) { return instance.param ? "signed" : "without_key"; });

TEST_P(EveryCall, the_workload_crosses_segments_and_verifies) {
  const auto machine = new_machine(key_);
  ASSERT_EQ(run(*machine, steps_), steps_.size());
  EXPECT_GE(machine->segments().size(), 3U);
  EXPECT_EQ(describe(machine->verify().findings), "");
  EXPECT_TRUE(comes_back(*machine));
  EXPECT_GE(calls_, 100U);
}

// Witness: acknowledged_durable_survives, tail_is_not_damage
TEST_P(EveryCall, a_store_that_stops_there_comes_back_with_all_it_promised) {
  for (std::uint64_t call = 1; call <= calls_; ++call) {
    const auto machine = stop_at(call, steps_, key_);
    std::vector<End> ends = ends_at(call, tries_all() ? 30 : 3);
    if (samples_) ends = sample(ends, call);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      ASSERT_TRUE(survives(*machine, ends[i])) << "call " << call << " of " << calls_ << ", end " << i;
    }
  }
}

// Witness: recovery_is_idempotent
TEST_P(EveryCall, a_recovery_that_stops_anywhere_can_be_recovered_from) {
  const std::uint64_t stride = samples_ ? 7 : 1;
  for (std::uint64_t call = 1; call <= calls_; call += stride) {
    const auto machine = stop_at(call, steps_, key_);
    machine->crash(SimCrash::from_seed(call));
    const auto measured = machine->fork();
    ASSERT_TRUE(measured->open()) << "call " << call;
    const std::uint64_t recovery_calls = measured->files().count_calls();
    for (std::uint64_t stop = 1; stop <= recovery_calls; ++stop) {
      const auto again = machine->fork();
      again->files().inject({.call = {}, .path_contains = {}, .nth = stop, .effect = SimFault::Effect::stop});
      static_cast<void>(again->open());  // which may succeed where the call that stops it is one whose failure is no error
      if (stop % 3 == 0) {
        again->kill();
        again->files().fail_write_back();
      } else {
        again->crash(SimCrash::from_seed(stop));
      }
      ASSERT_TRUE(comes_back(*again)) << "call " << call << ", then call " << stop << " of the recovery";
    }
  }
}

// Witness: acknowledged_durable_survives
TEST_P(EveryCall, any_number_of_crashes_may_follow_one_another) {
  const std::uint64_t rounds = tries_all() ? 20'000 : samples_ ? 100 : 1'000;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    platform::SimRandom random(round);
    const auto machine = new_machine(key_);
    for (int crash = 0; crash < 8; ++crash) {
      const auto stop_within = [&](std::uint64_t calls) {
        machine->files().inject(
            {.call = {}, .path_contains = {}, .nth = 1 + random.below(calls), .effect = SimFault::Effect::stop});
      };
      if (random.coin()) {
        stop_within(40);
        static_cast<void>(machine->open());
      } else {
        ASSERT_TRUE(machine->open()) << "round " << round << ", crash " << crash;
        ASSERT_TRUE(machine->ledger.settle(machine->store())) << "round " << round << ", crash " << crash;
        stop_within(80);
        run(*machine, steps_, 1 + random.below(steps_.size() - 1));
      }
      machine->files().clear_faults();
      if (random.coin()) machine->files().write_back(random.next());
      if (random.below(4) == 0) {
        machine->kill();
        if (random.coin()) machine->files().fail_write_back();
      } else {
        machine->crash(SimCrash::from_seed(random.next()));
      }
    }
    ASSERT_TRUE(comes_back(*machine)) << "round " << round;
  }
}

}  // namespace
}  // namespace batpak::test
