// Opening a store the way the commands do, with remarks on what opening found.
#pragma once

#include <string>
#include <string_view>

#include "arguments.hpp"
#include "batpak/store.hpp"
#include "exit_code.hpp"

namespace batpak::cli {

// Loads the key where one was named. Errors: those of SigningKey::load.
[[nodiscard]] Result<OpenOptions> open_options(const SigningArguments& signing, const WitnessArguments& witness,
                                               Create create);

// Opens it so, and says on standard error what that met.
[[nodiscard]] Result<Store> open_with_remarks(const std::string& directory, const OpenOptions& options);

// For appending to it. A key that the store would get as its first one is refused unless that is asked for: a mistyped name of a
// store would have it signed for good.
[[nodiscard]] Result<Store> open_to_write(const std::string& directory, const SigningArguments& signing,
                                          const WitnessArguments& witness);

// Closes it. `done` says, in a sentence's words, what is in the log whatever closing meets.
[[nodiscard]] ExitCode close(Store& store, const WitnessArguments& witness, std::string_view done);

// Beside a live writer or without one; changes nothing.
[[nodiscard]] Result<Store> open_to_read(const std::string& directory, ReadOnlyOptions::Undurable undurable);

}  // namespace batpak::cli
