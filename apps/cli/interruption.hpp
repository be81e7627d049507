// The signals that ask the command to end: SIGINT and SIGTERM. They are noted, and the commands that go on for long look at
// the note between two batches. SIGPIPE is ignored, since Output notices that its reader has gone; so is SIGXFSZ, since a write says
// that its file may not get longer.
#pragma once

#include <optional>

#include "exit_code.hpp"

namespace batpak::cli {

// Before any thread is started. A second signal of the same kind ends the process at once.
void note_interruptions() noexcept;

// How to end, once a signal came.
[[nodiscard]] std::optional<ExitCode> interruption() noexcept;

}  // namespace batpak::cli
