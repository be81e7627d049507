// The calls that a process makes, in their order: what the store's code does, said once more.
#pragma once

#include "model/precautions.hpp"
#include "model/reading.hpp"

namespace batpak::model {

inline constexpr std::uint8_t segment_slots = slots_max;  // what is allocated ahead

// Each adds to the plan of the running process.
void plan_open(State& state);
void plan_creation(State& state, const Rules& rules);
// Recovery as the reading asks for it, and what opening does after it.
void plan_recovery(State& state, const Reading& reading, const Rules& rules);

// Requests to a store that is open and whose plan is done.
[[nodiscard]] bool may_append(const State& state, unsigned slots);
[[nodiscard]] bool may_sync(const State& state);
[[nodiscard]] bool may_mark(const State& state);
[[nodiscard]] bool may_rotate(const State& state, unsigned segments);
void plan_append(State& state, unsigned slots, const Rules& rules);  // written, not synced
void plan_sync(State& state, const Rules& rules);                    // and acknowledged
void plan_idle_mark(State& state, const Rules& rules);
void plan_rotation(State& state, const Rules& rules);
void plan_close(State& state, const Rules& rules);

}  // namespace batpak::model
