// The keys of a damaged store, and whether a key may sign what is salvaged of it.
#pragma once

#include "batpak/public_key.hpp"
#include "batpak/snapshot.hpp"
#include "event/store_meta.hpp"
#include "proof/key_history.hpp"

namespace batpak::store {

// As far as they can be read: from store.meta (`meta`, where it can) or the genesis event, and the changes of keys behind it that
// are whole and hold. What is lost, or does not follow from what is left, is passed over. Threads: any.
[[nodiscard]] proof::KeyHistory salvaged_keys(const std::optional<event::StoreMeta>& meta, const Snapshot& snapshot,
                                              std::string_view origin);

// Errors: invalid_argument for the recovery key; wrong_key for one that was revoked.
[[nodiscard]] Result<void> check_key_of_salvage(const proof::KeyHistory& source, const PublicKey& key);

}  // namespace batpak::store
