#include "event/draft.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "crypto/blake3.hpp"
#include "event/frame_layout.hpp"
#include "event/frame_view.hpp"

namespace batpak::event {
namespace {

using base::store_le;
namespace in_header = layout::in_header;
namespace in_chain = layout::in_chain;

std::byte* put(std::byte* at, ByteView bytes) { return std::copy(bytes.begin(), bytes.end(), at); }

std::uint32_t presence_of(const DraftFields& fields) {
  std::uint32_t presence = 0;
  if (fields.correlation) presence |= layout::has_correlation;
  if (fields.causation) presence |= layout::has_causation;
  if (fields.idempotency_key) presence |= layout::has_idempotency_key;
  if (!fields.metadata.empty()) presence |= layout::has_metadata;
  if (!fields.extensions.empty()) presence |= layout::has_extensions;
  return presence;
}

}  // namespace

DraftFrame DraftFrame::begin(const DraftFields& fields, const Salt& metadata_salt) {
  assert(!fields.entity.empty() && fields.entity.size() <= limits::coordinate_part_bytes_max);
  assert(!fields.scope.empty() && fields.scope.size() <= limits::coordinate_part_bytes_max);
  assert(fields.extensions.size() <= limits::extension_bytes_max && fields.metadata.size() <= limits::metadata_bytes_max);
  const std::size_t optional_size = (fields.correlation ? 16U : 0U) + (fields.causation ? 16U : 0U) +
                                    (fields.idempotency_key ? 32U : 0U) + (fields.metadata.empty() ? 0U : 32U);
  const std::size_t names_size = fields.entity.size() + fields.scope.size() + fields.extensions.size();
  DraftFrame draft;
  draft.header_size_ = base::align_up(in_header::optional_fields + optional_size + names_size, 8) + in_chain::bytes_size;
  const std::size_t metadata_at = layout::header + draft.header_size_;
  const std::size_t metadata_size = fields.metadata.empty() ? 0 : layout::salted_prefix_bytes + fields.metadata.size();
  draft.payload_at_ = metadata_at + metadata_size;
  draft.frame_.reserve(draft.payload_at_ + layout::salted_prefix_bytes + 512);
  draft.frame_.resize(draft.payload_at_ + layout::salted_prefix_bytes);

  std::byte* const frame = draft.frame_.data();
  store_le<std::uint16_t>(frame + layout::frame_type, layout::frame_type_event);
  store_le(frame + layout::header_length, static_cast<std::uint32_t>(draft.header_size_));
  std::byte* const header = frame + layout::header;
  store_le(header + in_header::presence, presence_of(fields));
  store_le(header + in_header::kind, fields.kind.value());
  store_le(header + in_header::payload_version, fields.payload_version);
  store_le<std::uint16_t>(header + in_header::payload_encoding, layout::encoding_plain);
  store_le(header + in_header::entity_length, static_cast<std::uint16_t>(fields.entity.size()));
  store_le(header + in_header::scope_length, static_cast<std::uint16_t>(fields.scope.size()));
  store_le(header + in_header::extension_length, static_cast<std::uint16_t>(fields.extensions.size()));
  store_le(header + in_header::lane, fields.lane);
  store_le<std::uint32_t>(header + in_header::batch_size, 1);
  std::byte* at = header + in_header::optional_fields;
  if (fields.correlation) at = put(at, fields.correlation->bytes);
  if (fields.causation) at = put(at, fields.causation->bytes);
  if (fields.idempotency_key) at = put(at, fields.idempotency_key->bytes);
  if (!fields.metadata.empty()) {
    std::byte* const section = frame + metadata_at;
    store_le<std::uint64_t>(section, fields.metadata.size());
    put(put(section + layout::length_bytes, metadata_salt), fields.metadata);
    at = put(at, hash_metadata({section, metadata_size}).bytes);
  }
  at = put(at, base::as_bytes(fields.entity));
  at = put(at, base::as_bytes(fields.scope));
  put(at, fields.extensions);
  return draft;
}

Result<void> DraftFrame::finish(const Salt& payload_salt) {
  const std::size_t payload_size = frame_.size() - payload_at_ - layout::salted_prefix_bytes;
  if (payload_size == 0) return base::fail(ErrorCode::invalid_argument, "an event needs a payload of at least one byte");
  if (payload_size > limits::payload_bytes_max) {
    return base::fail(ErrorCode::payload_too_large, "the payload is " + std::to_string(payload_size) +
                                                        " bytes; the limit is " + std::to_string(limits::payload_bytes_max));
  }
  payload_end_ = frame_.size();
  frame_size_ = base::align_up(payload_end_, 8);
  // The zeros serve twice: as the padding of the hash's input and as that of the frame.
  const std::size_t section_size = layout::salted_prefix_bytes + payload_size;
  const std::size_t padded_size = base::align_up(section_size, layout::hash_block_bytes);
  frame_.resize(std::max(payload_at_ + padded_size, signed_frame_size()));
  std::byte* const section = frame_.data() + payload_at_;
  store_le<std::uint64_t>(section, payload_size);
  put(section + layout::length_bytes, payload_salt);
  put(frame_.data() + layout::header + in_header::content_hash,
      crypto::content_context().hash({section, padded_size}).bytes);
  return {};
}

std::size_t DraftFrame::signed_frame_size() const noexcept {
  return base::align_up(payload_end_ + layout::event_signature_bytes, 8);
}

std::string_view DraftFrame::entity() const noexcept {
  const std::byte* const header = frame_.data() + layout::header;
  const std::size_t entity_length = base::load_le<std::uint16_t>(header + in_header::entity_length);
  const auto presence = base::load_le<std::uint32_t>(header + in_header::presence);
  std::size_t at = in_header::optional_fields;
  if ((presence & layout::has_correlation) != 0) at += 16;
  if ((presence & layout::has_causation) != 0) at += 16;
  if ((presence & layout::has_idempotency_key) != 0) at += 32;
  if ((presence & layout::has_metadata) != 0) at += 32;
  return base::as_text(ByteView(header + at, entity_length));
}

EventKind DraftFrame::kind() const noexcept {
  return EventKind::from_value(base::load_le<std::uint16_t>(frame_.data() + layout::header + in_header::kind));
}

std::uint32_t DraftFrame::lane() const noexcept {
  return base::load_le<std::uint32_t>(frame_.data() + layout::header + in_header::lane);
}

Hash DraftFrame::content_hash() const noexcept {
  Hash hash;
  std::copy_n(frame_.data() + layout::header + in_header::content_hash, hash.bytes.size(), hash.bytes.data());
  return hash;
}

void DraftFrame::set_kind(EventKind kind) noexcept {
  store_le(frame_.data() + layout::header + in_header::kind, kind.value());
}

void DraftFrame::set_batch(std::uint32_t index, std::uint32_t size) noexcept {
  store_le(frame_.data() + layout::header + in_header::batch_index, index);
  store_le(frame_.data() + layout::header + in_header::batch_size, size);
}

Hash DraftFrame::complete(const ChainFields& chain, std::span<std::byte> out) const {
  assert(out.size() == frame_size() || out.size() == signed_frame_size());
  std::copy_n(frame_.begin(), out.size(), out.begin());
  const bool is_signed = out.size() != frame_size_;
  store_le<std::uint16_t>(out.data() + layout::state, is_signed ? layout::state_signed : 0);
  std::byte* const at = out.data() + layout::header + header_size_ - in_chain::bytes_size;
  store_le(at + in_chain::sequence, chain.sequence);
  store_le(at + in_chain::stream_version, chain.stream_version);
  store_le(at + in_chain::time_microseconds, static_cast<std::uint64_t>(chain.time.microseconds));
  store_le(at + in_chain::wall_microseconds, static_cast<std::uint64_t>(chain.wall_microseconds));
  store_le(at + in_chain::time_counter, chain.time.counter);
  store_le<std::uint32_t>(at + in_chain::reserved, 0);
  put(at + in_chain::event_id, chain.id.bytes);
  store_le(at + in_chain::previous_sequence, chain.previous_sequence);
  put(at + in_chain::previous_hash, chain.previous_hash.bytes);
  const Hash hash = hash_header({out.data() + layout::header, header_size_});
  put(out.data() + layout::event_hash, hash.bytes);
  return hash;
}

void put_event_signature(std::span<std::byte> frame, std::span<const std::byte> key_id,
                         std::span<const std::byte> signature) {
  // The signature ends where the padding begins; the padding is what the payload's end leaves to a multiple of 8.
  const std::size_t header_size = base::load_le<std::uint32_t>(frame.data() + layout::header_length);
  std::size_t at = layout::header + header_size;
  const auto presence = base::load_le<std::uint32_t>(frame.data() + layout::header + in_header::presence);
  if ((presence & layout::has_metadata) != 0) {
    at += layout::salted_prefix_bytes + base::load_le<std::uint64_t>(frame.data() + at);
  }
  if ((presence & layout::has_rule) != 0) at += layout::length_bytes + base::load_le<std::uint64_t>(frame.data() + at);
  at += layout::salted_prefix_bytes + base::load_le<std::uint64_t>(frame.data() + at);
  assert(at + layout::event_signature_bytes <= frame.size());
  put(put(frame.data() + at, key_id), signature);
}

Bytes event_signature_input(std::string_view origin, const Hash& event_hash) {
  Bytes input;
  base::append(input, base::as_bytes("batpak event signature v1\n"));
  base::append(input, base::as_bytes(origin));
  base::append(input, base::as_bytes("\n"));
  base::append(input, event_hash.bytes);
  return input;
}

}  // namespace batpak::event
