// Bytes as hexadecimal digits, for tests that state bytes exactly.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/hex.hpp"

namespace batpak::codec {

using base::to_hex;

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
