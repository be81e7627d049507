// Moves and disks in words.
#pragma once

#include <string>

#include "model/moves.hpp"

namespace batpak::model {

// What the move did, in a line.
[[nodiscard]] std::string describe(const State& before, const Move& move, const State& after);
// A call, as `write segment 0` or `sync log`.
[[nodiscard]] std::string describe(const Step& step);
// What the page cache shows, and where the device differs.
[[nodiscard]] std::string describe(const State& state);

}  // namespace batpak::model
