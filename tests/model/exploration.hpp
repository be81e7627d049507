// Visits every state within bounds, the nearest first, and tells the way to the first one that is wrong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/moves.hpp"

namespace batpak::model {

// The way from an empty disk to a state in which a law is broken: no shorter one exists within the bounds.
struct Counterexample {
  std::string violation;
  std::vector<std::string> story;  // one line for each move
};

[[nodiscard]] std::string to_string(const Counterexample& counterexample);

struct Exploration {
  std::uint64_t states = 0;
  std::uint64_t transitions = 0;
  unsigned moves = 0;    // of the longest way that was needed
  bool complete = true;  // false when it was stopped at states_max
  std::optional<Counterexample> counterexample;
};

[[nodiscard]] Exploration explore(const Bounds& bounds, const Rules& rules, std::uint64_t states_max = UINT64_MAX);

}  // namespace batpak::model
