// Runs a scenario of threads under every schedule within bounds, where the build can choose schedules (BATPAK_EXPLORED), and
// a few times with real threads where it cannot.
//
//   TEST(QueueTest, each_of_three_gets_its_own_answer) {
//     explore({}, [] {
//       Disk disk;
//       Store store = disk.open();
//       together({[&] { ... }, [&] { ... }});
//       require(store.frontier().durable == 4, "an event is not durable");
//     });
//   }
//
// What a scenario touches it makes itself, in each run anew. scripts/explore replays a schedule and searches for longer; it
// says so by these variables: BATPAK_SCHEDULE (one schedule, with its trace), BATPAK_SEEDS=A..B (these seeds only),
// BATPAK_EXPLORE_SECONDS (so long for each scenario, its seeds from BATPAK_FIRST_SEED on), BATPAK_EXPLORE_SUMMARY (a file
// for lines of figures).
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "base/sync.hpp"
#if defined(BATPAK_EXPLORED)
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "base/explored/explorer.hpp"
#endif

namespace batpak::interleave {

// How much of a scenario is looked at in a bounded run.
struct Bounds {
  unsigned preemptions = 2;
  unsigned spurious_wakes = 0;
  std::uint64_t schedules_max = 4'000;  // of those within the bounds
  std::uint64_t seeds = 400;            // random ones beside
  bool early_timeouts = false;
  int real_runs = 20;
};

inline std::string scenario_name() {
  const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
  return std::string(test->test_suite_name()) + "." + test->name();
}

#if defined(BATPAK_EXPLORED)

using base::explored::Uninterrupted;

inline void require(bool holds, const std::string& what, std::source_location where = std::source_location::current()) {
  base::explored::require(holds, what, where);
}

namespace detail {

inline std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

inline void replay(const std::function<void()>& body, const std::string& schedule, base::explored::RunOptions options) {
  const auto deviations = base::explored::ReplayChooser::parse(schedule);
  ASSERT_TRUE(deviations) << "not a schedule: " << schedule;
  options.trace = [](std::string_view line) { std::cout << line << '\n'; };
  const auto outcome = base::explored::replay(body, *deviations, options);
  if (outcome.failure) ADD_FAILURE() << *outcome.failure;
}

// With one more preemption for half of the time, then by seeds that were not tried before.
inline base::explored::Found search_for_long(const std::function<void()>& body, base::explored::Search search,
                                             std::chrono::seconds time) {
  const auto begin = std::chrono::steady_clock::now();
  search.is_late = [half = begin + time / 2] { return std::chrono::steady_clock::now() >= half; };
  ++search.bounds.preemptions;
  search.depth_first_max = search.depth_first_max == 0 ? 0 : UINT64_MAX;
  search.seeds = 0;
  base::explored::Found found = base::explored::search(body, search);
  if (found.failure) return found;
  search.is_late = [end = begin + time] { return std::chrono::steady_clock::now() >= end; };
  search.depth_first_max = 0;
  search.seeds = UINT64_MAX;
  if (const std::string seed = variable("BATPAK_FIRST_SEED"); !seed.empty()) search.first_seed = std::stoull(seed);
  base::explored::Found more = base::explored::search(body, search);
  more.schedules += found.schedules;
  more.depth_first = found.depth_first;
  more.steps += found.steps;
  more.points_max = std::max(more.points_max, found.points_max);
  more.exhausted = found.exhausted;
  return more;
}

// The program ends in the middle of a run: by which schedule?
inline void tell_of_crash(int signal) {
  const auto say = [](std::string_view text) { static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size())); };
  if (base::explored::is_running()) {
    const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
    say("\nended by a signal; again by: scripts/explore --scenario ");
    say(test->test_suite_name());
    say(".");
    say(test->name());
    say(" --schedule ");
    say(base::explored::schedule_so_far().empty() ? std::string_view("-") : base::explored::schedule_so_far());
    say("\n");
  }
  ::raise(signal);  // by now the default
}

