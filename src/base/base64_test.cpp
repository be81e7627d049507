#include "base/base64.hpp"

#include <gtest/gtest.h>

namespace batpak::base {
namespace {

// RFC 4648, section 10.
TEST(base64, gives_the_vectors_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> vectors[]{
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(base::as_bytes(bytes)), text);
    const auto decoded = from_base64(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(base::as_text(*decoded), bytes);
  }
}

TEST(base64, comes_back_for_every_byte_value_and_length) {
  Bytes bytes;
  for (unsigned value = 0; value < 256; ++value) {
    const auto decoded = from_base64(to_base64(bytes));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, bytes);
    bytes.push_back(static_cast<std::byte>(255 - value));
  }
}

TEST(base64, refuses_what_it_would_not_write) {
  for (const std::string_view text : {"Zg", "Zg=", "Z", "Zg==\n", " Zg==", "Zm 9", "Zh==", "Zm9=", "====", "=g==", "Z===",
                                      "Zg==Zg==", "Zm9vZg==Zm9v", "Zg-_", "Zg=v", "Zm\x80v"}) {
    const auto decoded = from_base64(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::malformed);
  }
}

}  // namespace
}  // namespace batpak::base
