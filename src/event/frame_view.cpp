#include "event/frame_view.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "crypto/blake3.hpp"
#include "event/store_events.hpp"

namespace batpak::event {
namespace {

using base::fail;
using base::load_le;
namespace in_header = layout::in_header;
namespace in_chain = layout::in_chain;

struct OptionalField {
  std::uint32_t bit;
  std::size_t size;
};
// In the order in which they stand.
constexpr std::array<OptionalField, 5> optional_fields{{{layout::has_correlation, 16},
                                                        {layout::has_causation, 16},
                                                        {layout::has_idempotency_key, 32},
                                                        {layout::has_metadata, 32},
                                                        {layout::has_rule, 32}}};

constexpr std::array<std::uint8_t, 32> make_optional_sizes() {
  std::array<std::uint8_t, 32> sizes{};
  for (std::uint32_t presence = 0; presence < sizes.size(); ++presence) {
    for (const OptionalField& field : optional_fields) {
      if ((presence & field.bit) != 0) sizes[presence] = static_cast<std::uint8_t>(sizes[presence] + field.size);
    }
  }
  return sizes;
}
// Bytes taken by the optional fields of every combination of the lowest five presence bits.
constexpr auto optional_sizes = make_optional_sizes();

template <class Id>
Id id_at(ByteView bytes, std::size_t offset) noexcept {
  Id id;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), id.bytes.size(), id.bytes.begin());
  return id;
}

// Zero-pads to whole blocks, on the stack unless the input is long.
Hash hash_padded(const crypto::Blake3Context& context, ByteView input) {
  const std::size_t padded = base::align_up(input.size(), layout::hash_block_bytes);
  if (padded == input.size()) return context.hash(input);
  std::array<std::byte, 2048> small;
  if (padded <= small.size()) {
    std::fill(std::copy(input.begin(), input.end(), small.begin()), small.begin() + static_cast<std::ptrdiff_t>(padded),
              std::byte{0});
    return context.hash(ByteView(small).first(padded));
  }
  Bytes large(padded);
  std::copy(input.begin(), input.end(), large.begin());
  return context.hash(large);
}

// A section starts with the length of what follows its prefix. Returns the size of the whole section.
Result<std::uint64_t> section_size(ByteView rest, std::size_t prefix_bytes, std::uint64_t bytes_max) {
  if (rest.size() < prefix_bytes) return fail(ErrorCode::malformed, "a section of the frame is cut off");
  const auto length = load_le<std::uint64_t>(rest.data());
  if (length == 0 || length > bytes_max || length > rest.size() - prefix_bytes) {
    return fail(ErrorCode::malformed, "a section's length is out of range");
  }
  return prefix_bytes + length;
}

// What is erased is gone: salt and bytes are zero, the length stays.
bool is_erased(ByteView salted_section) { return base::all_zero(salted_section.subspan(layout::length_bytes)); }

Result<void> check_extensions(ByteView extensions) {
  // Records of type (2), length (2), bytes. A type with its highest bit set may be ignored by who does not know it.
  while (!extensions.empty()) {
    if (extensions.size() < 4) return fail(ErrorCode::malformed, "an extension record is cut off");
    const auto type = load_le<std::uint16_t>(extensions.data());
    const auto length = load_le<std::uint16_t>(extensions.data() + 2);
    if (length > extensions.size() - 4) return fail(ErrorCode::malformed, "an extension record is longer than its area");
    if ((type & 0x8000U) == 0) {
      return fail(ErrorCode::newer_format, "the event has an extension that this version must not ignore");
    }
    extensions = extensions.subspan(4 + length);
  }
  return {};
}

}  // namespace

