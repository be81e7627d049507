#include "proof/revocation.hpp"

#include "base/bytes.hpp"
#include "base/try.hpp"
#include "crypto/sha256.hpp"
#include "proof/checked_signature.hpp"

namespace batpak {
namespace {

using base::fail;

Bytes signed_bytes(std::string_view origin, const PublicKey& revoked, std::uint64_t from, const PublicKey& successor) {
  Bytes bytes;
  base::append(bytes, base::as_bytes("batpak key revocation v1\n"));
  base::append(bytes, base::as_bytes(origin));
  base::append(bytes, base::as_bytes("\n"));
  base::append(bytes, revoked.bytes());
  base::append_le(bytes, from);
  base::append(bytes, successor.bytes());
  return bytes;
}

}  // namespace

Hash recovery_key_hash(const PublicKey& recovery_key) noexcept {
  Bytes bytes;
  base::append(bytes, base::as_bytes("batpak recovery key v1\n"));
  base::append(bytes, recovery_key.bytes());
  return crypto::sha256(bytes);
}

Result<KeyRevocation> make_revocation(const Signer& recovery_key, std::string_view origin, const PublicKey& revoked,
                                      std::uint64_t from, const PublicKey& successor) {
  if (revoked == successor) return fail(ErrorCode::invalid_argument, "a key cannot be its own successor");
  if (successor == recovery_key.public_key()) {
    return fail(ErrorCode::invalid_argument,
                "the recovery key cannot be the successor: who steals that could then revoke it, and the owner would be "
                "locked out");
  }
  BATPAK_TRY(const Signer::Signature signature,
             proof::checked_signature(recovery_key, signed_bytes(origin, revoked, from, successor)));
  return KeyRevocation{.origin = std::string(origin),
                       .revoked = revoked,
                       .from = from,
                       .successor = successor,
                       .recovery_key = recovery_key.public_key(),
                       .signature = signature};
}

Result<void> verify_revocation(const KeyRevocation& revocation, const Hash& committed_hash) {
  if (recovery_key_hash(revocation.recovery_key) != committed_hash) {
    return fail(ErrorCode::wrong_key, "the revocation is by another recovery key than the one that the store named");
  }
  const Bytes bytes = signed_bytes(revocation.origin, revocation.revoked, revocation.from, revocation.successor);
  if (!revocation.recovery_key.verifies(bytes, revocation.signature)) {
    return fail(ErrorCode::bad_signature, "the recovery key's signature does not verify");
  }
  return {};
}

namespace proof {

event::KeyRevocation event_of(const KeyRevocation& revocation) {
  return {.from = revocation.from,
          .key = revocation.successor.bytes(),
          .recovery_key = revocation.recovery_key.bytes(),
          .revoked_key = revocation.revoked.bytes(),
          .signature = revocation.signature};
}

Result<KeyRevocation> revocation_of(const event::KeyRevocation& event, std::string_view origin) {
  BATPAK_TRY(const PublicKey revoked, PublicKey::from_bytes(event.revoked_key));
  BATPAK_TRY(const PublicKey successor, PublicKey::from_bytes(event.key));
  BATPAK_TRY(const PublicKey recovery_key, PublicKey::from_bytes(event.recovery_key));
  return KeyRevocation{.origin = std::string(origin),
                       .revoked = revoked,
                       .from = event.from,
                       .successor = successor,
                       .recovery_key = recovery_key,
                       .signature = event.signature};
}

}  // namespace proof
}  // namespace batpak
