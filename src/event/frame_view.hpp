// An event frame as it stands in a segment, read field by field in place.
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "batpak/event.hpp"
#include "batpak/event_id.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/hash.hpp"
#include "batpak/timestamp.hpp"
#include "event/frame_layout.hpp"

namespace batpak::event {

// BLAKE3 over bytes as they stand in a frame, zero-padded to a multiple of 64: the header gives the event hash, a section with
// its length and salt the hash that the header holds of it.
[[nodiscard]] Hash hash_header(ByteView header);
[[nodiscard]] Hash hash_content(ByteView payload_section);
[[nodiscard]] Hash hash_metadata(ByteView metadata_section);
[[nodiscard]] Hash hash_rule(ByteView rule_section);

// The header of an event: the bytes the event hash is computed over, and everything about the event but its metadata,
// rule and payload. It stands in a frame, and alone in a receipt for strangers.
//
// Owner: whoever owns the bytes it was parsed from. Threads: a plain value.
class HeaderView {
 public:
  // Checks that every length agrees with `header`, that reserved bytes are zero, the names are what Coordinate allows,
  // and that nothing unknown is in it. Errors: malformed; newer_format for what a newer batpak may have written.
  [[nodiscard]] static Result<HeaderView> parse(ByteView header);

  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint32_t presence() const noexcept { return fixed<std::uint32_t>(layout::in_header::presence); }
  [[nodiscard]] EventKind kind() const noexcept {
    return EventKind::from_value(fixed<std::uint16_t>(layout::in_header::kind));
  }
  [[nodiscard]] std::uint16_t payload_version() const noexcept {
    return fixed<std::uint16_t>(layout::in_header::payload_version);
  }
  [[nodiscard]] std::uint32_t lane() const noexcept { return fixed<std::uint32_t>(layout::in_header::lane); }
  [[nodiscard]] std::uint32_t batch_index() const noexcept { return fixed<std::uint32_t>(layout::in_header::batch_index); }
  [[nodiscard]] std::uint32_t batch_size() const noexcept { return fixed<std::uint32_t>(layout::in_header::batch_size); }
  [[nodiscard]] Hash content_hash() const noexcept { return hash_at(layout::in_header::content_hash); }
  [[nodiscard]] std::optional<CorrelationId> correlation() const noexcept;
  [[nodiscard]] std::optional<EventId> causation() const noexcept;
  [[nodiscard]] std::optional<Hash> idempotency_key() const noexcept;
  [[nodiscard]] std::optional<Hash> metadata_hash() const noexcept;
  [[nodiscard]] std::optional<Hash> rule_hash() const noexcept;
  [[nodiscard]] std::string_view entity() const noexcept;
  [[nodiscard]] std::string_view scope() const noexcept;
  [[nodiscard]] ByteView extensions() const noexcept;
  // Where a salvage found the event, the last one where there were several; nothing where it was never salvaged.
  [[nodiscard]] std::optional<Position> salvaged_from() const noexcept;

  [[nodiscard]] std::uint64_t sequence() const noexcept { return chain<std::uint64_t>(layout::in_chain::sequence); }
  [[nodiscard]] std::uint64_t stream_version() const noexcept {
    return chain<std::uint64_t>(layout::in_chain::stream_version);
  }
  [[nodiscard]] Timestamp time() const noexcept {
    return {.microseconds = static_cast<std::int64_t>(chain<std::uint64_t>(layout::in_chain::time_microseconds)),
            .counter = chain<std::uint32_t>(layout::in_chain::time_counter)};
  }
  [[nodiscard]] std::int64_t wall_microseconds() const noexcept {
    return static_cast<std::int64_t>(chain<std::uint64_t>(layout::in_chain::wall_microseconds));
  }
  [[nodiscard]] EventId id() const noexcept;
  [[nodiscard]] std::uint64_t previous_sequence() const noexcept {
    return chain<std::uint64_t>(layout::in_chain::previous_sequence);
  }
  [[nodiscard]] Hash previous_hash() const noexcept { return hash_at(chain_offset() + layout::in_chain::previous_hash); }

  // BLAKE3 over the header, as docs/FORMAT.md says; what the event hash must equal.
  [[nodiscard]] Hash compute_event_hash() const { return hash_header(bytes_); }

 private:
  friend class FrameView;
  explicit HeaderView(ByteView bytes) : bytes_(bytes) {}

