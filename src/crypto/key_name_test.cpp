#include "crypto/key_name.hpp"

#include <gtest/gtest.h>

#include <string>

namespace batpak::crypto {
namespace {

TEST(key_name, accepts_what_signed_notes_allow) {
  for (const std::string_view name : {"example.com/log42", "batpak.invalid/0123", "a", "Öl-Markt", "日本", "x@y:z\"#"}) {
    EXPECT_TRUE(is_key_name(name)) << name;
  }
  EXPECT_TRUE(is_key_name(std::string(255, 'x')));
}

TEST(key_name, refuses_what_would_break_a_note) {
  EXPECT_FALSE(is_key_name(""));
  EXPECT_FALSE(is_key_name(std::string(256, 'x')));
  for (const std::string_view name :
       {"a b", "a+b", "a\nb", "a\tb", " a", "a ", "\u00A0", "a\u1680", "\u2003a", "a\u200Ab", "a\u2028", "\u2029", "\u202F",
        "\u205F", "a\u3000b", "a\u0085", "\x7F", "\xFF", "a\xC3"}) {
    EXPECT_FALSE(is_key_name(name)) << name;
  }
}

TEST(key_name, of_others_is_what_the_specification_allows) {
  for (const std::string& name : {std::string("example.com/log42"), std::string(256, 'x'), std::string(70'000, 'x'),
                                  std::string("\x7F"), std::string("a\u0080"), std::string("\u009F"), std::string("日本")}) {
    EXPECT_TRUE(is_note_key_name(name)) << name;
  }
  for (const std::string_view name :
       {"", "a b", "a+b", "a\nb", "a\tb", "\u00A0", "a\u1680", "\u2003a", "a\u200Ab", "a\u2028", "\u2029", "\u202F",
        "\u205F", "a\u3000b", "a\u0085", "\x1F", "\xFF", "a\xC3"}) {
    EXPECT_FALSE(is_note_key_name(name)) << name;
  }
}

}  // namespace
}  // namespace batpak::crypto
