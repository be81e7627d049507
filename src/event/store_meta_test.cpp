#include "event/store_meta.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/crc32c.hpp"
#include "base/hex.hpp"

namespace batpak::event {
namespace {

StoreMeta example() {
  Genesis genesis;
  genesis.created = 1'700'000'000'000'000;
  genesis.origin = "example.com/log";
  genesis.store_id.fill(std::byte{0x5A});
  return StoreMeta::make(genesis).value();
}

Bytes with_crc(Bytes bytes) {
  base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
  return bytes;
}

ErrorCode refusal(ByteView bytes) {
  const auto meta = StoreMeta::decode(bytes);
  EXPECT_FALSE(meta);
  return meta ? ErrorCode::invalid_argument : meta.error().code;
}

TEST(store_meta, has_these_bytes) {
  const StoreMeta meta = example();
  const Bytes bytes = meta.encode();
  // Length, "batpakM1", version, length of the payload; the CRC is checked by itself.
  EXPECT_EQ(base::to_hex(ByteView(bytes).subspan(4, 20)),
            "7c000000"
            "62617470616b4d31"
            "01000000"
            "64000000");
  EXPECT_EQ(base::load_le<std::uint32_t>(bytes.data()), base::crc32c(ByteView(bytes).subspan(4)));
  EXPECT_EQ(Bytes(bytes.begin() + 24, bytes.end()), meta.genesis_payload);
}

TEST(store_meta, comes_back_as_it_was) {
  const StoreMeta meta = example();
  const auto again = StoreMeta::decode(meta.encode());
  ASSERT_TRUE(again) << again.error();
  EXPECT_EQ(again->genesis_payload, meta.genesis_payload);
  EXPECT_EQ(again->genesis.origin, "example.com/log");
  EXPECT_EQ(again->genesis.created, 1'700'000'000'000'000);
  EXPECT_EQ(again->genesis.store_id, meta.genesis.store_id);
  EXPECT_EQ(again->genesis.key, std::nullopt);
}

TEST(store_meta, no_changed_byte_passes) {
  const Bytes whole = example().encode();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (unsigned bit = 0; bit < 8; ++bit) {
      Bytes changed = whole;
      changed[at] ^= static_cast<std::byte>(1U << bit);
      EXPECT_FALSE(StoreMeta::decode(changed)) << at;
    }
  }
}

TEST(store_meta, no_other_length_passes) {
  const Bytes whole = example().encode();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(refusal(ByteView(whole).first(size)), ErrorCode::damaged);
  }
  Bytes longer = whole;
  longer.push_back(std::byte{0});
  EXPECT_EQ(refusal(longer), ErrorCode::damaged);
  longer.resize(store_meta_bytes_max + 1);
  EXPECT_EQ(refusal(longer), ErrorCode::damaged);
}

TEST(store_meta, a_newer_version_is_told_apart_from_damage) {
  Bytes newer = example().encode();
  base::store_le(newer.data() + 16, 2U);
  EXPECT_EQ(refusal(with_crc(newer)), ErrorCode::newer_format);
  base::store_le(newer.data() + 16, 0U);
  EXPECT_EQ(refusal(with_crc(newer)), ErrorCode::damaged);
}

TEST(store_meta, a_mended_crc_does_not_make_a_genesis) {
  Bytes bytes = example().encode();
  bytes[24] = std::byte{0xC0};
  EXPECT_EQ(refusal(with_crc(bytes)), ErrorCode::damaged);
}

TEST(store_meta, an_origin_that_no_log_may_have_is_refused) {
  for (const std::string& origin : {std::string(), std::string("two words"), std::string("a+b"), std::string("a\nb"),
                                    std::string("a\x1B[2J"), std::string(256, 'x')}) {
    Genesis genesis = example().genesis;
    genesis.origin = origin;
    EXPECT_EQ(refusal(StoreMeta::make(genesis).value().encode()), ErrorCode::damaged) << origin;
  }
}

TEST(store_meta, a_genesis_in_another_form_is_refused) {
  // `key` is no longer a field of it, so that the store would seem to have none.
  Bytes bytes = example().encode();
  const auto key = std::ranges::search(bytes, base::as_bytes("key"));
  ASSERT_FALSE(key.empty());
  key.front() = std::byte{'j'};
  EXPECT_EQ(refusal(with_crc(bytes)), ErrorCode::damaged);
}

}  // namespace
}  // namespace batpak::event
