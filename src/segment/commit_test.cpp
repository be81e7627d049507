#include "segment/commit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/crc32c.hpp"
#include "base/limits.hpp"

namespace batpak::segment {
namespace {

constexpr std::uint64_t segment = 7;
constexpr std::uint64_t offset = 4'096;

SegmentSalt salt() {
  SegmentSalt salt;
  salt.fill(std::byte{0x5A});
  return salt;
}

CommitHeader header_of(CommitType type) {
  CommitHeader header;
  header.type = type;
  header.segment = segment;
  header.offset = offset;
  header.first_sequence = 100;
  header.session = 9;
  header.durable_through = {.segment = 6, .offset = 65'000, .sequence = 90};
  header.previous_crc = 0x11223344;
  return header;
}

CommitEnd end_of(std::uint64_t tree_size) {
  CommitEnd end;
  end.tree_size = tree_size;
  end.root.bytes.fill(std::byte{0xEE});
  return end;
}

void add_frame(CommitBuilder& builder, std::size_t size, int value) {
  const auto frame = builder.add_frame(size);
  std::fill(frame.begin() + frame_prefix_bytes, frame.end(), static_cast<std::byte>(value));
}

Bytes events_commit(const std::vector<StoredSignature>& signatures = {}) {
  CommitBuilder builder;
  builder.begin();
  add_frame(builder, 40, 1);
  add_frame(builder, 16, 2);
  CommitEnd end = end_of(102);
  end.signed_size = signatures.empty() ? 0 : 100;
  end.signatures = signatures;
  builder.finish(header_of(CommitType::events), end, salt());
  return {builder.bytes().begin(), builder.bytes().end()};
}

Bytes idle_mark() {
  CommitBuilder builder;
  builder.begin();
  builder.finish(header_of(CommitType::idle_mark), end_of(100), salt());
  return {builder.bytes().begin(), builder.bytes().end()};
}

Bytes seal_commit() {
  CommitBuilder builder;
  builder.begin();
  Seal seal;
  seal.segment_end = offset + commit_size(seal_body_bytes, {});
  seal.successor = 8;
  seal.first_sequence = 100;
  seal.successor_salt.fill(std::byte{0x77});
  builder.add_seal(seal);
  builder.finish(header_of(CommitType::seal), end_of(100), salt());
  return {builder.bytes().begin(), builder.bytes().end()};
}

Result<CommitView> decode(ByteView bytes) { return decode_commit(bytes, salt(), segment, offset); }

// As a writer with other ideas would have written it.
Bytes with_mended_crcs(Bytes bytes) {
  const std::uint32_t salt_crc = base::crc32c(salt());
  base::store_le(bytes.data() + 4, base::crc32c(ByteView(bytes).subspan(8), salt_crc));
  base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4, commit_header_bytes - 4), salt_crc));
  return bytes;
}

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[std::to_integer<std::size_t>(byte) >> 4U];
    text += digits[std::to_integer<std::size_t>(byte) & 15U];
  }
  return text;
}

// Witness: format_is_as_documented
TEST(Commit, has_the_bytes_the_format_says) {
  EXPECT_EQ(to_hex(idle_mark()),
            "6098f23ad95972c162706b43020000000700000000000000001000000000000064000000000000000000000098000000"
            "09000000000000000600000000000000e8fd0000000000005a0000000000000044332211000000006400000000000000"
            "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee00000000000000000000000000000000"
            "0000000098000000");
}

