// From argv to what was asked for.
#pragma once

#include <expected>

#include "arguments.hpp"
#include "exit_code.hpp"

namespace batpak::cli {

// Help and version are printed here, and so are arguments that are not acceptable; there is then nothing left to run.
[[nodiscard]] std::expected<Command, ExitCode> parse_command_line(int count, const char* const* arguments);

}  // namespace batpak::cli
