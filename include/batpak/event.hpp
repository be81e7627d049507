// An event read back from the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "batpak/codec.hpp"
#include "batpak/event_id.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/hash.hpp"
#include "batpak/metadata.hpp"
#include "batpak/payload_type.hpp"
#include "batpak/receipt.hpp"
#include "batpak/timestamp.hpp"

namespace [[gnu::visibility("default")]] batpak {

namespace detail {

// Where the parts of a frame stand, found once when it was read.
struct FrameParts {
  const std::byte* frame = nullptr;
  std::uint32_t frame_size = 0;
  std::uint32_t header_size = 0;
  std::uint32_t metadata_at = 0;
  std::uint32_t metadata_size = 0;
  std::uint32_t rule_at = 0;
  std::uint32_t rule_size = 0;
  std::uint32_t payload_at = 0;
  std::uint32_t payload_size = 0;
  std::uint16_t state = 0;
};

// The names of kinds, as the log declares them.
class KindNames {
 public:
  virtual ~KindNames() = default;
  // Empty where the kind was never declared.
  [[nodiscard]] virtual std::string_view name_of(EventKind kind) const = 0;
};

}  // namespace detail

// A view of one event in the mapped log: nothing is copied and nothing decoded before it is asked for. The frame's CRC was
// checked when the view was made.
//
// Owner: the Snapshot it came from; a view must not outlive it (Event is one that keeps its snapshot itself).
// Threads: a plain value, readable from any thread.
class EventView {
 public:
  EventView() = default;
  EventView(const detail::FrameParts& parts, const detail::KindNames* names) : parts_(parts), names_(names) {}

  [[nodiscard]] std::uint64_t sequence() const;
  [[nodiscard]] std::uint64_t stream_version() const;
  [[nodiscard]] EventId id() const;
  [[nodiscard]] EventKind kind() const;
  [[nodiscard]] std::string_view kind_name() const;  // as declared; "batpak.…" for the store's own kinds
  [[nodiscard]] std::uint16_t payload_version() const;
  [[nodiscard]] std::string_view entity() const;
  [[nodiscard]] std::string_view scope() const;
  [[nodiscard]] std::uint32_t lane() const;
  [[nodiscard]] Timestamp time() const;
  [[nodiscard]] std::int64_t wall_microseconds() const;
  [[nodiscard]] std::optional<CorrelationId> correlation() const;
  [[nodiscard]] std::optional<EventId> causation() const;
  [[nodiscard]] std::uint32_t batch_index() const;
  [[nodiscard]] std::uint32_t batch_size() const;
  [[nodiscard]] std::uint64_t previous_sequence() const;
  [[nodiscard]] Hash previous_hash() const;
  [[nodiscard]] Hash event_hash() const;
  [[nodiscard]] Hash content_hash() const;
  [[nodiscard]] Position position() const { return {.sequence = sequence(), .event_hash = event_hash()}; }
  // Of an event that salvage() copied: where it stood in the log that was salvaged, the last one where there were several.
  [[nodiscard]] std::optional<Position> salvaged_from() const;
  // Key id (4 bytes) and Ed25519 signature (64), or empty.
  [[nodiscard]] std::span<const std::byte> signature() const;
  [[nodiscard]] bool payload_erased() const;

  // Canonical MessagePack; empty where erased.
  [[nodiscard]] std::span<const std::byte> payload() const;
  // Errors: of decoding.
  [[nodiscard]] Result<Metadata> metadata() const;
  // Recomputed from the payload's bytes; what content_hash() must equal. Meaningless where erased.
  [[nodiscard]] Hash compute_content_hash() const;
  // The whole frame, as it stands in its segment.
  [[nodiscard]] std::span<const std::byte> frame_bytes() const { return {parts_.frame, parts_.frame_size}; }
  // The header bytes that the event hash is computed over; see docs/FORMAT.md.
  [[nodiscard]] std::span<const std::byte> header() const;

  // Whether this is an event of type T: by its kind, or by the name the log declares for it.
  template <class T>
  [[nodiscard]] bool is() const {
    return is_type(detail::payload_type<T>().type);
  }
  // The payload as a T. Errors: kind_mismatch, version_mismatch, not_found for an erased payload, and those of decoding.
  template <class T>
  [[nodiscard]] Result<T> as() const {
    if (auto checked = check_type(detail::payload_type<T>().type); !checked)
      return std::unexpected(std::move(checked).error());
    return decode_payload<T>(payload());
  }

 private:
  [[nodiscard]] bool is_type(const EventType& type) const;
  [[nodiscard]] Result<void> check_type(const EventType& type) const;

  detail::FrameParts parts_;
  const detail::KindNames* names_ = nullptr;
};

// An event that keeps the snapshot it came from.
class Event : public EventView {
 public:
  Event(const EventView& view, std::shared_ptr<const void> keep_alive)
      : EventView(view), keep_alive_(std::move(keep_alive)) {}

 private:
  std::shared_ptr<const void> keep_alive_;
};

}  // namespace batpak
