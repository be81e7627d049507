#include "segment/live_file.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "platform/sim_fs.hpp"

namespace batpak::segment {
namespace {

LiveRecord example() {
  LiveRecord record;
  record.store_id.fill(std::byte{0x61});
  record.session = 5;
  record.durable_through = {.segment = 2, .offset = 0x1234, .sequence = 77};
  return record;
}

TEST(LiveRecord, comes_back_as_it_was) {
  const auto decoded = LiveRecord::decode(example().encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->store_id, example().store_id);
  EXPECT_EQ(decoded->session, 5U);
  EXPECT_EQ(decoded->durable_through, example().durable_through);
}

TEST(LiveRecord, has_the_bytes_the_format_says) {
  const auto bytes = example().encode();
  EXPECT_EQ(base::load_le<std::uint32_t>(bytes.data() + 4), 64U);
  EXPECT_EQ(base::as_text(ByteView(bytes).subspan(8, 8)), "batpakL1");
  EXPECT_EQ(bytes[16], std::byte{0x61});
  EXPECT_EQ(base::load_le<std::uint64_t>(bytes.data() + 32), 5U);
  EXPECT_EQ(base::load_le<std::uint64_t>(bytes.data() + 40), 2U);
  EXPECT_EQ(base::load_le<std::uint64_t>(bytes.data() + 48), 0x1234U);
  EXPECT_EQ(base::load_le<std::uint64_t>(bytes.data() + 56), 77U);
}

TEST(LiveRecord, with_any_bit_changed_or_of_another_length_is_refused) {
  const auto bytes = example().encode();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto changed = bytes;
    changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
    EXPECT_FALSE(LiveRecord::decode(changed)) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(LiveRecord::decode(ByteView(bytes).first(size)));
}

TEST(LiveRecord, of_another_kind_or_length_is_refused_although_its_crc_holds) {
  for (const std::size_t at : {std::size_t{4}, std::size_t{8}}) {
    auto changed = example().encode();
    changed[at] ^= std::byte{1};
    base::store_le(changed.data(), base::crc32c(ByteView(changed).subspan(4)));
    EXPECT_EQ(LiveRecord::decode(changed).error().code, ErrorCode::malformed) << at;
  }
}

TEST(LiveFile, is_read_where_it_is_and_told_apart_where_it_is_not) {
  platform::SimFs files;
  const auto directory = files.create_directory("store").value();
  EXPECT_EQ(read_live(*directory).error().code, ErrorCode::not_found);
  files.write_file("store/live", example().encode()).value();
  EXPECT_EQ(read_live(*directory)->durable_through, example().durable_through);
  files.write_file("store/live", Bytes(10)).value();
  EXPECT_EQ(read_live(*directory).error().code, ErrorCode::malformed);
}

}  // namespace
}  // namespace batpak::segment
