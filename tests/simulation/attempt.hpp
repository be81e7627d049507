// What a store was asked for, what it answered, and what of it an opening has shown.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "batpak/batpak.hpp"

namespace batpak::test {

// A promise that was not kept, in words.
class Violation : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What one event was asked to be.
struct Wanted {
  std::uint64_t number = 0;  // another one in each event of a simulation; also in the payload
  std::string entity;
  std::string scope;
  std::string kind_name;
  Bytes payload;
  Metadata metadata;
  std::optional<CorrelationId> correlation;
  std::optional<EventId> causation;
};

// One append or batch, and what came of it. Times are those of the simulation's own count of calls and answers.
struct Attempt {
  enum class Answer : std::uint8_t {
    none,      // the call has not returned, or whether it happened is unknown
    accepted,  // there are receipts
    refused,   // the store said that it did not happen
    gone,      // a later opening did not show it: it must never come back
  };
  static constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();

  std::vector<Wanted> events;
  Durability durability = Durability::durable;
  std::vector<Receipt> receipts;
  Answer answer = Answer::none;
  std::uint64_t begun = 0;
  std::uint64_t ended = never;
};

// Every event that an opening once showed stands for good, whoever asked for it.
struct Known {
  EventId id;
  EventKind kind;
  Timestamp time;
  std::int64_t wall_microseconds = 0;
  std::uint64_t stream_version = 0;
  Hash event_hash;
  Hash previous_hash;
  Hash content_hash;
  bool lost = false;                       // to rot
  std::shared_ptr<const Attempt> attempt;  // none for the store's own events
  std::size_t index = 0;                   // in the attempt
  std::optional<Receipt> receipt;
};

}  // namespace batpak::test
