// Where each byte of an event frame stands. docs/FORMAT.md, "Frame", is the reference; numbers are little-endian.
//
//   offset      size  field
//   0           4     CRC-32C of bytes 4..length          | read and written by segment/, to which the rest is opaque
//   4           4     length of the frame, a multiple of 8 |
//   8           2     frame type, 1
//   10          2     state: bit 0 payload erased, bit 1 metadata erased, bit 2 event signature present
//   12          4     H, length of the header
//   16          32    event hash
//   48          H     header: the input of the event hash
//   48+H        24+M  metadata section: M (8), salt (16), metadata     | only where the header says so
//   …           8+R   rule section: R (8), rule                        |
//   …           24+P  payload section: P (8), salt (16), payload
//   …           68    event signature: key id (4), Ed25519 signature (64); only where the state says so
//   …           0–7   zero
//
// Every section is the input of its own hash, just as it stands here.
//
// Header, whose last 96 bytes depend on the events before it:
//
//   0           4     presence of optional fields, a bit each
//   4           2     kind
//   6           2     payload version
//   8           2     payload encoding, 0 for plain MessagePack
//   10          2     E, length of the entity
//   12          2     C, length of the scope
//   14          2     X, length of the extensions
//   16          4     lane
//   20          4     index in batch
//   24          4     batch size
//   28          4     zero
//   32          32    content hash
//   64          16    correlation        | each only where its presence bit is set
//               16    causation          |
//               32    idempotency key    |
//               32    metadata hash      |
//               32    rule hash          |
//               E     entity
//               C     scope
//               X     extensions
//               0–7   zero, so that what follows stands at a multiple of 8
//   H-96        8     sequence
//   H-88        8     stream version
//   H-80        8     time, microseconds, signed
//   H-72        8     wall clock as read, microseconds, signed
//   H-64        4     time, counter
//   H-60        4     zero
//   H-56        16    event id
//   H-40        8     previous sequence: of the stream's previous event, or of where the stream begins
//   H-32        32    previous hash: the event hash of that event
#pragma once

#include <cstddef>
#include <cstdint>

namespace batpak::event::layout {

inline constexpr std::size_t frame_type = 8;
inline constexpr std::size_t state = 10;
inline constexpr std::size_t header_length = 12;
inline constexpr std::size_t event_hash = 16;
inline constexpr std::size_t header = 48;

inline constexpr std::uint16_t frame_type_event = 1;
inline constexpr std::uint16_t state_payload_erased = 1U << 0U;
inline constexpr std::uint16_t state_metadata_erased = 1U << 1U;
inline constexpr std::uint16_t state_signed = 1U << 2U;
inline constexpr std::uint16_t state_known = state_payload_erased | state_metadata_erased | state_signed;

namespace in_header {
inline constexpr std::size_t presence = 0;
inline constexpr std::size_t kind = 4;
inline constexpr std::size_t payload_version = 6;
inline constexpr std::size_t payload_encoding = 8;
inline constexpr std::size_t entity_length = 10;
inline constexpr std::size_t scope_length = 12;
inline constexpr std::size_t extension_length = 14;
inline constexpr std::size_t lane = 16;
inline constexpr std::size_t batch_index = 20;
inline constexpr std::size_t batch_size = 24;
inline constexpr std::size_t reserved = 28;
inline constexpr std::size_t content_hash = 32;
inline constexpr std::size_t optional_fields = 64;
}  // namespace in_header

namespace in_chain {
inline constexpr std::size_t sequence = 0;
inline constexpr std::size_t stream_version = 8;
inline constexpr std::size_t time_microseconds = 16;
inline constexpr std::size_t wall_microseconds = 24;
inline constexpr std::size_t time_counter = 32;
inline constexpr std::size_t reserved = 36;
inline constexpr std::size_t event_id = 40;
inline constexpr std::size_t previous_sequence = 56;
inline constexpr std::size_t previous_hash = 64;
inline constexpr std::size_t bytes_size = 96;
}  // namespace in_chain

inline constexpr std::uint32_t has_correlation = 1U << 0U;
inline constexpr std::uint32_t has_causation = 1U << 1U;
inline constexpr std::uint32_t has_idempotency_key = 1U << 2U;
inline constexpr std::uint32_t has_metadata = 1U << 3U;
inline constexpr std::uint32_t has_rule = 1U << 4U;
inline constexpr std::uint32_t has_extensions = 1U << 5U;
inline constexpr std::uint32_t presence_known = (1U << 6U) - 1;

inline constexpr std::uint16_t encoding_plain = 0;
inline constexpr std::size_t length_bytes = 8;
inline constexpr std::size_t salt_bytes = 16;
inline constexpr std::size_t salted_prefix_bytes = length_bytes + salt_bytes;
inline constexpr std::size_t hash_block_bytes = 64;  // inputs of hashes are zero-padded to a multiple of this
inline constexpr std::size_t event_signature_bytes = 4 + 64;
inline constexpr std::size_t header_bytes_min = in_header::optional_fields + in_chain::bytes_size;

}  // namespace batpak::event::layout
