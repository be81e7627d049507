// Bytes as hexadecimal digits, for tests that state bytes exactly.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace batpak::codec {

[[nodiscard]] inline std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    text += digits[static_cast<std::size_t>(byte >> 4)];
    text += digits[static_cast<std::size_t>(byte & std::byte{0xF})];
  }
  return text;
}

// Spaces are passed over. Precondition: lower-case digits, two for each byte.
[[nodiscard]] inline Bytes from_hex(std::string_view text) {
  const auto value = [](char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; };
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    bytes.push_back(static_cast<std::byte>(value(text[i]) << 4 | value(text[i + 1])));
    ++i;
  }
  return bytes;
}

}  // namespace batpak::codec
