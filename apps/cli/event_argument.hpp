// An event as people name it on the command line.
#pragma once

#include <string>

#include "batpak/snapshot.hpp"

namespace batpak::cli {

// By its id or its sequence. Errors: invalid_argument; not_found, past_the_end, corrupt.
[[nodiscard]] Result<EventView> find_event(const Snapshot& snapshot, const std::string& event);

}  // namespace batpak::cli