Result<HeaderView> HeaderView::parse(ByteView header) {
  if (header.size() < layout::header_bytes_min) return fail(ErrorCode::malformed, "the event header is too short");
  const HeaderView view(header);
  const std::uint32_t presence = view.presence();
  if ((presence & ~layout::presence_known) != 0) {
    return fail(ErrorCode::newer_format, "the event header has a field that this version does not know");
  }
  if (view.fixed<std::uint16_t>(in_header::payload_encoding) != layout::encoding_plain) {
    return fail(ErrorCode::newer_format, "the payload has an encoding that this version does not know");
  }
  const std::size_t entity_length = view.fixed<std::uint16_t>(in_header::entity_length);
  const std::size_t scope_length = view.fixed<std::uint16_t>(in_header::scope_length);
  const std::size_t extension_length = view.fixed<std::uint16_t>(in_header::extension_length);
  if (entity_length == 0 || entity_length > limits::coordinate_part_bytes_max || scope_length == 0 ||
      scope_length > limits::coordinate_part_bytes_max || extension_length > limits::extension_bytes_max) {
    return fail(ErrorCode::malformed, "a length in the event header is out of range");
  }
  if (((presence & layout::has_extensions) != 0) != (extension_length != 0)) {
    return fail(ErrorCode::malformed, "the event header contradicts itself about extensions");
  }
  const std::size_t names_end = view.entity_offset() + entity_length + scope_length + extension_length;
  if (header.size() != base::align_up(names_end, 8) + in_chain::bytes_size) {
    return fail(ErrorCode::malformed, "the event header's length contradicts its fields");
  }
  const std::size_t padding = header.size() - in_chain::bytes_size - names_end;
  if (view.fixed<std::uint32_t>(in_header::reserved) != 0 || view.chain<std::uint32_t>(in_chain::reserved) != 0 ||
      !base::all_zero(header.subspan(names_end, padding))) {
    return fail(ErrorCode::malformed, "reserved bytes of the event header are not zero");
  }
  if (view.batch_size() == 0 || view.batch_index() >= view.batch_size()) {
    return fail(ErrorCode::malformed, "the event's place in its batch is impossible");
  }
  if (!base::is_plain_text(base::as_text(header.subspan(view.entity_offset(), entity_length))) ||
      !base::is_plain_text(base::as_text(header.subspan(view.entity_offset() + entity_length, scope_length)))) {
    return fail(ErrorCode::malformed, "a name in the event header is not UTF-8 or holds a control character");
  }
  BATPAK_CHECK(check_extensions(view.extensions()));
  return view;
}

std::size_t HeaderView::optional_offset(std::uint32_t bit) const noexcept {
  return in_header::optional_fields + optional_sizes[presence() & (bit - 1) & (optional_sizes.size() - 1)];
}

Hash HeaderView::hash_at(std::size_t offset) const noexcept { return id_at<Hash>(bytes_, offset); }

std::optional<CorrelationId> HeaderView::correlation() const noexcept {
  if ((presence() & layout::has_correlation) == 0) return std::nullopt;
  return id_at<CorrelationId>(bytes_, optional_offset(layout::has_correlation));
}

std::optional<EventId> HeaderView::causation() const noexcept {
  if ((presence() & layout::has_causation) == 0) return std::nullopt;
  return id_at<EventId>(bytes_, optional_offset(layout::has_causation));
}

std::optional<Hash> HeaderView::idempotency_key() const noexcept {
  if ((presence() & layout::has_idempotency_key) == 0) return std::nullopt;
  return hash_at(optional_offset(layout::has_idempotency_key));
}

std::optional<Hash> HeaderView::metadata_hash() const noexcept {
  if ((presence() & layout::has_metadata) == 0) return std::nullopt;
  return hash_at(optional_offset(layout::has_metadata));
}

std::optional<Hash> HeaderView::rule_hash() const noexcept {
  if ((presence() & layout::has_rule) == 0) return std::nullopt;
  return hash_at(optional_offset(layout::has_rule));
}

std::string_view HeaderView::entity() const noexcept {
  return base::as_text(bytes_.subspan(entity_offset(), fixed<std::uint16_t>(in_header::entity_length)));
}

std::string_view HeaderView::scope() const noexcept {
  return base::as_text(bytes_.subspan(entity_offset() + fixed<std::uint16_t>(in_header::entity_length),
                                      fixed<std::uint16_t>(in_header::scope_length)));
}

ByteView HeaderView::extensions() const noexcept {
  const std::size_t at =
      entity_offset() + fixed<std::uint16_t>(in_header::entity_length) + fixed<std::uint16_t>(in_header::scope_length);
  return bytes_.subspan(at, fixed<std::uint16_t>(in_header::extension_length));
}

std::optional<Position> HeaderView::salvaged_from() const noexcept {
  std::optional<Position> found;
  ByteView records = extensions();
  while (!records.empty()) {  // parse() made sure that each ends within them
    const auto type = load_le<std::uint16_t>(records.data());
    const ByteView value = records.subspan(4, load_le<std::uint16_t>(records.data() + 2));
    if (type == extension_salvaged_from && value.size() == sizeof(std::uint64_t) + Hash::bytes_size) {
      found = Position{.sequence = load_le<std::uint64_t>(value.data()), .event_hash = id_at<Hash>(value, 8)};
    }
    records = records.subspan(4 + value.size());
  }
  return found;
}

EventId HeaderView::id() const noexcept { return id_at<EventId>(bytes_, chain_offset() + in_chain::event_id); }

