#include "segment/segment_header.hpp"

#include <gtest/gtest.h>

#include "base/crc32c.hpp"

namespace batpak::segment {
namespace {

SegmentHeader example() {
  SegmentHeader header;
  header.store_id.fill(std::byte{0xA1});
  header.number = 3;
  header.first_sequence = 5;  // two perfect subtrees: 4 + 1
  header.salt.fill(std::byte{0xB2});
  header.right_edge.resize(2);
  header.right_edge[0].bytes.fill(std::byte{0xC3});
  header.right_edge[1].bytes.fill(std::byte{0xD4});
  return header;
}

Bytes with_mended_crc(Bytes bytes) {
  base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
  return bytes;
}

// Witness: format_is_as_documented
TEST(SegmentHeader, has_the_bytes_the_format_says) {
  const Bytes bytes = example().encode();
  ASSERT_EQ(bytes.size(), 4096U);
  EXPECT_EQ(base::load_le<std::uint32_t>(bytes.data()), 0xFA2F9CBEU);
  EXPECT_EQ(base::load_le<std::uint32_t>(bytes.data() + 4), 4096U);
  EXPECT_EQ(base::as_text(ByteView(bytes).subspan(8, 8)), "batpakS1");
  EXPECT_EQ(base::load_le<std::uint32_t>(bytes.data() + 16), 1U);
  EXPECT_EQ(base::load_le<std::uint32_t>(bytes.data() + 20), 2U);
  EXPECT_EQ(bytes[24], std::byte{0xA1});
  EXPECT_EQ(bytes[39], std::byte{0xA1});
  EXPECT_EQ(base::load_le<std::uint64_t>(bytes.data() + 40), 3U);
  EXPECT_EQ(base::load_le<std::uint64_t>(bytes.data() + 48), 5U);
  EXPECT_EQ(bytes[56], std::byte{0xB2});
  EXPECT_EQ(bytes[71], std::byte{0xB2});
  EXPECT_EQ(bytes[72], std::byte{0xC3});
  EXPECT_EQ(bytes[104], std::byte{0xD4});
  EXPECT_EQ(bytes[135], std::byte{0xD4});
  EXPECT_TRUE(base::all_zero(ByteView(bytes).subspan(136)));
}

TEST(SegmentHeader, comes_back_as_it_was) {
  const SegmentHeader header = example();
  const auto decoded = SegmentHeader::decode(header.encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->store_id, header.store_id);
  EXPECT_EQ(decoded->number, header.number);
  EXPECT_EQ(decoded->first_sequence, header.first_sequence);
  EXPECT_EQ(decoded->salt, header.salt);
  EXPECT_EQ(decoded->right_edge, header.right_edge);
}

TEST(SegmentHeader, may_be_followed_by_the_rest_of_the_file) {
  Bytes bytes = example().encode();
  bytes.resize(10'000, std::byte{0xFF});
  EXPECT_TRUE(SegmentHeader::decode(bytes));
}

TEST(SegmentHeader, with_any_byte_changed_is_refused) {
  const Bytes bytes = example().encode();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= std::byte{0x10};
    EXPECT_FALSE(SegmentHeader::decode(changed)) << at;
  }
}

TEST(SegmentHeader, cut_off_is_refused) {
  const Bytes bytes = example().encode();
  for (const std::size_t size : {0U, 1U, 8U, 72U, 4'095U}) {
    const auto decoded = SegmentHeader::decode(ByteView(bytes).first(size));
    ASSERT_FALSE(decoded);
    EXPECT_EQ(decoded.error().code, ErrorCode::truncated);
  }
}

TEST(SegmentHeader, of_a_newer_format_is_told_from_a_broken_one) {
  Bytes bytes = example().encode();
  base::store_le<std::uint32_t>(bytes.data() + 16, 2);
  EXPECT_EQ(SegmentHeader::decode(with_mended_crc(bytes)).error().code, ErrorCode::newer_format);
  base::store_le<std::uint32_t>(bytes.data() + 16, 0);
  EXPECT_EQ(SegmentHeader::decode(with_mended_crc(bytes)).error().code, ErrorCode::malformed);
}

TEST(SegmentHeader, that_contradicts_itself_is_refused_though_its_crc_matches) {
  const auto refused = [](std::size_t offset, std::uint32_t value) {
    Bytes bytes = example().encode();
    base::store_le(bytes.data() + offset, value);
    const auto decoded = SegmentHeader::decode(with_mended_crc(bytes));
    return !decoded && decoded.error().code == ErrorCode::malformed;
  };
  EXPECT_TRUE(refused(4, 4'095)) << "another length";
  EXPECT_TRUE(refused(20, 1)) << "fewer hashes than the first sequence has bits";
  EXPECT_TRUE(refused(20, 0xFFFF'FFFF)) << "more hashes than there is room for";
  EXPECT_TRUE(refused(136, 1)) << "padding that is not zero";
  EXPECT_TRUE(refused(4'092, 1));
}

TEST(SegmentHeader, has_room_for_the_edge_of_the_largest_tree) {
  SegmentHeader header = example();
  header.first_sequence = ~0ULL;
  header.right_edge.assign(64, Hash{});
  EXPECT_EQ(SegmentHeader::decode(header.encode())->right_edge.size(), 64U);
}

TEST(SegmentFileName, is_the_first_sequence_in_twenty_digits) {
  EXPECT_EQ(segment_file_name(0), "00000000000000000000.seg");
  EXPECT_EQ(segment_file_name(~0ULL), "18446744073709551615.seg");
  EXPECT_EQ(segment_path(42), "log/00000000000000000042.seg");
}

TEST(SegmentFileName, is_read_back) {
  for (const std::uint64_t sequence : {std::uint64_t{0}, std::uint64_t{42}, ~std::uint64_t{0}}) {
    EXPECT_EQ(parse_segment_file_name(segment_file_name(sequence)).value(), sequence);
  }
}

TEST(SegmentFileName, of_another_form_is_refused) {
  for (const std::string_view name :
       {"", "1.seg", "00000000000000000042", "00000000000000000042.seg ", "0000000000000000004x.seg",
        "-0000000000000000042.seg", "+0000000000000000042.seg", "000000000000000000042.seg", "99999999999999999999.seg",
        "00000000000000000042.txt", "next.tmp"}) {
    EXPECT_FALSE(parse_segment_file_name(name)) << name;
  }
}

}  // namespace
}  // namespace batpak::segment