TEST(Commit, of_events_comes_back_as_it_was) {
  const Bytes bytes = events_commit();
  const auto commit = decode(bytes);
  ASSERT_TRUE(commit) << to_string(commit.error());
  EXPECT_EQ(commit->header.type, CommitType::events);
  EXPECT_EQ(commit->header.segment, segment);
  EXPECT_EQ(commit->header.offset, offset);
  EXPECT_EQ(commit->header.first_sequence, 100U);
  EXPECT_EQ(commit->header.count, 2U);
  EXPECT_EQ(commit->header.next_sequence(), 102U);
  EXPECT_EQ(commit->header.length, bytes.size());
  EXPECT_EQ(commit->header.session, 9U);
  EXPECT_EQ(commit->header.durable_through, (LogPoint{.segment = 6, .offset = 65'000, .sequence = 90}));
  EXPECT_EQ(commit->header.previous_crc, 0x11223344U);
  EXPECT_EQ(commit->header.end(), (LogPoint{.segment = segment, .offset = offset + bytes.size(), .sequence = 102}));
  EXPECT_EQ(commit->body.size(), 56U);
  EXPECT_EQ(commit->end.tree_size, 102U);
  EXPECT_EQ(commit->end.root, end_of(0).root);
  EXPECT_TRUE(commit->end.signatures.empty());
  EXPECT_FALSE(commit->seal);
}

TEST(Commit, may_be_followed_by_others) {
  Bytes bytes = events_commit();
  const std::size_t size = bytes.size();
  bytes.resize(size + 1'000, std::byte{0xFF});
  EXPECT_EQ(decode(bytes)->bytes.size(), size);
}

TEST(Commit, keeps_its_signatures) {
  const std::vector<StoredSignature> signatures = {{.name = "", .signature = Bytes(68, std::byte{1})},
                                                   {.name = "witness.example/w", .signature = Bytes(77, std::byte{2})}};
  const Bytes bytes = events_commit(signatures);
  EXPECT_EQ(bytes.size(), commit_size(56, signatures));
  EXPECT_EQ(bytes.size() % 8, 0U);
  const auto commit = decode(bytes);
  ASSERT_TRUE(commit) << to_string(commit.error());
  EXPECT_EQ(commit->end.signed_size, 100U);
  ASSERT_EQ(commit->end.signatures.size(), 2U);
  for (std::size_t i = 0; i < signatures.size(); ++i) {
    EXPECT_EQ(commit->end.signatures[i].name, signatures[i].name);
    EXPECT_EQ(commit->end.signatures[i].signature, signatures[i].signature);
  }
}

TEST(Commit, that_seals_names_the_successor) {
  const Bytes bytes = seal_commit();
  const auto commit = decode(bytes);
  ASSERT_TRUE(commit) << to_string(commit.error());
  ASSERT_TRUE(commit->seal);
  EXPECT_EQ(commit->seal->segment_end, offset + bytes.size());
  EXPECT_EQ(commit->seal->successor, 8U);
  EXPECT_EQ(commit->seal->first_sequence, 100U);
  EXPECT_EQ(commit->seal->successor_salt[15], std::byte{0x77});
  EXPECT_EQ(commit->header.count, 0U);
}

TEST(Commit, with_any_bit_changed_is_refused) {
  for (const Bytes& bytes :
       {events_commit({{.name = "n", .signature = Bytes(68, std::byte{1})}}), idle_mark(), seal_commit()}) {
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      Bytes changed = bytes;
      changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
      EXPECT_FALSE(decode(changed)) << "bit " << bit;
    }
  }
}

// Witness: whole_commits_only
TEST(Commit, cut_off_anywhere_is_refused) {
  const Bytes bytes = events_commit();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto commit = decode(ByteView(bytes).first(size));
    ASSERT_FALSE(commit) << size;
    EXPECT_EQ(commit.error().code, ErrorCode::truncated) << size;
  }
}

TEST(Commit, of_another_place_or_segment_is_refused) {
  const Bytes bytes = events_commit();
  EXPECT_FALSE(decode_commit(bytes, salt(), segment, offset + 8));
  EXPECT_FALSE(decode_commit(bytes, salt(), segment + 1, offset));
  SegmentSalt other = salt();
  other[3] = std::byte{0};
  EXPECT_FALSE(decode_commit(bytes, other, segment, offset));
}

TEST(Commit, of_an_unknown_type_is_from_the_future) {
  for (const std::uint32_t type : {0U, 4U, 0xFFFF'FFFFU}) {
    Bytes bytes = idle_mark();
    base::store_le(bytes.data() + 12, type);
    EXPECT_EQ(decode(with_mended_crcs(bytes)).error().code, ErrorCode::newer_format);
  }
}

TEST(Commit, that_contradicts_itself_is_refused_though_its_crcs_match) {
  const auto refused = [](Bytes bytes, std::size_t at, std::uint32_t value) {
    base::store_le(bytes.data() + at, value);
    const auto commit = decode(with_mended_crcs(std::move(bytes)));
    return !commit && commit.error().code == ErrorCode::malformed;
  };
  const Bytes events = events_commit();
  const std::size_t end = commit_header_bytes + 56;
  EXPECT_TRUE(refused(events, 40, 0)) << "no events";
  EXPECT_TRUE(refused(events, 40, 1)) << "fewer events than frames";
  EXPECT_TRUE(refused(events, 40, 3)) << "more events than frames";
  EXPECT_TRUE(refused(events, 40, 0xFFFF'FFFF));
  EXPECT_TRUE(refused(idle_mark(), 40, 1)) << "a mark with events";
  EXPECT_TRUE(refused(events, 84, 1)) << "reserved";
  EXPECT_TRUE(refused(events, commit_header_bytes + 4, 0)) << "a frame without length";
  EXPECT_TRUE(refused(events, commit_header_bytes + 4, 41)) << "a frame of odd length";
  EXPECT_TRUE(refused(events, commit_header_bytes + 4, 0xFFFF'FFF8)) << "a frame that goes on past the commit";
  EXPECT_TRUE(refused(events, end + 40, 1)) << "a signed size without signatures";
  EXPECT_TRUE(refused(events, end + 48, 8)) << "a list of signatures that is not there";
  EXPECT_TRUE(refused(events, end + 48, 0xFFFF'FFF0));
  EXPECT_TRUE(refused(events, end + 52, 1)) << "reserved";
  EXPECT_TRUE(refused(events, end + 56, 1)) << "padding";
  EXPECT_TRUE(refused(events, end + 60, 8)) << "another length at the end";
}

TEST(Commit, with_a_length_out_of_bounds_is_refused_before_it_is_used) {
  for (const std::uint32_t length : {0U, 8U, 144U, 0xFFFF'FFF8U, static_cast<std::uint32_t>(limits::commit_bytes_max + 8)}) {
    Bytes bytes = idle_mark();
    base::store_le(bytes.data() + 44, length);
    base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4, commit_header_bytes - 4), base::crc32c(salt())));
    EXPECT_EQ(decode_commit_header(bytes, salt()).error().code, ErrorCode::malformed) << length;
  }
}

TEST(Commit, with_broken_signatures_is_refused_though_its_crcs_match) {
  const std::vector<StoredSignature> signatures = {{.name = "abcd", .signature = Bytes(68, std::byte{1})}};
  const Bytes bytes = events_commit(signatures);
  const std::size_t list = commit_header_bytes + 56 + 56;
  for (const auto& [at, value] : {std::pair{list, 0xFFFF}, {list, 300}, {list + 2, 3}, {list + 2, 0xFFFF}, {list + 2, 60}}) {
    Bytes changed = bytes;
    base::store_le(changed.data() + at, static_cast<std::uint16_t>(value));
    EXPECT_FALSE(decode(with_mended_crcs(changed))) << at << " " << value;
  }
}

// Witness: damage_is_not_a_tail
TEST(Commit, with_right_crcs_is_told_from_a_torn_one_whatever_its_length) {
  Bytes bytes(limits::commit_bytes_max + 8);
  const Bytes start = events_commit();
  std::ranges::copy(ByteView(start).first(commit_header_bytes), bytes.begin());
  base::store_le(bytes.data() + 44, static_cast<std::uint32_t>(bytes.size()));
  bytes = with_mended_crcs(std::move(bytes));
  EXPECT_FALSE(decode(bytes)) << "it is longer than any may be";
  EXPECT_TRUE(commit_crcs_match(bytes, salt(), segment, offset));
  EXPECT_FALSE(commit_crcs_match(ByteView(bytes).first(bytes.size() - 8), salt(), segment, offset));
}

TEST(CommitBuilder, lays_out_the_next_commit_in_the_same_buffer) {
  CommitBuilder builder;
  for (int i = 0; i < 3; ++i) {
    builder.begin();
    add_frame(builder, 40, 1);
    EXPECT_EQ(builder.frame_offset(), commit_header_bytes);
    add_frame(builder, 16, 2);
    EXPECT_EQ(builder.frame_offset(), commit_header_bytes + 40);
    const CommitHeader written = builder.finish(header_of(CommitType::events), end_of(102), salt());
    EXPECT_EQ(written.count, 2U);
    EXPECT_TRUE(std::ranges::equal(builder.bytes(), events_commit()));
    EXPECT_EQ(written.commit_crc, decode(builder.bytes())->header.commit_crc);
  }
}

TEST(FrameSplitter, gives_the_frames_one_after_the_other) {
  const Bytes bytes = events_commit();
  FrameSplitter frames(decode(bytes)->body);
  const ByteView first = frames.next();
  EXPECT_EQ(first.size(), 40U);
  EXPECT_EQ(first[8], std::byte{1});
  EXPECT_TRUE(frame_crc_matches(first));
  EXPECT_EQ(frames.next().size(), 16U);
  EXPECT_TRUE(frames.next().empty());
  EXPECT_TRUE(frames.next().empty());
}

TEST(FrameSplitter, ends_where_lengths_do_not_add_up) {
  const Bytes bytes = events_commit();
  FrameSplitter frames(decode(bytes)->body.first(48));
  EXPECT_EQ(frames.next().size(), 40U);
  EXPECT_TRUE(frames.next().empty());
  EXPECT_TRUE(frames.next().empty());
  EXPECT_TRUE(FrameSplitter(Bytes(7)).next().empty());
}

TEST(Frame, with_any_byte_behind_its_length_changed_does_not_match_its_crc) {
  Bytes bytes = events_commit();
  const std::span frame = std::span(bytes).subspan(commit_header_bytes, 40);
  for (std::size_t at = 0; at < frame.size(); ++at) {
    frame[at] ^= std::byte{1};
    EXPECT_FALSE(frame_crc_matches(frame)) << at;
    frame[at] ^= std::byte{1};
  }
}

StoredSignature signature(std::string name, std::size_t bytes) {
  return {.name = std::move(name), .signature = Bytes(bytes, std::byte{0x51})};
}

TEST(Commit, with_a_signature_list_that_is_wrong_is_refused) {
  EXPECT_FALSE(decode(events_commit(std::vector<StoredSignature>(65, signature("", 4)))));
  EXPECT_TRUE(decode(events_commit(std::vector<StoredSignature>(64, signature("", 4)))));
  const Bytes good = events_commit({signature("", 68), signature("", 4)});
  ASSERT_TRUE(decode(good));
  const std::size_t end = good.size() - commit_size(0, {signature("", 68), signature("", 4)}) + commit_header_bytes;
  const std::size_t list = end + 56;
  Bytes bad = good;  // ends within the first bytes of the second signature
  base::store_le<std::uint32_t>(bad.data() + end + 48, 74);
  std::fill_n(bad.begin() + static_cast<std::ptrdiff_t>(list) + 72, 8, std::byte{0});
  EXPECT_EQ(decode(with_mended_crcs(bad)).error().message, "a signature in the commit is cut off");
  for (const auto& [name, length] : {std::pair<int, int>{300, 68}, {0, 3}, {0, 2000}, {60, 60}}) {
    bad = good;
    base::store_le(bad.data() + list, static_cast<std::uint16_t>(name));
    base::store_le(bad.data() + list + 2, static_cast<std::uint16_t>(length));
    EXPECT_EQ(decode(with_mended_crcs(bad)).error().message, "a signature in the commit has an impossible length");
  }
}

TEST(Commit, whose_parts_do_not_fit_into_it_is_refused) {
  Bytes bad = events_commit();
  base::store_le<std::uint32_t>(bad.data() + commit_header_bytes + 40 + 4, 56);  // the second frame reaches into the end
  EXPECT_EQ(decode(with_mended_crcs(bad)).error().message, "the commit's length contradicts its parts");
  bad = events_commit();
  base::store_le<std::uint32_t>(bad.data() + 40, 3);  // a frame more than there are
  EXPECT_FALSE(decode(with_mended_crcs(bad)));
  bad = events_commit();
  base::store_le<std::uint32_t>(bad.data() + 44, 41U << 20);
  EXPECT_EQ(decode(with_mended_crcs(bad)).error().message, "the commit header contradicts itself");
  EXPECT_EQ(frame_at(ByteView(bad).first(7)).error().message, "a frame is cut off");
}

}  // namespace
}  // namespace batpak::segment
