// An event on its way to the log: its frame, complete but for what only the writer knows.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/bytes.hpp"
#include "batpak/coordinate.hpp"
#include "batpak/event_id.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/hash.hpp"
#include "batpak/timestamp.hpp"

namespace batpak::event {

// What the caller decides about an event.
struct DraftFields {
  std::string_view entity;
  std::string_view scope;
  EventKind kind;
  std::uint16_t payload_version = 1;
  std::uint32_t lane = 0;
  std::optional<CorrelationId> correlation;
  std::optional<EventId> causation;
  std::optional<Hash> idempotency_key;
  ByteView metadata;    // canonical MessagePack map; empty: none
  ByteView extensions;  // records, see check in HeaderView::parse; empty: none
};

// What the writer decides.
struct ChainFields {
  std::uint64_t sequence = 0;
  std::uint64_t stream_version = 0;
  Timestamp time;
  std::int64_t wall_microseconds = 0;
  EventId id;
  std::uint64_t previous_sequence = 0;
  Hash previous_hash;
};

using Salt = std::array<std::byte, 16>;

// Made in the caller's thread: begin() lays out the frame up to the payload, the caller encodes the payload straight into
// payload_buffer(), finish() hashes it. The writer then copies the frame into the commit and completes it there.
//
//   DraftFrame draft = DraftFrame::begin(fields, metadata_salt);
//   encode_payload(draft.payload_buffer(), value);
//   draft.finish(payload_salt);
//
// Threads: one owner at a time.
class DraftFrame {
 public:
  // Precondition: names and metadata are within their limits; they were checked where they came in.
  [[nodiscard]] static DraftFrame begin(const DraftFields& fields, const Salt& metadata_salt);
  // Append the payload's bytes here, nothing else.
  [[nodiscard]] Bytes& payload_buffer() noexcept { return frame_; }
  // Errors: payload_too_large; invalid_argument for a payload of no bytes.
  [[nodiscard]] Result<void> finish(const Salt& payload_salt);

  // What finish() made; valid after it.
  [[nodiscard]] std::size_t frame_size() const noexcept { return frame_size_; }
  [[nodiscard]] std::size_t signed_frame_size() const noexcept;
  [[nodiscard]] std::string_view entity() const noexcept;
  [[nodiscard]] EventKind kind() const noexcept;
  [[nodiscard]] std::uint32_t lane() const noexcept;
  [[nodiscard]] Hash content_hash() const noexcept;
  void set_kind(EventKind kind) noexcept;
  void set_batch(std::uint32_t index, std::uint32_t size) noexcept;

  // Completes the frame in `out`, which is exactly frame_size() bytes (signed_frame_size() for a frame that will be signed),
  // and returns the event hash. Length and CRC are left to the segment room, the signature to sign_frame().
  Hash complete(const ChainFields& chain, std::span<std::byte> out) const;

 private:
  Bytes frame_;  // after finish() followed by at least one hash block of zeros
  std::size_t header_size_ = 0;
  std::size_t payload_at_ = 0;  // of its section
  std::size_t payload_end_ = 0;
  std::size_t frame_size_ = 0;
};

// Puts key id and signature where the state says they stand. Precondition: `frame` was completed as a signed frame.
void put_event_signature(std::span<std::byte> frame, std::span<const std::byte> key_id,
                         std::span<const std::byte> signature);

// What SigningPolicy::each_event signs: "batpak event signature v1\n" ‖ origin ‖ "\n" ‖ event hash.
[[nodiscard]] Bytes event_signature_input(std::string_view origin, const Hash& event_hash);

}  // namespace batpak::event
