// Whether today's log goes on from what somebody outside remembers of it.
#pragma once

#include "batpak/checkpoint.hpp"
#include "recovery/log_state.hpp"

namespace batpak::store {

// Errors: rolled_back where the log is shorter than what was seen, forked where its first events are others; both tell both
// checkpoints. corrupt where the log cannot say.
[[nodiscard]] Result<void> check_extends(const recovery::LogState& state, const Checkpoint& seen);

}  // namespace batpak::store
