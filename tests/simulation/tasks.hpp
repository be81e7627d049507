// Lives of a store that several tasks use at the same time, from one seed: writers, readers in the same process and beside it,
// and house-keeping, each a thread of the controlled scheduler, while calls fail, processes die and the power is lost.
#pragma once

#if defined(BATPAK_EXPLORED)

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/explored/explorer.hpp"
#include "base/sync.hpp"
#include "simulation/appends.hpp"
#include "simulation/damages.hpp"
#include "simulation/faults.hpp"
#include "simulation/heads.hpp"
#include "simulation/onlookers.hpp"
#include "simulation/process.hpp"
#include "simulation/reads.hpp"
#include "simulation/watcher.hpp"
#include "simulation/witnesses.hpp"

namespace batpak::test {

struct TaskOptions {
  std::uint64_t seed = 0;
  std::uint64_t writers = 0;      // 2 to 4 by the seed, when 0
  std::ostream* trace = nullptr;  // a line for each thing that a task has done
};

// Who goes on at each moment follows from the seed as everything else does. That a process is stopped means that from some
// call on none reaches the disk: its threads are on their way, each in the middle of something, and what they still do in
// memory is lost with it.
class TaskSimulation {
 public:
  explicit TaskSimulation(const TaskOptions& options) : options_(options), world_(options.seed, options.trace) {
    world_.files.watch([this](platform::SimCall call) { onlookers_.between_calls(call); });
    world_.who = [] {
      return base::explored::is_running() ? "thread " + std::to_string(base::explored::running_thread()) : std::string();
    };
    world_.queue_bytes_max = 64U << 10;
    world_.sync_interval = std::chrono::milliseconds(5);
    world_.idle_mark_after = std::chrono::milliseconds(10);
    world_.may_damage = false;
    static_cast<void>(test_key());  // not made in the middle of a run
  }
  TaskSimulation(const TaskSimulation&) = delete;
  TaskSimulation& operator=(const TaskSimulation&) = delete;
  // Precondition: run() found nothing. Else the threads stand where they were, and this must stay as it is for them.
  ~TaskSimulation() { world_.files.watch({}); }

  // Nothing, or which promise was broken.
  std::optional<std::string> run() {
    ++world_.counts.seeds;
    constexpr std::uint64_t runs = 3;
    for (std::uint64_t number = 0; number <= runs; ++number) {
      begin_step(number);
      world_.trace(number == runs ? "the last run" : "a run");
      auto failure = explore([&] { number == runs ? finish() : live(); });
      if (failure) return "run " + std::to_string(number) + ": " + *failure;
    }
    world_.counts.faults = world_.files.count_faults_met();
    return std::nullopt;
  }
  [[nodiscard]] const SimulationCounts& counts() const { return world_.counts; }

 private:
  void begin_step(std::uint64_t number) {
    world_.step = number;
    world_.random = platform::SimRandom(World::mixed(options_.seed, 2 * number + 1));
    world_.watch_random = platform::SimRandom(World::mixed(options_.seed, 2 * number + 2));
    world_.files.clear_calls();
  }

