#include "event/frame_view.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "base/hex.hpp"
#include "base/limits.hpp"
#include "event/draft.hpp"

namespace batpak::event {
namespace {

namespace in_header = layout::in_header;
namespace in_chain = layout::in_chain;

Bytes text_bytes(std::string_view text) { return {base::as_bytes(text).begin(), base::as_bytes(text).end()}; }

template <class Id>
Id filled(unsigned char value) {
  Id id;
  id.bytes.fill(static_cast<std::byte>(value));
  return id;
}

// One frame with every field that a draft can have.
const std::string_view golden_extension("\x02\x80\x03\x00xyz", 7);
const std::string_view golden_metadata(
    "\x81\xA1"
    "a\x01",
    4);
const std::string_view golden_payload("\x82\xA1x\x0A\xA1y\x14", 7);

DraftFields golden_fields() {
  DraftFields fields;
  fields.entity = "player:alice";
  fields.scope = "room:dungeon";
  fields.kind = EventKind(0xF, 0x001);
  fields.payload_version = 2;
  fields.correlation = filled<CorrelationId>(0xC0);
  fields.causation = filled<EventId>(0xCA);
  fields.idempotency_key = filled<Hash>(0x33);
  fields.metadata = base::as_bytes(golden_metadata);
  fields.extensions = base::as_bytes(golden_extension);
  return fields;
}

ChainFields golden_chain() {
  ChainFields chain;
  chain.sequence = 7;
  chain.stream_version = 3;
  chain.time = {.microseconds = 1'700'000'000'000'001, .counter = 5};
  chain.wall_microseconds = -1;
  chain.id = filled<EventId>(0x44);
  chain.previous_sequence = 6;
  chain.previous_hash = filled<Hash>(0x55);
  return chain;
}

Salt salt_of(unsigned char value) {
  Salt salt;
  salt.fill(static_cast<std::byte>(value));
  return salt;
}

DraftFrame draft_of(const DraftFields& fields, std::string_view payload) {
  DraftFrame draft = DraftFrame::begin(fields, salt_of(0x11));
  base::append(draft.payload_buffer(), base::as_bytes(payload));
  EXPECT_TRUE(draft.finish(salt_of(0x22)));
  return draft;
}

Bytes golden_frame() {
  DraftFrame draft = draft_of(golden_fields(), golden_payload);
  draft.set_batch(1, 3);
  Bytes frame(draft.frame_size());
  static_cast<void>(draft.complete(golden_chain(), frame));
  return frame;
}

// The smallest event: no optional field, one byte of each name.
Bytes plain_frame() {
  DraftFields fields;
  fields.entity = "e";
  fields.scope = "s";
  fields.kind = EventKind(0xF, 0x001);
  const DraftFrame draft = draft_of(fields, "\xC0");
  Bytes frame(draft.frame_size());
  static_cast<void>(draft.complete({}, frame));
  return frame;
}

Bytes signed_frame() {
  const DraftFrame draft = draft_of(golden_fields(), golden_payload);
  Bytes frame(draft.signed_frame_size());
  static_cast<void>(draft.complete(golden_chain(), frame));
  put_event_signature(frame, Bytes(4, std::byte{0x66}), Bytes(64, std::byte{0x77}));
  return frame;
}

template <class T>
void put(Bytes& frame, std::size_t offset, T value) {
  base::store_le(frame.data() + offset, value);
}

std::size_t header_size(const Bytes& frame) { return base::load_le<std::uint32_t>(frame.data() + layout::header_length); }
std::size_t chain_at(const Bytes& frame) { return layout::header + header_size(frame) - in_chain::bytes_size; }

std::string verdict(ByteView frame) {
  const auto parsed = FrameView::parse(frame);
  return parsed ? "whole" : std::string(to_string(parsed.error().code));
}
std::string verdict_after(Bytes frame, const std::function<void(Bytes&)>& change) {
  change(frame);
  return verdict(frame);
}

// Everything that a view can be asked for, so that a sanitizer sees each read.
void read_everything(const FrameView& frame) {
  const HeaderView& header = frame.header();
  static_cast<void>(header.compute_event_hash());
  static_cast<void>(header.correlation());
  static_cast<void>(header.causation());
  static_cast<void>(header.idempotency_key());
  static_cast<void>(header.metadata_hash());
  static_cast<void>(header.rule_hash());
  static_cast<void>(Bytes(header.extensions().begin(), header.extensions().end()));
  static_cast<void>(std::string(header.entity()) + std::string(header.scope()));
  static_cast<void>(frame.compute_content_hash());
  static_cast<void>(frame.compute_metadata_hash());
  static_cast<void>(frame.compute_rule_hash());
  for (const ByteView part : {frame.payload(), frame.metadata(), frame.rule(), frame.signature()}) {
    static_cast<void>(Bytes(part.begin(), part.end()));
  }
}

// Assembled and hashed by a program of another language and b3sum, from the tables in frame_layout.hpp alone.
TEST(frame_layout, golden_frame_is_what_another_program_assembles) {
  EXPECT_EQ(base::to_hex(golden_frame()),
            "000000000000000001000000200100002aa82a72f34b510dbb519cb83e33c8da5912f57aa08c4db88fd842347d4667712f00"
            "000001f0020000000c000c00070000000000010000000300000000000000eb8ea64e78688c72fb1241350bb48c37fdd0aabd"
            "26e944445a0f7291df65e4b5c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0cacacacacacacacacacacacacacacaca333333333333"
            "333333333333333333333333333333333333333333333333333331719e858b910fed1e911048b8a23732f01c2902c0c5d9b8"
            "2028ee376731911d706c617965723a616c696365726f6f6d3a64756e67656f6e0280030078797a0007000000000000000300"
            "00000000000001401e18240a0600ffffffffffffffff05000000000000004444444444444444444444444444444406000000"
            "0000000055555555555555555555555555555555555555555555555555555555555555550400000000000000111111111111"
            "1111111111111111111181a1610107000000000000002222222222222222222222222222222282a1780aa179140000000000");
}

TEST(frame_layout, every_field_reads_back) {
  const Bytes bytes = golden_frame();
  const auto frame = FrameView::parse(bytes);
  ASSERT_TRUE(frame) << frame.error();
  const HeaderView& header = frame->header();
  EXPECT_EQ(header.entity(), "player:alice");
  EXPECT_EQ(header.scope(), "room:dungeon");
  EXPECT_EQ(header.kind(), EventKind(0xF, 0x001));
  EXPECT_EQ(header.payload_version(), 2);
  EXPECT_EQ(header.lane(), 0U);
  EXPECT_EQ(header.batch_index(), 1U);
  EXPECT_EQ(header.batch_size(), 3U);
  EXPECT_EQ(header.correlation(), filled<CorrelationId>(0xC0));
  EXPECT_EQ(header.causation(), filled<EventId>(0xCA));
  EXPECT_EQ(header.idempotency_key(), filled<Hash>(0x33));
  EXPECT_EQ(header.rule_hash(), std::nullopt);
  EXPECT_EQ(base::as_text(header.extensions()), golden_extension);
  EXPECT_EQ(header.sequence(), 7U);
  EXPECT_EQ(header.stream_version(), 3U);
  EXPECT_EQ(header.time(), (Timestamp{1'700'000'000'000'001, 5}));
  EXPECT_EQ(header.wall_microseconds(), -1);
  EXPECT_EQ(header.id(), filled<EventId>(0x44));
  EXPECT_EQ(header.previous_sequence(), 6U);
  EXPECT_EQ(header.previous_hash(), filled<Hash>(0x55));
  EXPECT_EQ(base::as_text(frame->payload()), golden_payload);
  EXPECT_EQ(base::as_text(frame->metadata()), golden_metadata);
  EXPECT_TRUE(frame->rule().empty());
  EXPECT_TRUE(frame->signature().empty());
  EXPECT_EQ(header.compute_event_hash(), frame->event_hash());
  EXPECT_EQ(frame->compute_content_hash(), header.content_hash());
  EXPECT_EQ(frame->compute_metadata_hash(), header.metadata_hash());
}

TEST(frame_layout, parts_give_the_same_view_again) {
  const Bytes bytes = signed_frame();
  const auto parsed = FrameView::parse(bytes);
  ASSERT_TRUE(parsed) << parsed.error();
  const FrameView frame = FrameView::from_parts(parsed->parts());
  EXPECT_EQ(frame.bytes().data(), bytes.data());
  EXPECT_EQ(base::as_text(frame.payload()), golden_payload);
  EXPECT_EQ(base::as_text(frame.metadata()), golden_metadata);
  EXPECT_EQ(frame.header().entity(), "player:alice");
  EXPECT_EQ(frame.signature().size(), 68U);
  EXPECT_EQ(frame.signature().front(), std::byte{0x66});
  EXPECT_EQ(frame.signature().back(), std::byte{0x77});
}

// Witness: chain_is_transitive
TEST(frame_layout, the_hash_covers_every_byte_of_the_header) {
  const Bytes bytes = golden_frame();
  const Hash hash = hash_header(ByteView(bytes).subspan(layout::header, header_size(bytes)));
  for (std::size_t at = 0; at < header_size(bytes); ++at) {
    Bytes changed = bytes;
    changed[layout::header + at] ^= std::byte{1};
    EXPECT_NE(hash_header(ByteView(changed).subspan(layout::header, header_size(bytes))), hash) << at;
  }
}

TEST(frame_layout, padding_of_a_hash_input_does_not_hide_its_length) {
  // Two payloads of which one is the other with a zero behind it stand in the same padded block.
  const DraftFrame one = draft_of(golden_fields(), std::string_view("\x01", 1));
  const DraftFrame two = draft_of(golden_fields(), std::string_view("\x01\x00", 2));
  EXPECT_NE(one.content_hash(), two.content_hash());
}

TEST(frame_parse, refuses_every_truncation) {
  for (const Bytes& whole : {golden_frame(), plain_frame(), signed_frame()}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(FrameView::parse(ByteView(whole).first(size))) << size << " of " << whole.size();
    }
    Bytes longer = whole;
    longer.resize(whole.size() + 8);
    EXPECT_EQ(verdict(longer), "malformed");
  }
}

// Witness: decoder_stays_in_bounds
TEST(frame_parse, no_changed_byte_leads_out_of_the_frame) {
  for (const Bytes& whole : {golden_frame(), plain_frame(), signed_frame()}) {
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (const unsigned value : {0x00U, 0x01U, 0x02U, 0x7FU, 0x80U, 0xFEU, 0xFFU}) {
        Bytes changed(whole);  // of its own size, so that a read past its end is seen
        changed[at] = static_cast<std::byte>(value);
        if (const auto frame = FrameView::parse(changed)) read_everything(*frame);
      }
    }
  }
}

// Witness: unknown_is_refused
TEST(frame_parse, unknown_is_newer_and_not_malformed) {
  const Bytes frame = golden_frame();
  const auto with16 = [&](std::size_t offset, unsigned value) {
    return verdict_after(frame, [&](Bytes& bytes) { put(bytes, offset, static_cast<std::uint16_t>(value)); });
  };
  EXPECT_EQ(with16(layout::frame_type, 0), "newer_format");
  EXPECT_EQ(with16(layout::frame_type, 2), "newer_format");
  EXPECT_EQ(with16(layout::frame_type, 0xFFFF), "newer_format");
  for (unsigned bit = 3; bit < 16; ++bit) EXPECT_EQ(with16(layout::state, 1U << bit), "newer_format") << bit;
  for (unsigned encoding = 1; encoding < 65'536; encoding += 4'369) {
    EXPECT_EQ(with16(layout::header + in_header::payload_encoding, encoding), "newer_format") << encoding;
  }
  for (unsigned bit = 6; bit < 32; ++bit) {
    EXPECT_EQ(verdict_after(frame, [&](Bytes& bytes) { put(bytes, layout::header, 0b101111U | 1U << bit); }),
              "newer_format");
  }
}

TEST(frame_parse, refuses_each_field_out_of_range) {
  const Bytes frame = golden_frame();
  const auto with = [&](std::size_t offset, auto value) {
    return verdict_after(frame, [&](Bytes& bytes) { put(bytes, offset, value); });
  };
  const std::size_t header = layout::header;
  EXPECT_EQ(with(layout::header_length, 0U), "malformed");
  EXPECT_EQ(with(layout::header_length, 280U), "malformed");
  EXPECT_EQ(with(layout::header_length, 296U), "malformed");
  EXPECT_EQ(with(layout::header_length, 0xFFFFFFFFU), "malformed");
  for (const std::size_t length : {in_header::entity_length, in_header::scope_length}) {
    for (const unsigned value : {0U, 11U, 13U, 1024U, 1025U, 0xFFFFU}) {
      EXPECT_EQ(with(header + length, static_cast<std::uint16_t>(value)), "malformed") << length << ' ' << value;
    }
  }
  for (const unsigned value : {0U, 6U, 4096U, 4097U, 0xFFFFU}) {
    EXPECT_EQ(with(header + in_header::extension_length, static_cast<std::uint16_t>(value)), "malformed") << value;
  }
  EXPECT_EQ(with(header + in_header::reserved, 1U), "malformed");
  EXPECT_EQ(with(header + in_header::batch_size, 0U), "malformed");
  EXPECT_EQ(with(header + in_header::batch_size, 1U), "malformed");  // its index is 1
  EXPECT_EQ(with(header + in_header::batch_index, 3U), "malformed");
  EXPECT_EQ(with(chain_at(frame) + in_chain::reserved, 1U), "malformed");
  // Presence bits that disagree with what is there.
  for (unsigned bit = 0; bit < 6; ++bit) EXPECT_EQ(with(header, 0b101111U ^ 1U << bit), "malformed") << bit;
  // The lengths of the sections.
  const std::size_t metadata = header + header_size(frame);
  const std::size_t payload = metadata + layout::salted_prefix_bytes + golden_metadata.size();
  for (const std::size_t section : {metadata, payload}) {
    for (const std::uint64_t length :
         std::vector<std::uint64_t>{0, 1, 40, 1U << 16U, limits::payload_bytes_max + 1, ~0ULL, ~0ULL - 23}) {
      EXPECT_EQ(with(section, length), "malformed") << section << ' ' << length;
    }
  }
  // Padding of the header and of the frame.
  const std::size_t names_end = chain_at(frame) - 1;
  EXPECT_EQ(with(names_end, std::uint8_t{1}), "malformed");
  EXPECT_EQ(with(frame.size() - 1, std::uint8_t{1}), "malformed");
  // Names that are not UTF-8.
  const std::size_t entity = header + in_header::optional_fields + 16 + 16 + 32 + 32;
  EXPECT_EQ(with(entity, std::uint8_t{0xFF}), "malformed");
  EXPECT_EQ(with(entity + 12, std::uint8_t{0xC3}), "malformed");
  // Names with control characters.
  for (const unsigned control : {0x00U, 0x0AU, 0x1BU, 0x7FU}) {
    EXPECT_EQ(with(entity, static_cast<std::uint8_t>(control)), "malformed");
    EXPECT_EQ(with(entity + 12, static_cast<std::uint8_t>(control)), "malformed");
  }
}

TEST(frame_parse, keeps_ignorable_extensions_and_refuses_the_others) {
  const auto parsed_with = [](std::string_view extensions) {
    DraftFields fields = golden_fields();
    fields.extensions = base::as_bytes(extensions);
    const DraftFrame draft = draft_of(fields, golden_payload);
    Bytes frame(draft.frame_size());
    static_cast<void>(draft.complete(golden_chain(), frame));
    const auto parsed = FrameView::parse(frame);
    if (!parsed) return std::string(to_string(parsed.error().code));
    return std::string(base::as_text(parsed->header().extensions()));
  };
  const std::string ignorable("\x02\x80\x00\x00\xFF\xFF\x02\x00hi", 10);
  EXPECT_EQ(parsed_with(ignorable), ignorable);
  EXPECT_EQ(parsed_with(std::string_view("\x02\x00\x00\x00", 4)), "newer_format");
  EXPECT_EQ(parsed_with(ignorable + std::string("\xFF\x7F\x00\x00", 4)), "newer_format");
  EXPECT_EQ(parsed_with(std::string_view("\x02\x80\x01\x00", 4)), "malformed");
  EXPECT_EQ(parsed_with(std::string_view("\x02\x80\x00", 3)), "malformed");
  const std::string longest = std::string("\x02\x80\xFC\x0F", 4) + std::string(4092, 'x');
  EXPECT_EQ(parsed_with(longest), longest);
}

TEST(frame_parse, an_erased_payload_is_gone_with_its_salt) {
  Bytes frame = golden_frame();
  const std::size_t payload = frame.size() - layout::salted_prefix_bytes - golden_payload.size() - 5;
  ASSERT_EQ(base::load_le<std::uint64_t>(frame.data() + payload), golden_payload.size());
  put<std::uint16_t>(frame, layout::state, layout::state_payload_erased);
  EXPECT_EQ(verdict(frame), "malformed");  // marked, but still there
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(payload) + 8, 16, std::byte{0});
  EXPECT_EQ(verdict(frame), "malformed");  // the salt alone does not do
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(payload) + 24, golden_payload.size(), std::byte{0});
  const auto parsed = FrameView::parse(frame);
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_TRUE(parsed->payload_erased());
  EXPECT_FALSE(parsed->metadata_erased());
  EXPECT_TRUE(parsed->payload().empty());
  EXPECT_EQ(base::as_text(parsed->metadata()), golden_metadata);
  EXPECT_EQ(parsed->header().compute_event_hash(), parsed->event_hash());  // erasing changes no hash
}

TEST(frame_parse, erased_metadata_needs_metadata_that_was_there) {
  Bytes frame = golden_frame();
  put<std::uint16_t>(frame, layout::state, layout::state_metadata_erased);
  EXPECT_EQ(verdict(frame), "malformed");
  const std::size_t metadata = layout::header + header_size(frame);
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(metadata) + 8, 16 + golden_metadata.size(), std::byte{0});
  const auto parsed = FrameView::parse(frame);
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_TRUE(parsed->metadata_erased());
  EXPECT_TRUE(parsed->metadata().empty());
  EXPECT_EQ(base::as_text(parsed->payload()), golden_payload);
  EXPECT_EQ(verdict_after(plain_frame(), [](Bytes& bytes) { put<std::uint16_t>(bytes, layout::state, 2); }), "malformed");
}

TEST(frame_parse, reads_a_rule_beside_its_hash) {
  // No draft has a rule yet, so the frame is put together here.
  const Bytes plain = plain_frame();
  const Bytes rule = text_bytes("rule");
  Bytes section;
  base::append_le<std::uint64_t>(section, rule.size());
  base::append(section, rule);
  Bytes frame(plain.begin(), plain.begin() + layout::header + in_header::optional_fields);
  base::append(frame, hash_rule(section).bytes);
  frame.insert(frame.end(), plain.begin() + layout::header + in_header::optional_fields,
               plain.begin() + static_cast<std::ptrdiff_t>(layout::header + header_size(plain)));
  put(frame, layout::header_length, static_cast<std::uint32_t>(header_size(plain) + 32));
  put(frame, layout::header, layout::has_rule);
  base::append(frame, section);
  frame.insert(frame.end(), plain.begin() + static_cast<std::ptrdiff_t>(layout::header + header_size(plain)),
               plain.begin() + static_cast<std::ptrdiff_t>(layout::header + header_size(plain)) + 25);
  frame.resize(base::align_up(frame.size(), 8));
  const auto parsed = FrameView::parse(frame);
  ASSERT_TRUE(parsed) << parsed.error();
  EXPECT_EQ(base::as_text(parsed->rule()), "rule");
  EXPECT_EQ(parsed->compute_rule_hash(), parsed->header().rule_hash());
  EXPECT_EQ(base::as_text(parsed->payload()), "\xC0");
}

}  // namespace
}  // namespace batpak::event
