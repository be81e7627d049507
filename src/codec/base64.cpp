#include "codec/base64.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace batpak::codec {
namespace {

constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_digit = 0xFF;

constexpr auto digit_values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(no_digit);
  std::uint8_t value = 0;
  for (const char digit : digits) values[static_cast<std::uint8_t>(digit)] = value++;
  return values;
}();

}  // namespace

void append_base64(std::string& out, ByteView bytes) {
  for (; !bytes.empty(); bytes = bytes.subspan(bytes.size() < 3 ? bytes.size() : 3)) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) group = group << 8U | (i < bytes.size() ? static_cast<std::uint32_t>(bytes[i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) out += i <= bytes.size() ? digits[group >> (18 - 6 * i) & 0x3FU] : '=';
  }
}

std::optional<Bytes> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  Bytes bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::uint8_t value = digit_values[static_cast<std::uint8_t>(c)];
    if (value == no_digit) return std::nullopt;
    group = (group << 6U | value) & 0xFFFU;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<std::byte>(group >> bits & 0xFFU));
  }
  if ((group & ((1U << bits) - 1U)) != 0) return std::nullopt;  // bits that no byte uses would give one value two texts
  return bytes;
}

}  // namespace batpak::codec
