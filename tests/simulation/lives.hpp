// Lives by their seeds, and what to type to see one of them again.
#pragma once

#include <algorithm>
#include <iostream>
#include <memory>
#include <string>

#include "simulation/simulation.hpp"
#include "simulation/tasks.hpp"

namespace batpak::test {

inline std::optional<std::string> run_one(const SimulationOptions& options, SimulationCounts& sum) {
  Simulation simulation(options);
  auto failure = simulation.run();
  add(sum, simulation.counts());
  return failure;
}

inline std::string replay_line(const SimulationOptions& options) {
  std::string line = "scripts/simulate --trace --seed " + std::to_string(options.seed);
  if (options.steps != SimulationOptions().steps) line += " --steps " + std::to_string(options.steps);
  std::string separator = " --skip ";
  for (const std::uint64_t step : options.skip) {
    line += separator + std::to_string(step);
    separator = ",";
  }
  return line;
}

inline bool fails(const SimulationOptions& options) {
  SimulationCounts ignored;
  return run_one(options, ignored).has_value();
}

// Leaves out what the failure does not need: the steps behind it, then each one before it that can be spared.
inline SimulationOptions shrunk(SimulationOptions options) {
  {
    Simulation simulation(options);
    if (!simulation.run()) return options;
    options.steps = std::min(options.steps, simulation.step() + 1);
  }
  for (std::uint64_t steps = 1; steps < options.steps; ++steps) {
    SimulationOptions fewer = options;
    fewer.steps = steps;
    if (fails(fewer)) {
      options = fewer;
      break;
    }
  }
  for (std::uint64_t step = options.steps; step-- > 0;) {
    options.skip.insert(step);
    if (!fails(options)) options.skip.erase(step);
  }
  return options;
}

#if defined(BATPAK_EXPLORED)
constexpr bool has_tasks = true;

inline std::optional<std::string> run_tasks(const TaskOptions& options, SimulationCounts& sum) {
  auto simulation = std::make_unique<TaskSimulation>(options);
  auto failure = simulation->run();
  add(sum, simulation->counts());
  if (failure) static_cast<void>(simulation.release());  // its threads stand on it for ever
  return failure;
}
#else
constexpr bool has_tasks = false;

struct TaskOptions {
  std::uint64_t seed = 0;
  std::uint64_t writers = 0;
  std::ostream* trace = nullptr;
};
inline std::optional<std::string> run_tasks(const TaskOptions&, SimulationCounts&) { return "this build has no scheduler"; }
#endif

inline bool tasks_keep_promises(const TaskOptions& options, SimulationCounts& sum) {
  const auto failure = run_tasks(options, sum);
  if (failure) {
    std::cout << "seed " << options.seed << ": " << *failure << "\n  scripts/simulate --trace --tasks " << options.writers
              << " --seed " << options.seed << "\n"
              << std::flush;
  }
  return !failure;
}

// Prints one line for each seed that fails.
inline bool keeps_promises(std::uint64_t seed, SimulationCounts& sum) {
  const SimulationOptions options{.seed = seed, .skip = {}};
  const auto failure = run_one(options, sum);
  if (failure)
    std::cout << "seed " + std::to_string(seed) + ": " + *failure + "\n  " + replay_line(options) + "\n" << std::flush;
  return !failure;
}

}  // namespace batpak::test
