// One store's life on a simulated machine, made up from a seed: everything a program can do with it, and everything a machine
// can do to it, in any order, with an oracle that remembers what was promised.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "simulation/appends.hpp"
#include "simulation/damages.hpp"
#include "simulation/faults.hpp"
#include "simulation/heads.hpp"
#include "simulation/onlookers.hpp"
#include "simulation/process.hpp"
#include "simulation/reads.hpp"
#include "simulation/salvages.hpp"
#include "simulation/witnesses.hpp"
#include "simulation/world.hpp"

namespace batpak::test {

struct SimulationOptions {
  std::uint64_t seed = 0;
  std::uint64_t steps = 120;
  std::set<std::uint64_t> skip;   // steps left out; the others do what they would have done
  std::ostream* trace = nullptr;  // a line for each step
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options) : options_(options), world_(options.seed, options.trace) {
    world_.files.watch([this](platform::SimCall call) { onlookers_.between_calls(call); });
  }
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation() { world_.files.watch({}); }

  // Nothing, or which promise was broken at which step.
  std::optional<std::string> run() {
    ++world_.counts.seeds;
    try {
      for (world_.step = 0; world_.step < options_.steps && !world_.ended; ++world_.step) {
        if (options_.skip.contains(world_.step)) continue;
        begin_step();
        take_step();
        end_step();
      }
      begin_step();
      if (!world_.ended) finish();
    } catch (const Violation& violation) {
      world_.trace("VIOLATION: ", violation.what());
      return "step " + std::to_string(world_.step) + " (" + world_.doing + "): " + violation.what();
    }
    world_.counts.faults = world_.files.count_faults_met();
    return std::nullopt;
  }

  [[nodiscard]] const SimulationCounts& counts() const { return world_.counts; }
  [[nodiscard]] std::uint64_t step() const { return world_.step; }

 private:
  struct Choice {
    std::uint64_t weight;
    const char* name;
    std::function<void()> act;
  };

  // Each step has chance of its own, so that leaving one out changes nothing about the others' choices.
  void begin_step() {
    world_.quiet = false;
    world_.random = platform::SimRandom(World::mixed(options_.seed, 2 * world_.step + 1));
    world_.watch_random = platform::SimRandom(World::mixed(options_.seed, 2 * world_.step + 2));
    world_.files.clear_calls();
    ++world_.counts.steps;
    if (world_.percent(25)) world_.clear_faults();
    if (!world_.damaged && world_.percent(world_.fault_percent)) faults_.inject();
  }

  void end_step() {
    if (world_.watch_failure) throw Violation(*world_.watch_failure);
    world_.notice_misdirection();
    if (world_.files.is_stopped()) {
      world_.trace("the process was stopped");
      process_.end();
    }
    if (world_.store) {
      world_.check_frontier();
    } else {
      world_.check_witness();
    }
  }

  void take_step() {
    std::vector<Choice> choices = world_.store ? choices_while_open() : choices_while_closed();
    std::uint64_t sum = 0;
    for (const Choice& choice : choices) sum += choice.weight;
    std::uint64_t chosen = world_.random.below(sum);
    for (const Choice& choice : choices) {
      if (chosen < choice.weight) {
        world_.doing = choice.name;
        choice.act();
        return;
      }
      chosen -= choice.weight;
    }
  }

  std::vector<Choice> choices_while_open() {
    const std::uint64_t leave = world_.poisoned ? 60 : 0;
    return {
        {30, "append", [this] { appends_.append(); }},
        {12, "append a batch", [this] { appends_.append_batch(); }},
        {world_.has_bursts ? 5U : 0U, "append a burst", [this] { appends_.append_a_burst(); }},
        {3, "declare heads", [this] { heads_.declare_and_prove(); }},
        {3, "prove a stream", [this] { heads_.prove(); }},
        {6, "sync", [this] { appends_.sync(); }},
        {12, "keep house", [this] { keep_house(); }},
        {16, "read", [this] { reads_.read(); }},
        {4, "keep a snapshot", [this] { reads_.keep_snapshot(); }},
        {5, "look at old snapshots", [this] { reads_.look_at_snapshots(); }},
        {4, "checkpoint", [this] { reads_.take_checkpoint(); }},
        {4, "set the clock", [this] { set_clock(); }},
        {4, "write back", [this] { world_.files.write_back(world_.random.next()); }},
        {2, "evict", [this] { world_.files.evict(); }},
        {4, "open a reader", [this] { onlookers_.open_reader(); }},
        {10, "refresh readers", [this] { onlookers_.refresh_readers(); }},
        {2, "close a reader", [this] { onlookers_.close_reader(); }},
        {3, "verify", [this] { verify_beside(); }},
        {2, "open a second time", [this] { process_.open_second(); }},
        {world_.keys.in_use ? 2U : 0U, "lose or find the signer", [this] { process_.lose_or_find_the_signer(); }},
        {world_.may_damage ? 1U : 0U, "misdirect a write", [this] { faults_.misdirect(); }},
        {4 + leave, "close", [this] { process_.close(); }},
        {world_.crash_weight + leave + (world_.untouched ? 10U : 0U), "end the process", [this] { process_.end(); }},
    };
  }

