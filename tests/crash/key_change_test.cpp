// The process ends, the power fails, or a call fails, at every call that a change of keys makes of the file system.
#include <gtest/gtest.h>

#include "crash/machine.hpp"

namespace batpak::test {
namespace {

using Effect = SimFault::Effect;

std::shared_ptr<const SigningKey> new_key() { return std::make_shared<const SigningKey>(SigningKey::generate().value()); }

enum class Change : std::uint8_t { rotation, revocation };

class KeyChange : public testing::TestWithParam<Change> {
 protected:
  // A store with the first key and some events, closed; its next opening changes the key.
  std::unique_ptr<Machine> before() {
    auto machine = std::make_unique<Machine>();
    machine->key = first_;
    machine->recovery_key_hash = recovery_key_hash(recovery_->public_key());
    EXPECT_TRUE(machine->open());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(machine->append("alice"));
    // So much that the change itself goes into the next segment, or all but.
    EXPECT_TRUE(machine->append("bob", Durability::durable, filling_));
    const std::string origin = machine->store().origin();
    EXPECT_TRUE(machine->close());
    machine->key = second_;
    if (GetParam() == Change::rotation) {
      machine->previous_key = first_;
    } else {
      machine->revocation = make_revocation(*recovery_, origin, first_->public_key(), 4, second_->public_key()).value();
    }
    return machine;
  }
  static std::vector<Step> steps() {
    return {[](Machine& m) { return m.open(); }, [](Machine& m) { return m.append("alice"); },
            [](Machine& m) { return m.append("bob"); }, [](Machine& m) { return m.close(); }};
  }
  VerifyReport verify(Machine& machine, const std::shared_ptr<const SigningKey>& known) {
    const auto key = std::exchange(machine.key, known);
    VerifyReport report = machine.verify();
    machine.key = key;
    return report;
  }
  // What an opening with these keys alone says, on a copy.
  std::string opening(const Machine& machine, const std::shared_ptr<const SigningKey>& key) {
    const auto copy = machine.fork();
    copy->key = key;
    copy->previous_key.reset();
    copy->revocation.reset();
    const auto opened = copy->open();
    return opened ? "opens" : std::string(to_string(opened.error().code));
  }
  // One key is in force, or the change is not finished; nothing else.
  void check_between(const Machine& machine) {
    const std::string with_first = opening(machine, first_);
    const std::string with_second = opening(machine, second_);
    if (with_first == "opens") {
      EXPECT_EQ(with_second, "wrong_key");
      return;
    }
    EXPECT_EQ(with_first, with_second == "opens" ? "wrong_key" : "rotation_unfinished");
    EXPECT_TRUE(with_second == "opens" || (GetParam() == Change::rotation && with_second == "rotation_unfinished"))
        << with_second;
  }
  void comes_through(Machine& machine) {
    check_between(machine);
    // The old owner may go on as if nothing had been asked, where nothing had happened.
    if (opening(machine, first_) == "opens") {
      const auto unchanged = machine.fork();
      unchanged->key = first_;
      unchanged->previous_key.reset();
      unchanged->revocation.reset();
      ASSERT_TRUE(comes_back(*unchanged));
    }
    ASSERT_TRUE(comes_back(machine));
    for (const auto& known : {first_, second_}) {
      const VerifyReport report = verify(machine, known);
      EXPECT_EQ(describe(report.findings), "");
      EXPECT_EQ(report.events_not_yet_signed, 0U);
      EXPECT_EQ(report.keys.size(), 2U);
    }
    EXPECT_EQ(opening(machine, second_), "opens") << "the change is finished";
  }

  std::shared_ptr<const SigningKey> first_ = test_key();
  std::shared_ptr<const SigningKey> second_ = new_key();
  std::shared_ptr<const SigningKey> recovery_ = new_key();
  std::size_t filling_ = 8;
};

INSTANTIATE_TEST_SUITE_P(Crash, KeyChange, testing::Values(Change::rotation, Change::revocation), [](const auto& instance) {
  return instance.param == Change::rotation ? "rotation" : "revocation";
});

// Witness: keys_hand_over, acknowledged_durable_survives
TEST_P(KeyChange, that_stops_at_any_call_is_done_or_not_begun_or_completed_later) {
  for (const std::size_t filling : {std::size_t{8}, std::size_t{53'000}}) {
    filling_ = filling;
    const auto whole = before();
    const std::size_t segments = whole->segments().size();
    const std::uint64_t calls_before = whole->files().count_calls();
    ASSERT_EQ(run(*whole, steps()), steps().size());
    const std::uint64_t calls = whole->files().count_calls() - calls_before;
    ASSERT_GE(calls, 10U);
    if (filling > 8) {
      EXPECT_GT(whole->segments().size(), segments) << "the change begins a segment";
    }
    const auto start = before();
    for (std::uint64_t call = 1; call <= calls; ++call) {
      SCOPED_TRACE("call " + std::to_string(call));
      const auto stopped = start->fork();
      stopped->files().inject({.call = {}, .path_contains = {}, .nth = call, .effect = Effect::stop});
      run(*stopped, steps());
      const auto killed = stopped->fork();
      killed->kill();
      comes_through(*killed);
      for (const SimCrash& crash :
           {SimCrash::losing_everything(), SimCrash::keeping_everything(), SimCrash::from_seed(call)}) {
        const auto crashed = stopped->fork();
        crashed->crash(crash);
        comes_through(*crashed);
        if (HasFailure()) return;
      }
    }
  }
}

// Witness: keys_hand_over
TEST_P(KeyChange, under_which_a_call_fails_is_done_or_not_begun_or_completed_later) {
  const auto start = before();
  const auto whole = start->fork();
  const std::uint64_t calls_before = whole->files().count_calls();
  ASSERT_EQ(run(*whole, steps()), steps().size());
  const std::uint64_t calls = whole->files().count_calls() - calls_before;
  for (std::uint64_t call = 1; call <= calls; ++call) {
    SCOPED_TRACE("call " + std::to_string(call));
    for (const Effect effect : {Effect::io_error, Effect::no_space}) {
      const auto machine = start->fork();
      machine->files().inject({.call = {}, .path_contains = {}, .nth = call, .effect = effect});
      run(*machine, steps());
      const auto crashed = machine->fork();
      crashed->crash(SimCrash::losing_everything());
      comes_through(*crashed);
      machine->kill();
      comes_through(*machine);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace batpak::test
