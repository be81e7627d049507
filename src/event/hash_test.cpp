#include "batpak/hash.hpp"

#include <gtest/gtest.h>

namespace batpak {
namespace {

constexpr std::string_view digits = "00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef";

TEST(hash, comes_back_from_its_text) {
  const auto hash = Hash::from_hex(digits);
  ASSERT_TRUE(hash);
  EXPECT_EQ(to_string(*hash), digits);
  EXPECT_FALSE(hash->is_zero());
  EXPECT_TRUE(Hash{}.is_zero());
}

TEST(hash, refuses_other_text) {
  for (const std::string& text :
       {std::string(), std::string(digits.substr(1)), std::string(digits) + "0", std::string(digits.substr(0, 63)) + "g"}) {
    const auto hash = Hash::from_hex(text);
    ASSERT_FALSE(hash) << text;
    EXPECT_EQ(hash.error().code, ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace batpak
