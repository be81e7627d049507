#include "base/base64.hpp"

#include <array>
#include <cstdint>

#include "base/try.hpp"

namespace batpak::base {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_value = 64;

constexpr std::array<std::uint8_t, 256> values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_value);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}();

}  // namespace

std::string to_base64(ByteView bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = bytes.size() - i < 3 ? bytes.size() - i : 3;
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8U | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0U);
    }
    text += alphabet[group >> 18U];
    text += alphabet[group >> 12U & 63U];
    text += count > 1 ? alphabet[group >> 6U & 63U] : '=';
    text += count > 2 ? alphabet[group & 63U] : '=';
  }
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return base::fail(ErrorCode::malformed, "the length of base 64 text is not a multiple of 4");
  Bytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::size_t digits = 4;
    if (i + 4 == text.size()) {
      if (text[i + 3] == '=') digits = text[i + 2] == '=' ? 2 : 3;
    }
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 4; ++j) {
      const std::uint8_t value = j < digits ? values[static_cast<unsigned char>(text[i + j])] : std::uint8_t{0};
      if (value == no_value) return base::fail(ErrorCode::malformed, "a character is not of the base 64 alphabet");
      group = group << 6U | value;
    }
    const std::uint32_t unused_bits = digits == 2 ? 0xFFFFU : digits == 3 ? 0xFFU : 0U;
    if ((group & unused_bits) != 0) return base::fail(ErrorCode::malformed, "unused bits of base 64 text are not zero");
    bytes.push_back(static_cast<std::byte>(group >> 16U));
    if (digits > 2) bytes.push_back(static_cast<std::byte>(group >> 8U & 0xFFU));
    if (digits > 3) bytes.push_back(static_cast<std::byte>(group & 0xFFU));
  }
  return bytes;
}

}  // namespace batpak::base