  template <class T>
  [[nodiscard]] T fixed(std::size_t offset) const noexcept {
    return base::load_le<T>(bytes_.data() + offset);
  }
  template <class T>
  [[nodiscard]] T chain(std::size_t offset) const noexcept {
    return base::load_le<T>(bytes_.data() + chain_offset() + offset);
  }
  [[nodiscard]] std::size_t chain_offset() const noexcept { return bytes_.size() - layout::in_chain::bytes_size; }
  [[nodiscard]] Hash hash_at(std::size_t offset) const noexcept;
  // Where an optional field stands, or would stand.
  [[nodiscard]] std::size_t optional_offset(std::uint32_t bit) const noexcept;
  [[nodiscard]] std::size_t entity_offset() const noexcept { return optional_offset(layout::presence_known + 1); }

  ByteView bytes_;
};

// A whole frame. Its CRC is the business of segment/, its hashes are recomputed by compute_event_hash() and
// compute_content_hash(); parse() only makes sure that every field can be read.
class FrameView {
 public:
  // `frame` is the whole frame with its leading CRC and length. Errors: as HeaderView::parse.
  [[nodiscard]] static Result<FrameView> parse(ByteView frame);
  // A frame that was parsed before, from where its parts() stood.
  [[nodiscard]] static FrameView from_parts(const detail::FrameParts& parts) noexcept;
  [[nodiscard]] detail::FrameParts parts() const noexcept;

  [[nodiscard]] ByteView bytes() const noexcept { return bytes_; }
  [[nodiscard]] const HeaderView& header() const noexcept { return header_; }
  [[nodiscard]] Hash event_hash() const noexcept;
  [[nodiscard]] bool payload_erased() const noexcept { return (state_ & layout::state_payload_erased) != 0; }
  [[nodiscard]] bool metadata_erased() const noexcept { return (state_ & layout::state_metadata_erased) != 0; }
  // Canonical MessagePack, empty where erased.
  [[nodiscard]] ByteView payload() const noexcept {
    return payload_erased() ? ByteView{} : payload_section().subspan(layout::salted_prefix_bytes);
  }
  // Canonical MessagePack map of string to value, empty where there is none or it is erased.
  [[nodiscard]] ByteView metadata() const noexcept {
    return metadata_size_ == 0 || metadata_erased() ? ByteView{} : metadata_section().subspan(layout::salted_prefix_bytes);
  }
  [[nodiscard]] ByteView rule() const noexcept {
    return rule_size_ == 0 ? ByteView{} : rule_section().subspan(layout::length_bytes);
  }
  // Key id and Ed25519 signature, or empty.
  [[nodiscard]] ByteView signature() const noexcept {
    return bytes_.subspan(payload_at_ + payload_size_,
                          (state_ & layout::state_signed) != 0 ? layout::event_signature_bytes : 0);
  }
  // Sections with their length and salt, as they are hashed; empty where absent.
  [[nodiscard]] ByteView metadata_section() const noexcept { return bytes_.subspan(metadata_at_, metadata_size_); }
  [[nodiscard]] ByteView rule_section() const noexcept { return bytes_.subspan(rule_at_, rule_size_); }
  [[nodiscard]] ByteView payload_section() const noexcept { return bytes_.subspan(payload_at_, payload_size_); }

  // From the bytes themselves, never from the stored hash. Meaningless for what is erased.
  [[nodiscard]] Hash compute_content_hash() const { return hash_content(payload_section()); }
  [[nodiscard]] Hash compute_metadata_hash() const { return hash_metadata(metadata_section()); }
  [[nodiscard]] Hash compute_rule_hash() const { return hash_rule(rule_section()); }
  // Whether the bytes give all the hashes that the frame states, but of what is erased.
  [[nodiscard]] bool gives_its_hashes() const;

 private:
  FrameView(ByteView bytes, HeaderView header) : bytes_(bytes), header_(header) {}

  ByteView bytes_;
  HeaderView header_;
  std::uint32_t metadata_at_ = 0;
  std::uint32_t metadata_size_ = 0;
  std::uint32_t rule_at_ = 0;
  std::uint32_t rule_size_ = 0;
  std::uint32_t payload_at_ = 0;
  std::uint32_t payload_size_ = 0;
  std::uint16_t state_ = 0;
};

}  // namespace batpak::event
