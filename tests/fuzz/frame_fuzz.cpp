// Event frames and headers: what FrameView and HeaderView take is exactly what FORMAT.md describes, and what a draft writes
// they read.
#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

template <class Id>
void append_id(Bytes& out, const std::optional<Id>& id) {
  if (id) base::append(out, id->bytes);
}

// The header laid out anew from what the accessors say, by the table of FORMAT.md.
Bytes header_written_again(const event::HeaderView& header) {
  Bytes out;
  const auto length = [&](std::size_t size) { base::append_le(out, static_cast<std::uint16_t>(size)); };
  base::append_le(out, header.presence());
  base::append_le(out, header.kind().value());
  base::append_le(out, header.payload_version());
  length(0);
  length(header.entity().size());
  length(header.scope().size());
  length(header.extensions().size());
  base::append_le(out, header.lane());
  base::append_le(out, header.batch_index());
  base::append_le(out, header.batch_size());
  base::append_le<std::uint32_t>(out, 0);
  base::append(out, header.content_hash().bytes);
  append_id(out, header.correlation());
  append_id(out, header.causation());
  append_id(out, header.idempotency_key());
  append_id(out, header.metadata_hash());
  append_id(out, header.rule_hash());
  base::append(out, base::as_bytes(header.entity()));
  base::append(out, base::as_bytes(header.scope()));
  base::append(out, header.extensions());
  out.resize(base::align_up(out.size(), 8));
  base::append_le(out, header.sequence());
  base::append_le(out, header.stream_version());
  base::append_le(out, static_cast<std::uint64_t>(header.time().microseconds));
  base::append_le(out, static_cast<std::uint64_t>(header.wall_microseconds()));
  base::append_le(out, header.time().counter);
  base::append_le<std::uint32_t>(out, 0);
  base::append(out, header.id().bytes);
  base::append_le(out, header.previous_sequence());
  base::append(out, header.previous_hash().bytes);
  return out;
}

void check_header(ByteView bytes) {
  const auto header = event::HeaderView::parse(bytes);
  if (!header) return;
  require(same_bytes(header_written_again(*header), bytes), "every byte of a header is one of its fields");
  require(header->presence() < 64, "a header with unknown fields is refused");
  for (const std::string_view name : {header->entity(), header->scope()}) {
    require(!name.empty() && name.size() <= limits::coordinate_part_bytes_max && base::is_utf8(name),
            "a header's names are names");
  }
  require(header->batch_index() < header->batch_size(), "an event has a place in its batch");
  require(header->compute_event_hash() == event::hash_header(bytes), "the event hash is that of the header's bytes");
}

void check_frame(ByteView bytes) {
  const auto frame = event::FrameView::parse(bytes);
  if (!frame) return;
  check_header(frame->header().bytes());
  const auto state = base::load_le<std::uint16_t>(bytes.data() + 10);
  Bytes again(bytes.begin(), bytes.begin() + 8);  // CRC and length are the segment's
  base::append_le<std::uint16_t>(again, 1);
  base::append_le<std::uint16_t>(
      again, static_cast<std::uint16_t>((frame->payload_erased() ? 1U : 0U) | (frame->metadata_erased() ? 2U : 0U) |
                                        (frame->signature().empty() ? 0U : 4U)));
  base::append_le(again, static_cast<std::uint32_t>(frame->header().bytes().size()));
  base::append(again, frame->event_hash().bytes);
  base::append(again, frame->header().bytes());
  base::append(again, frame->metadata_section());
  base::append(again, frame->rule_section());
  base::append(again, frame->payload_section());
  base::append(again, frame->signature());
  again.resize(base::align_up(again.size(), 8));
  require(same_bytes(again, bytes), "every byte of a frame is one of its parts");
  require(state < 8, "a frame with an unknown state is refused");
  require(frame->metadata_section().empty() == !frame->header().metadata_hash(), "metadata is there if its hash is");
  require(frame->rule_section().empty() == !frame->header().rule_hash(), "a rule is there if its hash is");
  if (frame->payload_erased()) {
    require(frame->payload().empty() && base::all_zero(frame->payload_section().subspan(8)), "what is erased is gone");
  } else {
    require(!frame->payload().empty() && frame->payload().size() <= limits::payload_bytes_max, "a payload has a size");
    static_cast<void>(frame->compute_content_hash());
  }
  static_cast<void>(frame->compute_metadata_hash());
  static_cast<void>(frame->compute_rule_hash());
  const auto copy = event::FrameView::from_parts(frame->parts());
  require(same_bytes(copy.payload(), frame->payload()) && same_bytes(copy.metadata(), frame->metadata()) &&
              same_bytes(copy.signature(), frame->signature()) && copy.event_hash() == frame->event_hash() &&
              same_bytes(copy.header().bytes(), frame->header().bytes()),
          "a frame found again is the same");
}

