#include "audit/byte_name.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/bytes.hpp"
#include "event/draft.hpp"

namespace batpak::audit {
namespace {

namespace layout = event::layout;

// A frame with every part that one can have. No draft has a rule, so that is put in here.
Bytes full_frame() {
  event::DraftFields fields;
  fields.entity = "door:1";
  fields.scope = "tests";
  fields.kind = EventKind(0xF, 1);
  fields.correlation = CorrelationId{};
  fields.causation = EventId{};
  fields.idempotency_key = Hash{};
  const Bytes metadata(3, std::byte{0xC0});
  const Bytes extension{std::byte{2}, std::byte{0x80}, std::byte{0}, std::byte{0}};
  fields.metadata = metadata;
  fields.extensions = extension;
  event::DraftFrame draft = event::DraftFrame::begin(fields, {});
  draft.payload_buffer().push_back(std::byte{0xC0});
  draft.finish({}).value();
  Bytes plain(draft.signed_frame_size());
  static_cast<void>(draft.complete({}, plain));
  const auto parsed = event::FrameView::parse(plain).value();
  const std::size_t header_size = parsed.header().bytes().size();
  const std::size_t rule_hash_at = layout::header + layout::in_header::optional_fields + 16 + 16 + 32 + 32;
  const auto payload_at = static_cast<std::size_t>(parsed.payload_section().data() - plain.data());
  const auto at = [&](std::size_t offset) { return plain.begin() + static_cast<std::ptrdiff_t>(offset); };
  Bytes frame(plain.begin(), at(rule_hash_at));
  frame.resize(frame.size() + 32);
  frame.insert(frame.end(), at(rule_hash_at), at(payload_at));
  base::append_le<std::uint64_t>(frame, 4);
  base::append(frame, base::as_bytes("rule"));
  const std::size_t signature_end = payload_at + parsed.payload_section().size() + layout::event_signature_bytes;
  frame.insert(frame.end(), at(payload_at), at(signature_end));
  frame.resize(base::align_up(frame.size(), 8));
  base::store_le(frame.data() + layout::header_length, static_cast<std::uint32_t>(header_size + 32));
  base::store_le(frame.data() + layout::header, parsed.header().presence() | layout::has_rule);
  return frame;
}

TEST(ByteName, names_each_part_of_a_frame_in_the_order_of_the_format) {
  const Bytes frame = full_frame();
  const auto parsed = event::FrameView::parse(frame);
  ASSERT_TRUE(parsed) << parsed.error();
  std::vector<std::string> names;
  for (std::size_t offset = 0; offset < frame.size(); ++offset) {
    std::string name = name_of_frame_byte(*parsed, offset);
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  const std::vector<std::string> expected{"the frame's CRC",
                                          "the frame's length",
                                          "the frame's type",
                                          "the frame's state",
                                          "the length of the header",
                                          "the stored event hash",
                                          "the header's presence",
                                          "the header's kind",
                                          "the header's payload version",
                                          "the header's payload encoding",
                                          "the header's length of the entity",
                                          "the header's length of the scope",
                                          "the header's length of the extensions",
                                          "the header's lane",
                                          "the header's index in the batch",
                                          "the header's batch size",
                                          "the header's reserved field",
                                          "the header's content hash",
                                          "the header's correlation",
                                          "the header's causation",
                                          "the header's idempotency key",
                                          "the header's metadata hash",
                                          "the header's rule hash",
                                          "the header's entity",
                                          "the header's scope",
                                          "the header's extensions",
                                          "the header's padding",
                                          "the header's sequence",
                                          "the header's stream version",
                                          "the header's time",
                                          "the header's wall clock",
                                          "the header's time counter",
                                          "the header's reserved field",
                                          "the header's event id",
                                          "the header's previous sequence",
                                          "the header's previous hash",
                                          "the metadata",
                                          "the rule",
                                          "the payload",
                                          "the event signature",
                                          "the frame's padding"};
  EXPECT_EQ(names, expected);
}

}  // namespace
}  // namespace batpak::audit
