// The witness file of a store that is being opened.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "batpak/open_options.hpp"
#include "engine/witness_keeper.hpp"
#include "platform/file_system.hpp"

namespace batpak::store {

// Threads: one.
struct Witness {
  std::shared_ptr<engine::WitnessKeeper> keeper;  // null where none is asked for
  std::optional<WitnessRecord> record;            // what it remembers
};

// Opens and reads the file that is meant for the store in `directory`, which need not be there.
// Errors: invalid_argument for one inside of the directory; witness_missing; those of reading it.
[[nodiscard]] Result<Witness> open_witness(platform::FileSystem& files, const std::string& directory,
                                           const OpenOptions& options);
// Reads it once more. Until the store's lock is held, the owner before may be writing it, up to a size that the log has no more
// when it is looked at.
[[nodiscard]] Result<void> read_again(Witness& witness, const OpenOptions& options);

}  // namespace batpak::store
