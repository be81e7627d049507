#include "proof/event_record.hpp"

#include <algorithm>

namespace batpak::proof {
namespace {

// docs/PROOFS.md:
//
//   offset  size  field
//   0       8     "batpakR1"
//   8       32    event hash
//   40      4     H, length of the header
//   44      4     M, length of the metadata section, 0 where it is not shown
//   48      4     P, length of the payload section, 0 where it is not shown
//   52      4     zero
//   56      H+M+P the three, as they stand in a frame
constexpr std::string_view magic = "batpakR1";
constexpr std::size_t at_hash = 8;
constexpr std::size_t at_header_length = 40;
constexpr std::size_t at_metadata_length = 44;
constexpr std::size_t at_payload_length = 48;
constexpr std::size_t at_zero = 52;
constexpr std::size_t at_parts = 56;

std::unexpected<ReceiptRefusal> refuse(ReceiptFault fault, std::string_view why) {
  return std::unexpected(ReceiptRefusal{.fault = fault, .message = std::string(why)});
}

// Whether the section is one by its own length. It is hashed with that, so that nothing else needs to be checked.
bool is_section(ByteView section) {
  return section.size() > event::layout::salted_prefix_bytes &&
         base::load_le<std::uint64_t>(section.data()) == section.size() - event::layout::salted_prefix_bytes;
}

}  // namespace

Bytes encode_record(const EventRecord& record) {
  Bytes bytes;
  bytes.reserve(at_parts + record.header.size() + record.metadata.size() + record.payload.size());
  base::append(bytes, base::as_bytes(magic));
  base::append(bytes, record.event_hash.bytes);
  base::append_le(bytes, static_cast<std::uint32_t>(record.header.size()));
  base::append_le(bytes, static_cast<std::uint32_t>(record.metadata.size()));
  base::append_le(bytes, static_cast<std::uint32_t>(record.payload.size()));
  base::append_le(bytes, std::uint32_t{0});
  for (const auto* part : {&record.header, &record.metadata, &record.payload}) base::append(bytes, *part);
  return bytes;
}

std::optional<EventRecord> decode_record(ByteView bytes) {
  if (bytes.size() < at_parts || base::as_text(bytes.first(magic.size())) != magic) return std::nullopt;
  const std::uint64_t header = base::load_le<std::uint32_t>(bytes.data() + at_header_length);
  if (header < event::layout::header_bytes_min) return std::nullopt;  // the record would take more memory than its text
  const std::uint64_t metadata = base::load_le<std::uint32_t>(bytes.data() + at_metadata_length);
  const std::uint64_t payload = base::load_le<std::uint32_t>(bytes.data() + at_payload_length);
  if (base::load_le<std::uint32_t>(bytes.data() + at_zero) != 0) return std::nullopt;
  if (bytes.size() != at_parts + header + metadata + payload) return std::nullopt;
  const auto part = [&](std::uint64_t begin, std::uint64_t size) {
    const ByteView view = bytes.subspan(at_parts + begin, size);
    return Bytes(view.begin(), view.end());
  };
  EventRecord record;
  std::ranges::copy(bytes.subspan(at_hash, Hash::bytes_size), record.event_hash.bytes.begin());
  record.header = part(0, header);
  record.metadata = part(header, metadata);
  record.payload = part(header + metadata, payload);
  return record;
}

std::expected<event::HeaderView, ReceiptRefusal> check_header(const EventRecord& record) {
  const auto header = event::HeaderView::parse(record.header);
  if (!header) {
    if (header.error().code == ErrorCode::newer_format) return refuse(ReceiptFault::newer_format, header.error().message);
    // Whoever hashed such fields never had them from a log.
    const bool was_hashed = event::hash_header(record.header) == record.event_hash;
    return refuse(was_hashed ? ReceiptFault::malformed : ReceiptFault::fields_changed, header.error().message);
  }
  if (header->compute_event_hash() != record.event_hash) {
    return refuse(ReceiptFault::fields_changed, "the fields of the event do not give its hash");
  }
  return *header;
}

std::expected<void, ReceiptRefusal> check_shown(const EventRecord& record, const event::HeaderView& header) {
  if (!record.metadata.empty() &&
      (!is_section(record.metadata) || event::hash_metadata(record.metadata) != header.metadata_hash())) {
    return refuse(ReceiptFault::metadata_changed, "the metadata does not give the hash that the event holds of it");
  }
  if (!record.payload.empty() &&
      (!is_section(record.payload) || event::hash_content(record.payload) != header.content_hash())) {
    return refuse(ReceiptFault::payload_changed, "the payload does not give the hash that the event holds of it");
  }
  return {};
}

EventFields fields_of(const EventRecord& record, const event::HeaderView& header) {
  EventFields event;
  event.sequence = header.sequence();
  event.stream_version = header.stream_version();
  event.entity = header.entity();
  event.scope = header.scope();
  event.lane = header.lane();
  event.kind = header.kind();
  event.payload_version = header.payload_version();
  event.event_id = header.id();
  event.time = header.time();
  event.wall_microseconds = header.wall_microseconds();
  event.correlation = header.correlation();
  event.causation = header.causation();
  event.event_hash = record.event_hash;
  event.previous_hash = header.previous_hash();
  event.content_hash = header.content_hash();
  event.metadata_hash = header.metadata_hash();
  if (!record.payload.empty()) {
    event.payload.emplace(record.payload.begin() + event::layout::salted_prefix_bytes, record.payload.end());
  }
  if (!record.metadata.empty()) {
    event.metadata.emplace(record.metadata.begin() + event::layout::salted_prefix_bytes, record.metadata.end());
  }
  return event;
}

}  // namespace batpak::proof
