#include "base/utf8.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace batpak::base {
namespace {

// The bytes that the rules of UTF-8 give for a number, whether or not it is a character.
std::string encode(std::uint32_t code) {
  const auto tail = [code](unsigned shift) { return static_cast<char>(0x80U | (code >> shift & 0x3FU)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0U | code >> 6U), tail(0)};
  if (code < 0x10000) return {static_cast<char>(0xE0U | code >> 12U), tail(6), tail(0)};
  return {static_cast<char>(0xF0U | code >> 18U), tail(12), tail(6), tail(0)};
}

TEST(utf8, accepts_every_character_and_refuses_every_other_number) {
  for (std::uint32_t code = 0; code < 0x140000; ++code) {
    const bool is_character = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    ASSERT_EQ(is_utf8(encode(code)), is_character) << std::hex << code;
  }
}

TEST(utf8, refuses_overlong_forms) {
  for (const std::string_view text : {"\xC0\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xF0\x80\x80\x80",
                                      "\xF0\x8F\xBF\xBF", "\xF8\x88\x80\x80\x80", "\xFC\x84\x80\x80\x80\x80"}) {
    EXPECT_FALSE(is_utf8(text));
  }
}

TEST(utf8, refuses_what_is_cut_off_wherever_it_stands) {
  for (const std::string_view character : {"\u00E9", "\u20AC", "\U0001F600"}) {
    for (std::size_t before = 0; before < 20; ++before) {
      for (std::size_t kept = 1; kept < character.size(); ++kept) {
        const std::string cut = std::string(before, 'x') + std::string(character.substr(0, kept));
        EXPECT_FALSE(is_utf8(cut));
        EXPECT_FALSE(is_utf8(cut + "xxxxxxxxx"));
      }
      EXPECT_TRUE(is_utf8(std::string(before, 'x') + std::string(character) + "xxxxxxxxx"));
    }
  }
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("abcdefgh\xBF"));
  EXPECT_TRUE(is_utf8(""));
}

TEST(utf8, knows_control_characters) {
  for (std::uint32_t code = 0; code < 0x3000; ++code) {
    const bool is_control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
    ASSERT_EQ(has_control_character("ab" + encode(code) + "c"), is_control) << std::hex << code;
  }
}

TEST(utf8, without_control_characters_is_plain_wherever_they_would_stand) {
  for (std::uint32_t code = 0; code < 0x3000; ++code) {
    const bool is_control = code < 0x20 || (code >= 0x7F && code <= 0x9F);
    for (std::size_t before = 0; before < 10; ++before) {
      const std::string text = std::string(before, '~') + encode(code) + std::string(before % 3, ' ');
      ASSERT_EQ(is_plain_text(text), !is_control) << std::hex << code << " behind " << before;
    }
  }
  EXPECT_TRUE(is_plain_text(""));
  EXPECT_FALSE(is_plain_text("abcdefgh\xBF"));
  EXPECT_FALSE(is_plain_text("abc\xFF"));
  EXPECT_FALSE(is_plain_text("abcdefghabcdefg\xC3"));
}

}  // namespace
}  // namespace batpak::base