  std::optional<std::string> explore(const std::function<void()>& body) {
    using namespace base::explored;
    const std::uint64_t seed = World::mixed(options_.seed, 1'000 + world_.step);
    RandomChooser at_random(seed);
    PriorityChooser by_priority(seed, 4'000, 1 + seed % 12);
    early_timeouts_ = seed % 3 == 0;
    RunOptions run_options;
    run_options.steps_max = 10'000'000;
    run_options.early_timeouts = early_timeouts_;
    const Outcome outcome = base::explored::run([&] { guarded(body); },
                                                seed % 2 == 0 ? static_cast<Chooser&>(at_random) : by_priority, run_options);
    world_.counts.steps += outcome.steps;
    world_.counts.tasks += outcome.threads;
    // The next run's time begins anew, and the clock must not fall back with it.
    world_.clock.advance(outcome.time);
    return outcome.failure;
  }

  // A broken promise ends the run, from whichever thread.
  static void guarded(const std::function<void()>& body) {
    try {
      body();
    } catch (const Violation& violation) {
      base::explored::fail(violation.what());
    }
  }
  [[nodiscard]] static base::Thread start(std::function<void()> body) {
    return base::Thread([body = std::move(body)] { guarded(body); });
  }

  // Processes one after the other, with readers beside that outlive all of them but those that end with the power.
  void live() {
    leaving_ = false;
    std::vector<base::Thread> beside;
    const std::uint64_t readers = world_.random.below(3);
    for (std::uint64_t i = 0; i < readers; ++i) beside.push_back(start([this] { read_beside(); }));
    try {
      const std::uint64_t processes = 1 + world_.random.below(3);
      for (std::uint64_t i = 0; i < processes; ++i) live_one_process();
    } catch (const Violation& violation) {  // before anybody is waited for
      base::explored::fail(violation.what());
    }
    leaving_ = true;
  }

  void live_one_process() {
    world_.housekeeping = world_.random.coin() ? OpenOptions::Housekeeping::thread : OpenOptions::Housekeeping::by_hand;
    if (world_.percent(70)) faults_.inject(1 + world_.random.below(250));
    process_.open();
    if (world_.store) {
      if (world_.percent(50)) faults_.inject(1 + world_.random.below(120));
      work();
      world_.check_frontier();
      const bool leaves_in_order = !world_.files.is_stopped() && !world_.poisoned && world_.percent(30);
      if (leaves_in_order) process_.close();
    }
    if (world_.store || world_.files.is_stopped() || world_.random.coin()) process_.end();
    world_.clear_faults();
  }

  void work() {
    const std::uint64_t writers = options_.writers != 0 ? options_.writers : 2 + world_.random.below(3);
    std::vector<base::Thread> tasks;
    for (std::uint64_t i = 0; i < writers; ++i) tasks.push_back(start([this] { write(); }));
    if (world_.percent(70)) tasks.push_back(start([this] { look_on(); }));
    if (world_.housekeeping == OpenOptions::Housekeeping::by_hand) tasks.push_back(start([this] { keep_house(); }));
  }

  void write() {
    const std::uint64_t operations = 1 + world_.random.below(8);
    for (std::uint64_t i = 0; i < operations && !world_.files.is_stopped(); ++i) {
      const std::uint64_t chosen = world_.random.below(21);
      if (world_.has_bursts && world_.random.below(8) == 0) {
        appends_.append_a_burst();
      } else if (chosen < 10) {
        appends_.append();
      } else if (chosen < 14) {
        appends_.append_batch();
      } else if (chosen < 16) {
        appends_.sync();
      } else if (chosen == 16) {
        reads_.read_one();
      } else if (chosen == 17) {
        reads_.verify_a_receipt();
      } else if (chosen == 18) {
        reads_.take_checkpoint();
      } else if (chosen == 19) {
        heads_.declare();
      } else {
        wait_for_the_interval();
      }
    }
  }

  // What is only buffered is durable after the interval, without anybody asking for it.
  void wait_for_the_interval() {
    const std::uint64_t accepted = world_.oracle.accepted_size();
    sleep_for(2 * world_.sync_interval);
    const bool kept = world_.housekeeping == OpenOptions::Housekeeping::thread && !early_timeouts_;
    require(!kept || world_.excused() || world_.poisoned || world_.store->frontier().durable >= accepted,
            "what was buffered is not durable after the interval");
  }

  void look_on() {
    Watcher watcher(world_);
    const std::uint64_t looks = 1 + world_.random.below(10);
    for (std::uint64_t i = 0; i < looks && !world_.files.is_stopped(); ++i) {
      if (world_.random.below(4) == 0) sleep_for(std::chrono::milliseconds(world_.random.below(12)));
      watcher.look();
    }
  }

  void keep_house() {
    const std::uint64_t turns = 1 + world_.random.below(6);
    for (std::uint64_t i = 0; i < turns && !world_.files.is_stopped(); ++i) {
      sleep_for(std::chrono::milliseconds(world_.random.below(12)));
      world_.untouched = false;
      world_.store->keep_house();
    }
  }

  // In another process, which sees files only.
  void read_beside() {
    // Not without end where the scheduler prefers it to everybody else.
    for (int openings = 0; !leaving_ && openings < 12;) {
      sleep_for(std::chrono::milliseconds(1 + world_.random.below(5)));
      if (!world_.known_exists()) continue;
      ++openings;
      const std::uint64_t power_losses = world_.counts.power_losses;
      try {
        Reader reader(world_.files, Reader::Undurable::hide);
        const auto opened = reader.open(world_.path);
        require(opened.has_value(), "a reader cannot open: " + outcome(opened));
        const std::uint64_t looks = 1 + world_.random.below(6);
        for (std::uint64_t i = 0; i < looks; ++i) {
          ++world_.counts.refreshes;
          reader.refresh(world_.oracle, world_.random, false);
          if (world_.random.below(3) == 0) sleep_for(std::chrono::milliseconds(world_.random.below(5)));
        }
      } catch (const Violation&) {
        // This process has ended with all others, in the middle of something.
        if (power_losses == world_.counts.power_losses) throw;
      }
    }
  }

  static void sleep_for(std::chrono::nanoseconds time) {
    base::Mutex mutex;
    base::ConditionVariable never;
    base::Lock lock(mutex);
    static_cast<void>(never.wait_for(lock, time));
  }

  // At the end nothing fails any more, and everything must be there.
  void finish() {
    world_.quiet = true;
    process_.open();
    if (!world_.store) throw Violation("the store does not open when nothing fails");
    appends_.append();
    appends_.append_batch();
    process_.close();
    world_.verify_clean("at the end");
    process_.open();
    process_.close();
  }

  TaskOptions options_;
  World world_;
  Faults faults_{world_};
  Appends appends_{world_};
  Heads heads_{world_};
  Reads reads_{world_};
  Onlookers onlookers_{world_};
  Salvages salvages_{world_};
  Damages damages_{world_, salvages_};
  Witnesses witnesses_{world_};
  Process process_{world_, reads_, damages_, witnesses_};
  bool leaving_ = false;
  bool early_timeouts_ = false;
};

}  // namespace batpak::test

#endif