Result<FrameView> FrameView::parse(ByteView frame) {
  if (frame.size() < layout::header + layout::header_bytes_min) return fail(ErrorCode::malformed, "the frame is too short");
  if (load_le<std::uint16_t>(frame.data() + layout::frame_type) != layout::frame_type_event) {
    return fail(ErrorCode::newer_format, "the frame has a type that this version does not know");
  }
  const auto state = load_le<std::uint16_t>(frame.data() + layout::state);
  if ((state & ~layout::state_known) != 0) {
    return fail(ErrorCode::newer_format, "the frame has a state that this version does not know");
  }
  const std::uint64_t header_length = load_le<std::uint32_t>(frame.data() + layout::header_length);
  if (header_length > frame.size() - layout::header)
    return fail(ErrorCode::malformed, "the header is longer than its frame");
  BATPAK_TRY(const HeaderView header, HeaderView::parse(frame.subspan(layout::header, header_length)));
  FrameView view(frame, header);
  view.state_ = state;
  std::uint64_t at = layout::header + header_length;
  view.metadata_at_ = static_cast<std::uint32_t>(at);
  if ((header.presence() & layout::has_metadata) != 0) {
    BATPAK_TRY(const std::uint64_t size,
               section_size(frame.subspan(at), layout::salted_prefix_bytes, limits::metadata_bytes_max));
    view.metadata_size_ = static_cast<std::uint32_t>(size);
    at += size;
  } else if (view.metadata_erased()) {
    return fail(ErrorCode::malformed, "metadata that never was cannot be erased");
  }
  view.rule_at_ = static_cast<std::uint32_t>(at);
  if ((header.presence() & layout::has_rule) != 0) {
    BATPAK_TRY(const std::uint64_t size, section_size(frame.subspan(at), layout::length_bytes, limits::rule_bytes_max));
    view.rule_size_ = static_cast<std::uint32_t>(size);
    at += size;
  }
  view.payload_at_ = static_cast<std::uint32_t>(at);
  BATPAK_TRY(const std::uint64_t payload_size,
             section_size(frame.subspan(at), layout::salted_prefix_bytes, limits::payload_bytes_max));
  view.payload_size_ = static_cast<std::uint32_t>(payload_size);
  at += payload_size;
  if ((state & layout::state_signed) != 0) at += layout::event_signature_bytes;
  if (base::align_up(at, 8) != frame.size()) return fail(ErrorCode::malformed, "the frame's length contradicts its parts");
  if (!base::all_zero(frame.subspan(at))) return fail(ErrorCode::malformed, "the frame's padding is not zero");
  if ((view.payload_erased() && !is_erased(view.payload_section())) ||
      (view.metadata_erased() && !is_erased(view.metadata_section()))) {
    return fail(ErrorCode::malformed, "what is marked as erased is not zero");
  }
  return view;
}

FrameView FrameView::from_parts(const detail::FrameParts& parts) noexcept {
  const ByteView frame(parts.frame, parts.frame_size);
  FrameView view(frame, HeaderView(frame.subspan(layout::header, parts.header_size)));
  view.metadata_at_ = parts.metadata_at;
  view.metadata_size_ = parts.metadata_size;
  view.rule_at_ = parts.rule_at;
  view.rule_size_ = parts.rule_size;
  view.payload_at_ = parts.payload_at;
  view.payload_size_ = parts.payload_size;
  view.state_ = parts.state;
  return view;
}

detail::FrameParts FrameView::parts() const noexcept {
  return {.frame = bytes_.data(),
          .frame_size = static_cast<std::uint32_t>(bytes_.size()),
          .header_size = static_cast<std::uint32_t>(header_.bytes().size()),
          .metadata_at = metadata_at_,
          .metadata_size = metadata_size_,
          .rule_at = rule_at_,
          .rule_size = rule_size_,
          .payload_at = payload_at_,
          .payload_size = payload_size_,
          .state = state_};
}

Hash FrameView::event_hash() const noexcept { return id_at<Hash>(bytes_, layout::event_hash); }

Hash hash_header(ByteView header) { return hash_padded(crypto::event_context(), header); }
Hash hash_content(ByteView payload_section) { return hash_padded(crypto::content_context(), payload_section); }
Hash hash_metadata(ByteView metadata_section) { return hash_padded(crypto::metadata_context(), metadata_section); }
Hash hash_rule(ByteView rule_section) { return hash_padded(crypto::rule_context(), rule_section); }

bool FrameView::gives_its_hashes() const {
  const auto metadata_hash = header_.metadata_hash();
  const auto rule_hash = header_.rule_hash();
  return header_.compute_event_hash() == event_hash() &&
         (payload_erased() || compute_content_hash() == header_.content_hash()) &&
         (!metadata_hash || metadata_erased() || compute_metadata_hash() == *metadata_hash) &&
         (!rule_hash || compute_rule_hash() == *rule_hash);
}

}  // namespace batpak::event
