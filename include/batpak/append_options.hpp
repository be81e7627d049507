// What a caller may say about an append beside coordinate and payload.
#pragma once

#include <cstdint>
#include <optional>

#include "batpak/event_id.hpp"
#include "batpak/metadata.hpp"

namespace [[gnu::visibility("default")]] batpak {

// How far an event must have come before the append returns.
enum class Durability : std::uint8_t {
  durable,   // on the device: survives power loss
  buffered,  // accepted and visible here; durable with the next sync, at the latest after OpenOptions::sync_interval. A crash
             // may take the events since the last sync, always from the end and in whole commits.
};

[[nodiscard]] std::string_view to_string(Durability durability) noexcept;

// Of one event, alone or in a batch.
struct EventOptions {
  std::optional<CorrelationId> correlation = {};  // the story this belongs to
  std::optional<EventId> causation = {};          // the event this follows from; not checked to exist
  Metadata metadata = {};
};

// Of a single append.
struct AppendOptions {
  std::optional<CorrelationId> correlation = {};
  std::optional<EventId> causation = {};
  Metadata metadata = {};
  Durability durability = Durability::durable;
};

// Of a batch as a whole.
struct BatchOptions {
  Durability durability = Durability::durable;
};

}  // namespace batpak