  std::vector<Choice> choices_while_closed() {
    if (world_.damaged) {  // what went astray shows when the cache is gone
      std::vector<Choice> only;
      only.push_back({1, "end the process", [this] { process_.end(); }});
      return only;
    }
    const std::uint64_t there = world_.known_exists() ? 1 : 0;
    return {
        {60, "open", [this] { process_.open(); }},
        {5, "end the process", [this] { process_.end(); }},
        {3, "write back", [this] { world_.files.write_back(world_.random.next()); }},
        {2, "evict", [this] { world_.files.evict(); }},
        {2, "set the clock", [this] { set_clock(); }},
        {3, "open a reader", [this] { onlookers_.open_reader(); }},
        {6, "refresh readers", [this] { onlookers_.refresh_readers(); }},
        {there * (world_.may_damage ? 6 : 0), "damage", [this] { damages_.make(); }},
        {there * 3, "salvage", [this] { salvages_.run(); }},
        {there * 2, "open with another key", [this] { process_.open_with_wrong_key(); }},
        {there * (world_.keys.in_use ? 4 : 0), "ask for another key", [this] { process_.ask_for_another_key(); }},
        {there * (world_.keys.in_use ? 3 : 0), "revoke the key", [this] { process_.revoke_the_key(); }},
        {there * (world_.witness ? 15 : 0), "copy the store", [this] { witnesses_.copy_store(); }},
        {witnesses_.has_copy() ? 12U : 0U, "put the copy back", [this] { witnesses_.put_back(); }},
    };
  }

  void keep_house() {
    const std::uint64_t milliseconds = world_.random.below(3) == 0 ? world_.random.below(5) : world_.random.below(250);
    const Frontier before = world_.store->frontier();
    world_.clock.advance(std::chrono::milliseconds(milliseconds));
    world_.untouched = false;
    world_.store->keep_house();
    const Frontier after = world_.store->frontier();
    world_.trace("durable ", after.durable, ", witnessed ", after.witnessed);
    const bool is_due = world_.witness_is_used && std::chrono::milliseconds(milliseconds) >= world_.witness_lag;
    require(!is_due || world_.excused() || world_.poisoned || after.witnessed >= before.durable,
            "the witness file lags behind for longer than it may");
  }

  void set_clock() {
    platform::SimClock& clock = world_.clock;
    const std::int64_t now = clock.wall_microseconds();
    switch (world_.random.below(4)) {
      case 0: clock.advance(std::chrono::microseconds(world_.random.below(5'000))); break;
      case 1: clock.set_wall_microseconds(now - static_cast<std::int64_t>(world_.random.below(3'600'000'000))); break;
      case 2: clock.set_wall_microseconds(now + static_cast<std::int64_t>(world_.random.below(60'000'000))); break;
      default: clock.advance(std::chrono::seconds(world_.random.below(60)));
    }
    world_.trace("from ", now, " to ", clock.wall_microseconds());
  }

  void verify_beside() {
    if (!world_.excused() && !world_.poisoned) world_.verify_clean("beside the writer");
  }

  // At the end nothing fails any more, and everything must be there.
  void finish() {
    world_.doing = "finish";
    if (world_.store || world_.damaged) process_.end();
    if (world_.ended) return;
    world_.files.clear_faults();
    world_.accepts_restores = true;
    process_.open();
    if (!world_.store) return;
    appends_.append();
    appends_.append_batch();
    process_.close();
    world_.verify_clean("at the end");
    process_.open();
    const auto before = world_.read_log();
    process_.close();
    world_.trace(world_.oracle.known().size(), " events in ", before.size(), " segments");
  }

  SimulationOptions options_;
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
};

}  // namespace batpak::test
