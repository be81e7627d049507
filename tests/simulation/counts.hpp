// What happened in simulations, summed up over them.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>

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
  std::uint64_t key_changes = 0;
  std::uint64_t revocations = 0;       // of them, those by the recovery key
  std::uint64_t put_back = 0;          // older copies of a store
  std::uint64_t put_back_noticed = 0;  // openings that refused for it
  std::uint64_t restores = 0;          // openings that accepted it
  std::uint64_t salvages = 0;
  std::uint64_t stream_proofs = 0;    // that nothing was left out
  std::uint64_t damages = 0;          // bytes changed on purpose, or misdirected
  std::uint64_t damages_refused = 0;  // of them, those for which opening refused
};

// The figures, in the order in which they are printed.
struct Figure {
  const char* name;
  std::uint64_t SimulationCounts::* count;
};
inline constexpr std::array figures = {
    Figure{"seeds", &SimulationCounts::seeds},
    Figure{"steps", &SimulationCounts::steps},
    Figure{"tasks", &SimulationCounts::tasks},
    Figure{"power losses", &SimulationCounts::power_losses},
    Figure{"kills", &SimulationCounts::kills},
    Figure{"proofs of streams", &SimulationCounts::stream_proofs},
    Figure{"recoveries cut short", &SimulationCounts::crashed_recoveries},
    Figure{"recoveries", &SimulationCounts::recoveries},
    Figure{"faults met", &SimulationCounts::faults},
    Figure{"events acknowledged", &SimulationCounts::acknowledged},
    Figure{"refreshes of readers", &SimulationCounts::refreshes},
    Figure{"verifications", &SimulationCounts::verifications},
    Figure{"changes of keys", &SimulationCounts::key_changes},
    Figure{"revocations of keys", &SimulationCounts::revocations},
    Figure{"older copies put back", &SimulationCounts::put_back},
    Figure{"older copies refused", &SimulationCounts::put_back_noticed},
    Figure{"restores accepted", &SimulationCounts::restores},
    Figure{"salvages", &SimulationCounts::salvages},
    Figure{"salvages cut short", &SimulationCounts::crashed_salvages},
    Figure{"damages", &SimulationCounts::damages},
    Figure{"damages refused at opening", &SimulationCounts::damages_refused},
};

inline void add(SimulationCounts& sum, const SimulationCounts& more) {
  for (const Figure& figure : figures) sum.*figure.count += more.*figure.count;
}

inline void print(const SimulationCounts& counts) {
  for (const Figure& figure : figures) {
    if (counts.*figure.count == 0) continue;
    std::printf("%12llu %s\n", static_cast<unsigned long long>(counts.*figure.count), figure.name);
  }
}

}  // namespace batpak::test
