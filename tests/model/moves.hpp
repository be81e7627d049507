// What can happen next: the process makes its next call, a user asks for something, or something goes wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/plans.hpp"
#include "model/precautions.hpp"

namespace batpak::model {

// How far the exploration goes.
struct Bounds {
  unsigned appends = 3;  // events behind the genesis that are attempted
  unsigned faults = 3;   // kills, power losses, failed syncs, writes cut short, rot
  unsigned segments = 2;
  unsigned rots = 1;  // how many of the faults may be rot
  Directories directories = Directories::in_order;
};

struct Move {
  enum class Kind : std::uint8_t {
    open,
    append,  // detail: slots
    sync,
    idle_mark,
    rotate,
    close,
    go_on,      // the next call succeeds
    fail,       // the next call, a sync, fails
    cut_short,  // the next call, a write, ends early, and the process with it
    kill,
    power_loss,
    rot,  // detail: file, sector
  };
  Kind kind = Kind::open;
  std::uint8_t detail = 0;
  std::uint8_t sector = 0;
  Step step;  // that the move begins with
};

// Whether a call makes a difference to what is modelled. Those that make none go along with one that does.
[[nodiscard]] bool changes_disk(const Step& step);

// What a move has shown to be wrong; null when nothing.
using Violation = const char*;

// Calls `visit` with each move, the state it leads to and what is wrong with that.
using Visit = std::function<void(const Move&, State&&, Violation)>;
void for_each_move(const State& state, const Bounds& bounds, const Rules& rules, const Visit& visit);

// Makes one move and then, where the process lives, all calls that its plan holds, or all before the first `until`. Where
// chance has a say, what is unsynced is lost. Answers the calls made; those of no effect too.
std::vector<Step> carry_out(State& state, const Move& move, std::optional<Call> until = std::nullopt);

}  // namespace batpak::model
