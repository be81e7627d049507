#include "event/draft.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"
#include "crypto/blake3.hpp"
#include "event/frame_view.hpp"

namespace batpak::event {
namespace {

DraftFields fields_of(std::string_view entity) {
  DraftFields fields;
  fields.entity = entity;
  fields.scope = "tests";
  fields.kind = EventKind(0xF, 0x001);
  return fields;
}

DraftFrame finished(const DraftFields& fields, std::size_t payload_bytes) {
  DraftFrame draft = DraftFrame::begin(fields, {});
  draft.payload_buffer().resize(draft.payload_buffer().size() + payload_bytes, std::byte{0xC0});
  EXPECT_TRUE(draft.finish({}));
  return draft;
}

TEST(draft, every_size_of_payload_gives_a_frame_that_parses) {
  for (std::size_t size = 1; size < 300; ++size) {
    const DraftFrame draft = finished(fields_of("entity"), size);
    for (const std::size_t frame_size : {draft.frame_size(), draft.signed_frame_size()}) {
      Bytes frame(frame_size);
      const Hash hash = draft.complete({}, frame);
      const auto parsed = FrameView::parse(frame);
      ASSERT_TRUE(parsed) << size << ": " << parsed.error();
      EXPECT_EQ(parsed->payload().size(), size);
      EXPECT_EQ(parsed->event_hash(), hash);
      EXPECT_EQ(parsed->header().compute_event_hash(), hash);
      EXPECT_EQ(parsed->compute_content_hash(), draft.content_hash());
      EXPECT_EQ(parsed->signature().empty(), frame_size == draft.frame_size());
    }
  }
}

TEST(draft, every_length_of_name_gives_a_header_that_parses) {
  for (const std::size_t size : {1U, 2U, 7U, 8U, 9U, 255U, 256U, 1023U, 1024U}) {
    const std::string entity(size, 'e');
    const DraftFrame draft = finished(fields_of(entity), 1);
    EXPECT_EQ(draft.entity(), entity);
    Bytes frame(draft.frame_size());
    static_cast<void>(draft.complete({}, frame));
    const auto parsed = FrameView::parse(frame);
    ASSERT_TRUE(parsed) << parsed.error();
    EXPECT_EQ(parsed->header().entity(), entity);
    EXPECT_EQ(parsed->header().scope(), "tests");
  }
}

TEST(draft, optional_fields_stand_in_every_combination) {
  const Bytes metadata{std::byte{0x81}, std::byte{0xA1}, std::byte{'k'}, std::byte{0x02}};
  const Bytes extension{std::byte{0}, std::byte{0x80}, std::byte{0}, std::byte{0}};
  for (unsigned mask = 0; mask < 32; ++mask) {
    DraftFields fields = fields_of("entity");
    if ((mask & 1U) != 0) fields.correlation = CorrelationId{{std::byte{1}}};
    if ((mask & 2U) != 0) fields.causation = EventId{{std::byte{2}}};
    if ((mask & 4U) != 0) fields.idempotency_key = Hash{{std::byte{3}}};
    if ((mask & 8U) != 0) fields.metadata = metadata;
    if ((mask & 16U) != 0) fields.extensions = extension;
    const DraftFrame draft = finished(fields, 10);
    EXPECT_EQ(draft.entity(), "entity");
    Bytes frame(draft.frame_size());
    static_cast<void>(draft.complete({}, frame));
    const auto parsed = FrameView::parse(frame);
    ASSERT_TRUE(parsed) << mask << ": " << parsed.error();
    EXPECT_EQ(parsed->header().correlation(), fields.correlation);
    EXPECT_EQ(parsed->header().causation(), fields.causation);
    EXPECT_EQ(parsed->header().idempotency_key(), fields.idempotency_key);
    EXPECT_EQ(base::as_text(parsed->metadata()), base::as_text(fields.metadata));
    EXPECT_EQ(base::as_text(parsed->header().extensions()), base::as_text(fields.extensions));
    EXPECT_EQ(parsed->header().metadata_hash().has_value(), (mask & 8U) != 0);
  }
}

// Witness: absent_is_not_zero
TEST(draft, a_field_that_is_absent_is_not_a_field_of_zeros) {
  DraftFields with_zero = fields_of("entity");
  with_zero.correlation = CorrelationId{};
  const DraftFrame absent = finished(fields_of("entity"), 1);
  const DraftFrame zero = finished(with_zero, 1);
  Bytes absent_frame(absent.frame_size());
  Bytes zero_frame(zero.frame_size());
  EXPECT_NE(absent.complete({}, absent_frame), zero.complete({}, zero_frame));
}

TEST(draft, payloads_are_bounded_on_both_sides) {
  DraftFrame empty = DraftFrame::begin(fields_of("entity"), {});
  EXPECT_EQ(empty.finish({}).error().code, ErrorCode::invalid_argument);
  DraftFrame largest = DraftFrame::begin(fields_of("entity"), {});
  largest.payload_buffer().resize(largest.payload_buffer().size() + limits::payload_bytes_max);
  EXPECT_TRUE(largest.finish({}));
  DraftFrame too_large = DraftFrame::begin(fields_of("entity"), {});
  too_large.payload_buffer().resize(too_large.payload_buffer().size() + limits::payload_bytes_max + 1);
  EXPECT_EQ(too_large.finish({}).error().code, ErrorCode::payload_too_large);
}

TEST(draft, kind_and_batch_are_bound_into_the_hash) {
  DraftFrame draft = finished(fields_of("entity"), 1);
  Bytes frame(draft.frame_size());
  const Hash before = draft.complete({}, frame);
  draft.set_kind(EventKind(0xF, 0x002));
  const Hash other_kind = draft.complete({}, frame);
  EXPECT_EQ(draft.kind(), EventKind(0xF, 0x002));
  draft.set_batch(1, 2);
  const Hash other_batch = draft.complete({}, frame);
  EXPECT_NE(before, other_kind);
  EXPECT_NE(other_kind, other_batch);
  EXPECT_EQ(FrameView::parse(frame)->header().kind(), EventKind(0xF, 0x002));
}

// Witness: chain_is_transitive
TEST(draft, each_field_of_the_chain_changes_the_hash) {
  const DraftFrame draft = finished(fields_of("entity"), 1);
  Bytes frame(draft.frame_size());
  const Hash base_hash = draft.complete({}, frame);
  std::vector<ChainFields> changed(8);
  changed[0].sequence = 1;
  changed[1].stream_version = 1;
  changed[2].time.microseconds = 1;
  changed[3].time.counter = 1;
  changed[4].wall_microseconds = 1;
  changed[5].id.bytes[15] = std::byte{1};
  changed[6].previous_sequence = 1;
  changed[7].previous_hash.bytes[31] = std::byte{1};
  for (const ChainFields& chain : changed) EXPECT_NE(draft.complete(chain, frame), base_hash);
  EXPECT_EQ(draft.complete({}, frame), base_hash);  // a draft may be completed again
}

TEST(draft, equal_payloads_differ_by_their_salt) {
  DraftFrame one = DraftFrame::begin(fields_of("entity"), {});
  DraftFrame two = DraftFrame::begin(fields_of("entity"), {});
  one.payload_buffer().push_back(std::byte{0xC0});
  two.payload_buffer().push_back(std::byte{0xC0});
  Salt salt{};
  ASSERT_TRUE(one.finish(salt));
  salt[15] = std::byte{1};
  ASSERT_TRUE(two.finish(salt));
  EXPECT_NE(one.content_hash(), two.content_hash());
}

TEST(draft, a_content_hash_is_blake3_over_length_salt_and_payload_padded_to_blocks) {
  // 41 bytes of payload make 65 of input: one over a block.
  Bytes input;
  base::append_le<std::uint64_t>(input, 41);
  input.resize(input.size() + 16);
  input.resize(input.size() + 41, std::byte{0xC0});
  input.resize(128);
  EXPECT_EQ(finished(fields_of("entity"), 41).content_hash(), crypto::Blake3Context("batpak content v1").hash(input));
}

TEST(draft, what_an_event_signature_signs_names_the_log) {
  Hash hash;
  hash.bytes.fill(std::byte{'h'});
  EXPECT_EQ(base::as_text(event_signature_input("example.com/log", hash)),
            "batpak event signature v1\nexample.com/log\n" + std::string(32, 'h'));
}

}  // namespace
}  // namespace batpak::event