template <class Id>
std::optional<Id> choose_id(Choices& choices, bool present) {
  if (!present) return std::nullopt;
  Id id;
  std::ranges::copy(choices.take(id.bytes.size()), id.bytes.begin());
  return id;
}

std::string choose_name(Choices& choices) {
  std::string name(choices.text());
  return name.empty() || !base::is_plain_text(name) ? "name" : name;
}

// An event made of the input's choices, written as the writer does, then read.
void check_draft(Choices& choices) {
  const std::uint8_t present = choices.byte();
  const std::string entity = choose_name(choices);
  const std::string scope = choose_name(choices);
  const Bytes metadata(choices.below(70), std::byte{0xC0});
  Bytes extensions;
  if ((present & 8U) != 0) {
    base::append_le(extensions, static_cast<std::uint16_t>(0x8000U | choices.byte()));
    const ByteView content = choices.take(choices.below(40));
    base::append_le(extensions, static_cast<std::uint16_t>(content.size()));
    base::append(extensions, content);
  }
  event::DraftFields fields;
  fields.entity = entity;
  fields.scope = scope;
  fields.kind = EventKind::from_value(choices.number<std::uint16_t>());
  fields.payload_version = choices.number<std::uint16_t>();
  fields.lane = choices.number<std::uint32_t>();
  fields.correlation = choose_id<CorrelationId>(choices, (present & 1U) != 0);
  fields.causation = choose_id<EventId>(choices, (present & 2U) != 0);
  fields.idempotency_key = choose_id<Hash>(choices, (present & 4U) != 0);
  fields.metadata = metadata;
  fields.extensions = extensions;
  event::DraftFrame draft = event::DraftFrame::begin(fields, {});
  const ByteView payload = choices.rest();
  base::append(draft.payload_buffer(), payload);
  if (!draft.finish({})) {
    require(payload.empty(), "only a payload of no bytes is refused here");
    return;
  }
  const bool is_signed = (present & 16U) != 0;
  Bytes out(is_signed ? draft.signed_frame_size() : draft.frame_size());
  event::ChainFields chain;
  chain.sequence = present;
  chain.time = {.microseconds = -1, .counter = present};
  const Hash hash = draft.complete(chain, out);
  if (is_signed) event::put_event_signature(out, Bytes(4, std::byte{0x11}), Bytes(64, std::byte{0x22}));
  const auto frame = event::FrameView::parse(out);
  require(frame.has_value(), "what is written is read");
  check_frame(out);
  const event::HeaderView& header = frame->header();
  require(header.entity() == entity && header.scope() == scope && header.kind() == fields.kind &&
              header.payload_version() == fields.payload_version && header.lane() == fields.lane &&
              header.correlation() == fields.correlation && header.causation() == fields.causation &&
              header.idempotency_key() == fields.idempotency_key && same_bytes(header.extensions(), extensions),
          "an event reads as it was written");
  require(same_bytes(frame->payload(), payload) && same_bytes(frame->metadata(), metadata),
          "content reads as it was written");
  require(frame->event_hash() == hash && header.compute_event_hash() == hash &&
              frame->compute_content_hash() == header.content_hash() && draft.content_hash() == header.content_hash(),
          "an event has the hashes that it was written with");
  require(frame->signature().size() == (is_signed ? 68U : 0U), "a signature is there if it was written");
  require(draft.entity() == entity && draft.kind() == fields.kind && draft.lane() == fields.lane,
          "a draft knows its stream");
}

// Witness: decoder_stays_in_bounds, unknown_is_refused
const Target frame("frame", [](ByteView input) {
  Choices choices(input);
  switch (choices.byte() % 3) {
    case 0: return check_frame(choices.rest());
    case 1: return check_header(choices.rest());
    default: return check_draft(choices);
  }
});

}  // namespace
}  // namespace batpak::fuzz
