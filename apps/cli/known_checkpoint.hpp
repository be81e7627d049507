// What somebody kept outside of a store, as files of it are given on the command line.
#pragma once

#include <string>

#include "batpak/verify.hpp"

namespace batpak::cli {

// A checkpoint, a receipt for strangers, or a witness file. A receipt is verified but for its signature; signatures are judged by
// the keys that the log is found to have. Errors: malformed, bad_proof, those of reading the file.
[[nodiscard]] Result<KnownCheckpoint> read_known_checkpoint(const std::string& file);

}  // namespace batpak::cli
