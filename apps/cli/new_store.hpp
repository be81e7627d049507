// What the commands that make a store have in common.
#pragma once

#include <expected>
#include <string>

#include "arguments.hpp"
#include "exit_code.hpp"

namespace batpak::cli {

// How it is to be made. Says itself what is not acceptable, and gives how the command ends then.
[[nodiscard]] std::expected<OpenOptions, ExitCode> new_store_options(const NewStoreArguments& arguments);

// The store's key as those who verify are given it; empty where it has none.
[[nodiscard]] std::string verifier_key_text(const std::string& origin, const OpenOptions& options);

// A remark where there is a key and nobody could ever revoke it.
void remark_on_recovery_key(const OpenOptions& options);

}  // namespace batpak::cli
