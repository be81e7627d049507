// What happened in simulations, summed up over them.
#pragma once

#include <cstdint>

namespace batpak::test {

struct SimulationCounts {
  std::uint64_t seeds = 0;
  std::uint64_t steps = 0;  // or what threads of a scheduler have done with each other
  std::uint64_t tasks = 0;  // threads on the scheduler
  std::uint64_t power_losses = 0;
  std::uint64_t kills = 0;
  std::uint64_t crashed_recoveries = 0;  // openings that a crash or kill cut short
  std::uint64_t crashed_salvages = 0;
  std::uint64_t faults = 0;
  std::uint64_t recoveries = 0;  // openings that succeeded
  std::uint64_t acknowledged = 0;
  std::uint64_t refreshes = 0;
  std::uint64_t verifications = 0;
  std::uint64_t salvages = 0;
  std::uint64_t damages = 0;          // bytes changed on purpose, or misdirected
  std::uint64_t damages_refused = 0;  // of them, those for which opening refused
};

}  // namespace batpak::test
