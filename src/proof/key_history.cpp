#include "proof/key_history.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "proof/revocation.hpp"

namespace batpak::proof {
namespace {

using base::fail;

}  // namespace

bool KeyHistory::concerns(EventKind kind) noexcept {
  return kind == event::Genesis::kind || kind == event::KeyDeclaration::kind || kind == event::KeyRotation::kind ||
         kind == event::KeyRevocation::kind;
}

Result<void> KeyHistory::take(EventKind kind, ByteView payload, std::uint64_t sequence, std::string_view origin) {
  if (kind == event::Genesis::kind) {
    BATPAK_TRY(const auto genesis, event::read_store_event<event::Genesis>(payload));
    return genesis.key ? declare(*genesis.key, genesis.recovery_key_hash, sequence) : Result<void>();
  }
  if (kind == event::KeyDeclaration::kind) {
    BATPAK_TRY(const auto declaration, event::read_store_event<event::KeyDeclaration>(payload));
    return declare(declaration.key, declaration.recovery_key_hash, sequence);
  }
  if (kind == event::KeyRotation::kind) {
    BATPAK_TRY(const auto rotation, event::read_store_event<event::KeyRotation>(payload));
    return rotate(rotation, sequence);
  }
  BATPAK_TRY(const auto revocation, event::read_store_event<event::KeyRevocation>(payload));
  return revoke(revocation, sequence, origin);
}

Result<void> KeyHistory::declare(const KeyBytes& key, const std::optional<KeyBytes>& recovery_hash, std::uint64_t sequence) {
  if (!empty()) return fail(ErrorCode::invalid_argument, "a key is declared though the store has one");
  if (recovery_hash) recovery_key_hash_ = Hash{*recovery_hash};
  add(key, KeyOrigin::first, sequence);
  return {};
}

Result<void> KeyHistory::rotate(const event::KeyRotation& rotation, std::uint64_t sequence) {
  if (empty()) return fail(ErrorCode::wrong_key, "a key is changed though the store has none");
  if (rotation.previous_key != current()) return fail(ErrorCode::wrong_key, "a key is changed that is not the one in force");
  if (knows(rotation.key)) return fail(ErrorCode::wrong_key, "a key that was declared before is declared again");
  add(rotation.key, KeyOrigin::rotation, sequence);
  return {};
}

Result<void> KeyHistory::revoke(const event::KeyRevocation& event, std::uint64_t sequence, std::string_view origin) {
  const auto revoked = std::ranges::find(spans_, event.revoked_key, &KeySpan::key);
  if (revoked == spans_.end()) return fail(ErrorCode::wrong_key, "a key is revoked that was not declared");
  if (event.key == event.revoked_key || (event.key != current() && knows(event.key))) {
    return fail(ErrorCode::wrong_key, "the successor of a revoked key is neither new nor the one in force");
  }
  if (event.from > sequence) return fail(ErrorCode::invalid_argument, "a key is revoked from a place behind the revocation");
  if (!recovery_key_hash_) return fail(ErrorCode::wrong_key, "a key is revoked though the store named no recovery key");
  BATPAK_TRY(const KeyRevocation statement, revocation_of(event, origin));
  BATPAK_CHECK(verify_revocation(statement, *recovery_key_hash_));
  // Whom a key that does not count any more has named counts for nothing either, unless the recovery key names it too.
  for (auto i = static_cast<std::size_t>(revoked - spans_.begin()); i < spans_.size(); ++i) {
    if (spans_[i].key == event.key) continue;
    spans_[i].revoked_from = std::min(spans_[i].revoked_from.value_or(event.from), event.from);
    if (!revoked_at_[i]) revoked_at_[i] = sequence;
  }
  add(event.key, KeyOrigin::revocation, sequence);
  return {};
}

void KeyHistory::add(const KeyBytes& key, KeyOrigin origin, std::uint64_t sequence) {
  if (!empty()) spans_.back().until = sequence;
  declared_.insert(key);
  spans_.push_back({.key = key, .origin = origin, .from = sequence, .until = {}, .revoked_from = {}, .covered_by = {}});
  notes_.emplace_back();
  revoked_at_.emplace_back();
}

void KeyHistory::store(std::uint64_t size, const std::shared_ptr<const CheckpointNote>& note) {
  stored_size_ = size;
  for (; uncovered_ < spans_.size() && spans_[uncovered_].from < size; ++uncovered_) {
    spans_[uncovered_].covered_by = size;
    notes_[uncovered_] = note;
  }
}

const KeySpan* KeyHistory::in_force_at(std::uint64_t sequence) const noexcept {
  const auto behind = std::ranges::upper_bound(spans_, sequence, {}, &KeySpan::from);
  return behind == spans_.begin() ? nullptr : &*std::prev(behind);
}

bool KeyHistory::counts(std::uint64_t size) const noexcept {
  const KeySpan* const span = size == 0 ? nullptr : in_force_at(size - 1);
  return span == nullptr || !span->revoked_from || size <= *span->revoked_from;
}

std::vector<KeyHistory::KeyBytes> KeyHistory::signers_of(std::uint64_t size, std::uint64_t stored_size) const {
  std::vector<KeyBytes> signers;
  std::set<KeyBytes> seen;
  if (size == 0) return signers;
  const KeySpan* const last = in_force_at(size - 1);
  if (last == nullptr) return signers;
  const KeySpan* first = stored_size == 0 ? nullptr : in_force_at(std::min(stored_size, size) - 1);
  if (first == nullptr) first = spans_.data();
  for (const KeySpan* span = first; span <= last; ++span) {
    const auto& revoked_at = revoked_at_[static_cast<std::size_t>(span - spans_.data())];
    if (revoked_at && *revoked_at < size) continue;
    if (seen.insert(span->key).second) signers.push_back(span->key);
  }
  return signers;
}

}  // namespace batpak::proof
