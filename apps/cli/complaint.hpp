// What went wrong, on standard error: one line that names the file and the way out.
#pragma once

#include <cstdint>
#include <string_view>

#include "batpak/error.hpp"
#include "exit_code.hpp"

namespace batpak::cli {

// Prints the error with what can be done about it, and says how the command ends because of it.
ExitCode complain(const Error& error);

// The same with a way out that the caller knows better.
ExitCode complain(const Error& error, std::string_view way_out);

// The error as one of a line of input: "line 7, byte 12: …".
[[nodiscard]] Error at_line(Error error, std::uint64_t line);

// Arguments that are not acceptable: one sentence.
ExitCode complain_of_usage(std::string_view sentence);

// Something worth knowing that does not end the command.
void remark(std::string_view sentence);

// How a command ends that met such an error.
[[nodiscard]] ExitCode exit_code_of(const Error& error) noexcept;

}  // namespace batpak::cli
