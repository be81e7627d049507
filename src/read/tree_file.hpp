// <dir>/tree/nodes: what a LogTree keeps, so that it need not be computed again. Derived: rebuilt when absent or wrong.
//
//   offset  size  field
//   0       4     CRC-32C of bytes 4..end
//   4       4     zero
//   8       8     "batpakT1"
//   16      16    store id
//   32      8     events, a multiple of 16
//   40      32    root of the tree over these events
//   72      …     nodes, 32 bytes each: all over 16 events, then all over 32, and so on
#pragma once

#include "platform/file_system.hpp"
#include "read/log_tree.hpp"

namespace batpak::read {

using StoreId = std::array<std::byte, 16>;

// Fills `tree` from the file where there is one of this store with no more than `events_max` events and a right CRC. Whether
// its nodes are those of the log shows when a proof is verified.
void load_tree(platform::Directory& directory, const StoreId& store_id, std::uint64_t events_max, LogTree& tree);

// Writes the file anew, without syncing it. Errors: io_error, no_space; nobody needs to care.
[[nodiscard]] Result<void> save_tree(platform::Directory& directory, const StoreId& store_id, const LogTree& tree);

}  // namespace batpak::read
