// Revocations of keys as the log holds them: the side of batpak/key_revocation.hpp that knows the event.
//
// What the recovery key signs:
//
//   "batpak key revocation v1\n" ‖ origin ‖ "\n" ‖ revoked key (32) ‖ from (8, little-endian) ‖ successor (32)
#pragma once

#include <string_view>

#include "batpak/key_revocation.hpp"
#include "event/store_events.hpp"

namespace batpak::proof {

[[nodiscard]] event::KeyRevocation event_of(const KeyRevocation& revocation);

// Errors: malformed_key, where one of the keys is none.
[[nodiscard]] Result<KeyRevocation> revocation_of(const event::KeyRevocation& event, std::string_view origin);

}  // namespace batpak::proof
