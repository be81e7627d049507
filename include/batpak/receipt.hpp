// What an accepted append returns.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "batpak/append_options.hpp"
#include "batpak/checkpoint.hpp"
#include "batpak/event_id.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/hash.hpp"
#include "batpak/timestamp.hpp"

namespace [[gnu::visibility("default")]] batpak {

// A sequence together with the event hash found there; what a caller keeps to come back to a place of the log.
struct Position {
  std::uint64_t sequence = 0;
  Hash event_hash;

  friend bool operator==(const Position&, const Position&) = default;
};

// Where the event is, when it was recorded, and the hashes that bind it to its history. Store::verify_receipt() checks one
// against the log by recomputing it from the bytes.
//
// Threads: a plain value.
struct Receipt {
  std::uint64_t sequence = 0;        // in the whole log, from 0
  std::uint64_t stream_version = 0;  // in its stream, from 0
  EventId event_id;
  EventKind kind;
  Timestamp time;                      // hybrid time of the log
  std::int64_t wall_microseconds = 0;  // the wall clock as it was read
  bool clock_skew = false;             // the two differ by more than OpenOptions::clock_skew_max
  Hash event_hash;
  Hash previous_hash;
  Hash content_hash;
  Durability durability = Durability::durable;  // reached when the receipt was given

  // With a signing key, and reached Durability::durable: the signed note of the commit's checkpoint, which covers this event.
  // Shared by all receipts of a commit; null otherwise.
  std::shared_ptr<const CheckpointNote> checkpoint;
  // With SigningPolicy::each_event: the store's signature of the event hash.
  std::optional<std::array<std::byte, 64>> event_signature;

  [[nodiscard]] Position position() const { return {.sequence = sequence, .event_hash = event_hash}; }
};

}  // namespace batpak
