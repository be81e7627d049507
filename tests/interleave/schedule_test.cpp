// The scheduler itself: what it can tell apart, and that a schedule can be repeated.
#include <algorithm>
#include <stdexcept>

#include "interleave/explore.hpp"

namespace batpak::interleave {
namespace {

#if defined(BATPAK_EXPLORED)

using base::explored::Found;
using base::explored::Outcome;
using base::explored::Search;
using base::explored::search;

Found search_all(const std::function<void()>& body, unsigned preemptions = 2) {
  Search options;
  options.bounds.preemptions = preemptions;
  options.seeds = 0;
  return search(body, options);
}

Found search_seeds(const std::function<void()>& body, std::uint64_t seeds = 2000) {
  Search options;
  options.depth_first_max = 0;
  options.seeds = seeds;
  return search(body, options);
}

void lose_an_increment() {
  base::Atomic<int> number{0};
  const auto add = [&] {
    const int before = number.load(std::memory_order_relaxed);
    number.store(before + 1, std::memory_order_relaxed);
  };
  together({add, add});
  require(number.load(std::memory_order_relaxed) == 2, "an increment was lost");
}

TEST(ScheduleTest, finds_a_lost_increment_with_one_preemption_and_not_with_none) {
  EXPECT_FALSE(search_all(lose_an_increment, 0).failure);
  const Found found = search_all(lose_an_increment, 1);
  ASSERT_TRUE(found.failure);
  EXPECT_NE(found.failure->what.find("an increment was lost"), std::string::npos);
}

TEST(ScheduleTest, finds_a_lost_increment_by_seeds) { EXPECT_TRUE(search_seeds(lose_an_increment).failure); }

TEST(ScheduleTest, a_printed_schedule_fails_again_each_time) {
  const Found found = search_all(lose_an_increment);
  ASSERT_TRUE(found.failure);
  const auto schedule = base::explored::ReplayChooser::parse(found.failure->schedule);
  ASSERT_TRUE(schedule);
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = base::explored::replay(lose_an_increment, *schedule, {});
    EXPECT_EQ(outcome.failure, found.failure->what);
    EXPECT_EQ(outcome.schedule, found.failure->schedule);
  }
}

TEST(ScheduleTest, a_schedule_that_is_none_is_refused) {
  EXPECT_TRUE(base::explored::ReplayChooser::parse("-"));
  EXPECT_TRUE(base::explored::ReplayChooser::parse("3:1,17:2"));
  for (const char* text : {"3", "3:", ":1", "3:1,,4:1", "x", "4:1,3:1", "3:1 "}) {
    EXPECT_FALSE(base::explored::ReplayChooser::parse(text)) << text;
  }
}

TEST(ScheduleTest, finds_that_two_mutexes_are_taken_in_both_orders_and_says_who_waits_for_whom) {
  const Found found = search_all([] {
    base::Mutex one;
    base::Mutex other;
    together({[&] {
                const base::Lock first(one);
                const base::Lock second(other);
              },
              [&] {
                const base::Lock first(other);
                const base::Lock second(one);
              }});
  });
  ASSERT_TRUE(found.failure);
  EXPECT_NE(found.failure->what.find("no thread can go on"), std::string::npos) << found.failure->what;
  EXPECT_NE(found.failure->what.find("which thread 2 holds"), std::string::npos) << found.failure->what;
}

// A flag that is set without the mutex can change between the look and the wait.
void lose_a_notification() {
  base::Mutex mutex;
  base::ConditionVariable changed;
  base::Atomic<bool> flag{false};
  together({[&] {
              base::Lock lock(mutex);
              while (!flag.load(std::memory_order_relaxed)) changed.wait(lock);
            },
            [&] {
              flag.store(true, std::memory_order_relaxed);
              changed.notify_all();
            }});
}

TEST(ScheduleTest, finds_a_lost_notification) {
  const Found found = search_all(lose_a_notification);
  ASSERT_TRUE(found.failure);
  EXPECT_NE(found.failure->what.find("asleep since"), std::string::npos) << found.failure->what;
  EXPECT_TRUE(search_seeds(lose_a_notification).failure);
}

TEST(ScheduleTest, finds_no_fault_where_the_flag_is_guarded) {
  const Found found = search_all([] {
    base::Mutex mutex;
    base::ConditionVariable changed;
    bool flag = false;
    together({[&] {
                base::Lock lock(mutex);
                while (!flag) changed.wait(lock);
              },
              [&] {
                const base::Lock lock(mutex);
                flag = true;
                changed.notify_all();
              }});
  });
  EXPECT_FALSE(found.failure) << found.failure->trace << found.failure->what;
  EXPECT_TRUE(found.exhausted);
}

TEST(ScheduleTest, tells_of_a_changed_atomic_whose_waiter_nobody_told) {
  const Found found = search_all([] {
    base::Atomic<std::uint32_t> state{0};
    together({[&] { state.wait(0, std::memory_order_acquire); }, [&] { state.store(1, std::memory_order_release); }});
  });
  ASSERT_TRUE(found.failure);
  EXPECT_NE(found.failure->what.find("nobody told"), std::string::npos) << found.failure->what;
}

TEST(ScheduleTest, tells_of_use_after_the_end) {
  const Found found = search_all([] {
    base::Atomic<base::Atomic<std::uint32_t>*> shared{nullptr};
    together({[&] {
                base::Atomic<std::uint32_t> own{0};
                shared.store(&own, std::memory_order_relaxed);
                shared.notify_all();
                own.wait(0, std::memory_order_relaxed);
              },
              [&] {
                shared.wait(nullptr, std::memory_order_relaxed);
                base::Atomic<std::uint32_t>* const other = shared.load(std::memory_order_relaxed);
                other->store(1, std::memory_order_relaxed);
                other->notify_one();
                other->store(2, std::memory_order_relaxed);
              }});
  });
  ASSERT_TRUE(found.failure);
  EXPECT_NE(found.failure->what.find("used after its end"), std::string::npos) << found.failure->what;
}

TEST(ScheduleTest, a_wait_that_only_a_spurious_wake_breaks_is_found) {
  Search options;
  options.bounds = {.preemptions = 1, .spurious_wakes = 1};
  options.seeds = 0;
  options.run.spurious_wakes = true;
  const std::function<void()> body = [] {
    base::Mutex mutex;
    base::ConditionVariable changed;
    bool flag = false;
    together({[&] {
                base::Lock lock(mutex);
                if (!flag) changed.wait(lock);
                require(flag, "woken too early");
              },
              [&] {
                const base::Lock lock(mutex);
                flag = true;
                changed.notify_all();
              }});
  };
  EXPECT_TRUE(search(body, options).failure);
  options.bounds.spurious_wakes = 0;
  options.run.spurious_wakes = false;
  EXPECT_FALSE(search(body, options).failure);
}

TEST(ScheduleTest, time_passes_when_nobody_can_go_on_and_waits_end_in_their_order) {
  base::explored::FirstChooser chooser;
  const Outcome outcome = base::explored::run(
      [] {
        std::vector<int> order;
        const auto sleep = [&](int milliseconds) {
          base::Mutex mutex;
          base::ConditionVariable never;
          base::Lock lock(mutex);
          require(!never.wait_for(lock, std::chrono::milliseconds(milliseconds)), "notified by nobody");
          order.push_back(milliseconds);
        };
        together({[&] { sleep(30); }, [&] { sleep(10); }, [&] { sleep(20); }});
        require(order == std::vector<int>{10, 20, 30}, "another order");
      },
      chooser);
  EXPECT_FALSE(outcome.failure) << *outcome.failure;
  EXPECT_EQ(outcome.time, std::chrono::milliseconds(30));
}

TEST(ScheduleTest, who_only_ever_waits_again_does_not_keep_a_deadlock_from_being_seen) {
  base::explored::FirstChooser chooser;
  const Outcome outcome = base::explored::run(
      [] {
        base::Mutex mutex;
        base::ConditionVariable changed;
        const bool stop = false;
        together({[&] {
                    base::Lock lock(mutex);
                    while (!stop) changed.wait_for(lock, std::chrono::hours(1));
                  },
                  [&] {
                    base::Lock lock(mutex);
                    changed.wait(lock);
                  }});
      },
      chooser);
  ASSERT_TRUE(outcome.failure);
  EXPECT_NE(outcome.failure->find("again and again"), std::string::npos) << *outcome.failure;
}

TEST(ScheduleTest, an_exception_ends_the_run_and_not_the_program) {
  base::explored::FirstChooser chooser;
  const Outcome outcome = base::explored::run(
      [] {
        base::Thread thread([] { throw std::runtime_error("an unlucky thread"); });
        thread.join();
      },
      chooser);
  ASSERT_TRUE(outcome.failure);
  EXPECT_NE(outcome.failure->find("an unlucky thread"), std::string::npos);
}

TEST(ScheduleTest, an_exception_caught_across_a_switch_is_its_own_threads) {
  base::explored::FirstChooser chooser;
  const Outcome outcome = base::explored::run(
      [] {
        base::Mutex mutex;
        const auto throw_and_switch = [&] {
          for (int i = 0; i < 3; ++i) {
            try {
              throw std::runtime_error("mine " + std::to_string(base::explored::running_thread()));
            } catch (const std::runtime_error& error) {
              base::ConditionVariable never;
              base::Lock lock(mutex);
              never.wait_for(lock, std::chrono::milliseconds(1));
              require(error.what() == "mine " + std::to_string(base::explored::running_thread()), "another's exception");
              try {
                throw;
              } catch (const std::runtime_error& again) {
                require(std::string(again.what()) == error.what(), "another's exception");
              }
            }
          }
        };
        together({throw_and_switch, throw_and_switch});
      },
      chooser);
  EXPECT_FALSE(outcome.failure) << *outcome.failure;
}

TEST(ScheduleTest, outside_of_a_run_threads_take_turns_where_one_has_to_wait) {
  base::Mutex mutex;
  base::ConditionVariable changed;
  int number = 0;
  base::Thread thread([&] {
    base::Lock lock(mutex);
    while (number == 0) changed.wait(lock);
    number = 2;
    changed.notify_all();
  });
  {
    base::Lock lock(mutex);
    number = 1;
    changed.notify_all();
    while (number != 2) changed.wait(lock);
  }
  thread.join();
  EXPECT_EQ(number, 2);
}

TEST(ScheduleTest, an_exhausted_search_has_seen_every_order) {
  std::vector<std::string> orders;
  const Found found = search_all(
      [&] {
        std::string order;
        base::Atomic<int> turn{0};
        const auto write = [&](char name) {
          turn.fetch_add(1, std::memory_order_relaxed);
          order += name;
        };
        together({[&] {
                    write('a');
                    write('a');
                  },
                  [&] {
                    write('b');
                    write('b');
                  }});
        if (std::ranges::find(orders, order) == orders.end()) orders.push_back(order);
      },
      3);
  EXPECT_TRUE(found.exhausted);
  EXPECT_EQ(orders.size(), 6U);
}

#else

TEST(ScheduleTest, is_tried_where_schedules_can_be_chosen) { GTEST_SKIP() << "needs a build with BATPAK_EXPLORED"; }

#endif

}  // namespace
}  // namespace batpak::interleave
