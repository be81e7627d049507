// The events of a damaged store, copied into a new one.
#pragma once

#include "batpak/salvage.hpp"
#include "store/store_impl.hpp"

namespace batpak::store {

// When the new store begins: before the first copied event, which keeps its time. Errors: damaged where no event can be read.
[[nodiscard]] Result<Timestamp> salvaged_genesis_time(const Snapshot& snapshot, platform::Clock& clock);

// Copies what batpak::salvage() says, behind a record of what is lost, into a store that holds nothing but its genesis event of that
// time. Reads the source twice. Errors: of appending; of reading the source's signatures.
[[nodiscard]] Result<SalvageReport> copy_events(Store::Impl& source, Store::Impl& destination, platform::Clock& clock,
                                                Timestamp genesis_time);

}  // namespace batpak::store
