// What somebody kept outside of a store, as files of it are given on the command line.
#pragma once

#include <optional>
#include <string>

#include "batpak/verify.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {

// A checkpoint, a receipt for strangers, or a witness file. With a key its signature must be good; the name of a key is that of
// the log. Errors: malformed, bad_signature, those of reading the file.
[[nodiscard]] Result<KnownCheckpoint> read_known_checkpoint(const std::string& file, const std::optional<NamedKey>& key);

}  // namespace batpak::cli
