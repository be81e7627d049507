// The keys that a log declares, judged change by change, and who must sign what.
//
// A checkpoint of size n is signed by every key from the one in force at the last stored checkpoint before it to the one declared
// last before n, except those that are revoked by then. So the one over a rotation is signed by both keys, the one over a
// revocation by the successor, every other one by the key in force. An event is signed by the key in force at its sequence,
// which for the event that declares a key is that key.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "batpak/checkpoint.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/key_chain.hpp"
#include "event/store_events.hpp"

namespace batpak::proof {

// Threads: one at a time.
class KeyHistory {
 public:
  using KeyBytes = std::array<std::byte, PublicKey::bytes_size>;

  // Whether events of this kind may change the keys: the genesis event, declarations, rotations, revocations.
  [[nodiscard]] static bool concerns(EventKind kind) noexcept;
  // The next such event. When it refuses, nothing changed. Errors: malformed for another form than the kind has; wrong_key,
  // bad_signature, invalid_argument for a change that nobody may make so.
  [[nodiscard]] Result<void> take(EventKind kind, ByteView payload, std::uint64_t sequence, std::string_view origin);
  // A stored checkpoint, by all the keys that must: those that the log declared before its end.
  void store(std::uint64_t size, const std::shared_ptr<const CheckpointNote>& note = {});

  [[nodiscard]] bool empty() const noexcept { return spans_.empty(); }
  [[nodiscard]] const std::vector<KeySpan>& spans() const noexcept { return spans_; }
  // The first stored checkpoint over the declaration of spans()[index], where it is known.
  [[nodiscard]] const std::shared_ptr<const CheckpointNote>& note(std::size_t index) const { return notes_[index]; }
  [[nodiscard]] const std::optional<Hash>& recovery_key_hash() const noexcept { return recovery_key_hash_; }
  [[nodiscard]] bool knows(const KeyBytes& key) const noexcept { return declared_.contains(key); }
  // The last one declared. Precondition: not empty().
  [[nodiscard]] const KeyBytes& current() const { return spans_.back().key; }
  // Declared at or before the sequence; null where none is.
  [[nodiscard]] const KeySpan* in_force_at(std::uint64_t sequence) const noexcept;
  // Who must sign the checkpoint of `size` behind a last stored one of `stored_size`, 0 where none is. Each key once.
  [[nodiscard]] std::vector<KeyBytes> signers_of(std::uint64_t size, std::uint64_t stored_size) const;
  // Whether a checkpoint of the size counts: no revocation voids it.
  [[nodiscard]] bool counts(std::uint64_t size) const noexcept;
  // Size of the last checkpoint that store() was told of.
  [[nodiscard]] std::uint64_t stored_size() const noexcept { return stored_size_; }
  // Whether a checkpoint of the size would cover a declaration that none covers yet.
  [[nodiscard]] bool awaits(std::uint64_t size) const noexcept {
    return uncovered_ < spans_.size() && spans_[uncovered_].from < size;
  }

 private:
  [[nodiscard]] Result<void> declare(const KeyBytes& key, const std::optional<KeyBytes>& recovery_hash,
                                     std::uint64_t sequence);
  [[nodiscard]] Result<void> rotate(const event::KeyRotation& rotation, std::uint64_t sequence);
  [[nodiscard]] Result<void> revoke(const event::KeyRevocation& event, std::uint64_t sequence, std::string_view origin);
  void add(const KeyBytes& key, KeyOrigin origin, std::uint64_t sequence);

  std::vector<KeySpan> spans_;
  std::set<KeyBytes> declared_;  // the keys of all spans: a forged log may hold very many
  std::vector<std::shared_ptr<const CheckpointNote>> notes_;
  // Of each span: sequence of the revocation that ended it, or of an earlier one of the same key.
  std::vector<std::optional<std::uint64_t>> revoked_at_;
  std::optional<Hash> recovery_key_hash_;
  std::uint64_t stored_size_ = 0;
  std::size_t uncovered_ = 0;  // the first span that no stored checkpoint covers
};

}  // namespace batpak::proof
