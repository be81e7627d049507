#include "base/hex.hpp"

#include <gtest/gtest.h>

#include <array>

namespace batpak::base {
namespace {

TEST(hex, comes_back_for_every_byte_value) {
  Bytes bytes;
  for (unsigned value = 0; value < 256; ++value) bytes.push_back(static_cast<std::byte>(value));
  const std::string digits = to_hex(bytes);
  EXPECT_EQ(digits.substr(0, 8), "00010203");
  EXPECT_EQ(digits.substr(508), "feff");
  Bytes decoded(256);
  ASSERT_TRUE(from_hex(digits, decoded));
  EXPECT_EQ(decoded, bytes);
}

TEST(hex, reads_either_case) {
  std::array<std::byte, 3> bytes{};
  ASSERT_TRUE(from_hex("aBcDEf", bytes));
  EXPECT_EQ(to_hex(bytes), "abcdef");
}

TEST(hex, refuses_other_characters_and_other_lengths) {
  std::array<std::byte, 2> bytes{};
  for (const std::string_view text : {"", "123", "12345", "123g", "12 4", "0x12", "12:4", "12`4", "12@4"}) {
    const auto result = from_hex(text, bytes);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace batpak::base
