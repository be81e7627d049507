#include "recovery/key_plan.hpp"

#include <algorithm>
#include <limits>

#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "proof/revocation.hpp"

namespace batpak::recovery {
namespace {

using base::fail;
using proof::KeyHistory;

constexpr std::uint64_t any_size = std::numeric_limits<std::uint64_t>::max();

template <class T>
Result<KeyChange> change_of(const T& payload) {
  KeyChange change{.entity = T::entity, .kind = T::kind, .payload = {}};
  BATPAK_CHECK(encode_payload(change.payload, payload));
  return change;
}

// A store without a key: the first one is declared when something is appended.
Result<void> check_first(const OpeningKeys& keys) {
  if (!keys.previous_key && !keys.revocation) return {};
  return fail(ErrorCode::wrong_key, "the store has declared no key yet that could be changed");
}

// Whether the log ends its changes with this one.
bool is_recorded(const KeyHistory& declared, const KeyRevocation& revocation) {
  const auto& spans = declared.spans();
  const auto revoked = std::ranges::find(spans, revocation.revoked.bytes(), &KeySpan::key);
  return spans.back().origin == KeyOrigin::revocation && spans.back().key == revocation.successor.bytes() &&
         revoked != spans.end() && revoked->revoked_from && *revoked->revoked_from <= revocation.from;
}

// What signs every day is what is stolen; with the power to revoke, the thief would keep the store for good.
Result<void> check_not_recovery_key(const KeyHistory& declared, const KeyHistory::KeyBytes& new_key) {
  BATPAK_TRY(const PublicKey key, PublicKey::from_bytes(new_key));
  if (declared.recovery_key_hash() != recovery_key_hash(key)) return {};
  return fail(ErrorCode::invalid_argument,
              "the new key is the recovery key: who steals it from where it signs could then revoke it, and the owner would "
              "be locked out");
}

Result<std::optional<KeyChange>> plan_change(const KeyHistory& declared, const OpeningKeys& keys, std::string_view origin) {
  if (keys.revocation && !is_recorded(declared, *keys.revocation)) {
    if (*keys.key != keys.revocation->successor.bytes()) {
      return fail(ErrorCode::wrong_key, "the revocation names another successor than the key that the store is opened with");
    }
    if (keys.revocation->origin != origin) return fail(ErrorCode::wrong_key, "the revocation is of another store");
    return change_of(proof::event_of(*keys.revocation));
  }
  if (*keys.key == declared.current()) return std::nullopt;
  if (keys.previous_key != declared.current()) {
    const auto signers = declared.signers_of(any_size, declared.stored_size());
    const bool hands_over = signers.size() > 1 && std::ranges::find(signers, *keys.key) != signers.end();
    if (hands_over)
      return fail(ErrorCode::rotation_unfinished, "the key is about to be replaced, and the new one must sign too");
    return fail(ErrorCode::wrong_key, "the store is signed with another key");
  }
  return change_of(event::KeyRotation{.key = *keys.key, .previous_key = *keys.previous_key});
}

}  // namespace

Result<std::optional<KeyChange>> plan_keys(const KeyHistory& declared, const OpeningKeys& keys, std::string_view origin,
                                           std::uint64_t next_sequence) {
  if (declared.empty()) {
    BATPAK_CHECK(check_first(keys));
    return std::nullopt;
  }
  if (!keys.key) return fail(ErrorCode::key_required, "the store is signed and cannot be written without its key");
  if (keys.recovery_key_hash && keys.recovery_key_hash != declared.recovery_key_hash()) {
    return fail(ErrorCode::wrong_key, "the store's first key was declared with another recovery key, or with none");
  }
  Result<std::optional<KeyChange>> planned = plan_change(declared, keys, origin);
  if (!planned) return planned;
  const std::optional<KeyChange>& change = *planned;
  // Of a log that has it so already nothing is refused: its owner has to be able to write, and to change the key.
  if (change) BATPAK_CHECK(check_not_recovery_key(declared, *keys.key));
  if (!change && keys.previous_key && !declared.knows(*keys.previous_key)) {
    return fail(ErrorCode::wrong_key, "the previous key is none of the store's");
  }
  const bool unfinished = declared.signers_of(any_size, declared.stored_size()).size() > 1;
  if (unfinished && change && change->kind == event::KeyRotation::kind) {
    return fail(ErrorCode::rotation_unfinished,
                "the change of keys before is not finished: open the store with both of its keys first");
  }
  KeyHistory after = declared;
  if (change) BATPAK_CHECK(after.take(change->kind, change->payload, next_sequence, origin));
  for (const KeyHistory::KeyBytes& signer : after.signers_of(any_size, after.stored_size())) {
    if (signer == *keys.key || signer == keys.previous_key) continue;
    return fail(ErrorCode::rotation_unfinished,
                "a change of keys was interrupted: the key before must sign too, as previous_key");
  }
  return planned;
}

}  // namespace batpak::recovery
