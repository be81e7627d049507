// Opening a store the way the commands do, with remarks on what opening found.
#pragma once

#include <string>

#include "arguments.hpp"
#include "batpak/store.hpp"

namespace batpak::cli {

// Loads the key where one was named. Errors: those of SigningKey::load.
[[nodiscard]] Result<OpenOptions> open_options(const SigningArguments& signing, const WitnessArguments& witness,
                                               Create create);

// Opens it so, and says on standard error what that met.
[[nodiscard]] Result<Store> open_with_remarks(const std::string& directory, const OpenOptions& options);

[[nodiscard]] Result<Store> open_to_write(const std::string& directory, const SigningArguments& signing,
                                          const WitnessArguments& witness);

// Beside a live writer or without one; changes nothing.
[[nodiscard]] Result<Store> open_to_read(const std::string& directory, ReadOnlyOptions::Undurable undurable);

}  // namespace batpak::cli
