// The word of a recovery key: from here on another key does not count, and a third one signs.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "batpak/error.hpp"
#include "batpak/hash.hpp"
#include "batpak/public_key.hpp"
#include "batpak/signer.hpp"

namespace [[gnu::visibility("default")]] batpak {

// What a store's first key declaration commits to: SHA-256("batpak recovery key v1\n" ‖ key). The key itself is kept away from
// the machine until it is needed.
[[nodiscard]] Hash recovery_key_hash(const PublicKey& recovery_key) noexcept;

// A statement for one store. OpenOptions::revocation puts it into the log.
//
// Threads: a plain value.
struct KeyRevocation {
  std::string origin;  // of the store
  PublicKey revoked;   // it, and every key declared after it but the successor, does not count any more
  std::uint64_t from;  // for events of this sequence and after, and for checkpoints of a larger size
  PublicKey successor;
  PublicKey recovery_key;
  Signer::Signature signature;  // the recovery key's

  friend bool operator==(const KeyRevocation&, const KeyRevocation&) = default;
};

// Where the recovery key is kept, which needs to know nothing of the store but what it is told here.
// Errors: invalid_argument for a successor that is the revoked key, or the recovery key: that one is stolen where it signs, and
// its thief could revoke the owner. Those of the signer.
[[nodiscard]] Result<KeyRevocation> make_revocation(const Signer& recovery_key, std::string_view origin,
                                                    const PublicKey& revoked, std::uint64_t from,
                                                    const PublicKey& successor);

// Whether the recovery key that was committed to said so. Errors: wrong_key, bad_signature.
[[nodiscard]] Result<void> verify_revocation(const KeyRevocation& revocation, const Hash& committed_hash);

}  // namespace batpak