inline void watch_for_crashes() {
  static std::array<std::byte, 64U << 10> stack;  // that of a fiber may be what is broken
  const stack_t signal_stack{.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  ::sigaltstack(&signal_stack, nullptr);
  struct sigaction action{};
  action.sa_handler = tell_of_crash;
  action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::sigaction(signal, &action, nullptr);
}

inline void count(const base::explored::Found& found) {
  const std::string path = variable("BATPAK_EXPLORE_SUMMARY");
  if (path.empty()) return;
  std::ofstream summary(path, std::ios::app);
  const auto line = [&](std::string_view figure, std::uint64_t value) {
    summary << R"({"suite":"interleave","scenario":")" << scenario_name() << R"(","figure":")" << figure << R"(","value":)"
            << value << "}\n";
  };
  line("schedules", found.schedules);
  line("depth_first", found.depth_first);
  line("exhausted", found.exhausted ? 1 : 0);
  line("steps", found.steps);
  line("failures", found.failure ? 1 : 0);
}

}  // namespace detail

inline void explore(const Bounds& bounds, const std::function<void()>& body) {
  using base::explored::Found;
  detail::watch_for_crashes();
  base::explored::Search search;
  search.bounds = {.preemptions = bounds.preemptions, .spurious_wakes = bounds.spurious_wakes};
  search.depth_first_max = bounds.schedules_max;
  search.seeds = bounds.seeds;
  search.run.early_timeouts = bounds.early_timeouts;
  search.run.spurious_wakes = bounds.spurious_wakes > 0;
  // A failed expectation within a run is a failure of its schedule.
  const std::function<void()> checked = [&] {
    body();
    base::explored::require(!testing::Test::HasFailure(), "an expectation failed");
  };
  if (const std::string schedule = detail::variable("BATPAK_SCHEDULE"); !schedule.empty()) {
    return detail::replay(checked, schedule, search.run);
  }
  if (const std::string seeds = detail::variable("BATPAK_SEEDS"); !seeds.empty()) {
    const auto dots = seeds.find("..");
    ASSERT_NE(dots, std::string::npos) << "BATPAK_SEEDS is A..B";
    search.depth_first_max = 0;
    search.first_seed = std::stoull(seeds.substr(0, dots));
    search.seeds = std::stoull(seeds.substr(dots + 2)) - search.first_seed + 1;
  }
  Found found;
  if (const std::string seconds = detail::variable("BATPAK_EXPLORE_SECONDS"); !seconds.empty()) {
    found = detail::search_for_long(checked, search, std::chrono::seconds(std::stoll(seconds)));
  } else {
    found = base::explored::search(checked, search);
  }
  detail::count(found);
  std::cout << "  " << found.schedules << " schedules, " << found.depth_first << " of them depth first"
            << (found.exhausted ? ", all within the bounds" : "") << "; " << found.threads_max << " threads, at most "
            << found.points_max << " points\n";
  if (!found.failure) return;
  ADD_FAILURE() << found.failure->trace << found.failure->what << "\nmet by " << found.failure->met_by
                << "\nagain by: scripts/explore --scenario " << scenario_name() << " --schedule " << found.failure->schedule;
}

#else

class Uninterrupted {
 public:
  Uninterrupted() {}
};

inline void require(bool holds, const std::string& what) { EXPECT_TRUE(holds) << what; }

inline void explore(const Bounds& bounds, const std::function<void()>& body) {
  if (bounds.real_runs == 0) GTEST_SKIP() << "needs simulated time: a build with BATPAK_EXPLORED";
  for (int run = 0; run < bounds.real_runs && !testing::Test::HasFailure(); ++run) body();
}

#endif

// Sleeps by simulated time where the build has it.
inline void sleep_for(std::chrono::nanoseconds time) {
  base::Mutex mutex;
  base::ConditionVariable never;
  base::Lock lock(mutex);
  static_cast<void>(never.wait_for(lock, time));
}

// Threads 1, 2, … of a scenario that starts no others before; returns when all have ended.
inline void together(const std::vector<std::function<void()>>& bodies) {
  std::vector<base::Thread> threads;
  for (const auto& body : bodies) {
    threads.emplace_back([&body] {
      try {
        body();
      } catch (const std::exception& error) {
        require(false, error.what());
      }
    });
  }
}

}  // namespace batpak::interleave
