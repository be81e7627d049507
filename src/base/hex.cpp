#include "base/hex.hpp"

#include "base/try.hpp"

namespace batpak::base {
namespace {

constexpr unsigned no_digit = 16;

[[nodiscard]] unsigned digit_value(char digit) noexcept {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a') + 10;
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A') + 10;
  return no_digit;
}

}  // namespace

std::string to_hex(ByteView bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  char* at = text.data();
  for (const std::byte byte : bytes) {
    const auto value = std::to_integer<unsigned>(byte);
    *at++ = digits[value >> 4U];
    *at++ = digits[value & 0xFU];
  }
  return text;
}

Result<void> from_hex(std::string_view digits, std::span<std::byte> out) {
  if (digits.size() != out.size() * 2) {
    return base::fail(ErrorCode::malformed, std::to_string(out.size() * 2) + " hexadecimal digits are expected, not " +
                                                std::to_string(digits.size()) + " characters");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const unsigned high = digit_value(digits[2 * i]);
    const unsigned low = digit_value(digits[2 * i + 1]);
    if (high == no_digit || low == no_digit) {
      return base::fail(ErrorCode::malformed, "a character is not a hexadecimal digit");
    }
    out[i] = static_cast<std::byte>(high << 4U | low);
  }
  return {};
}

}  // namespace batpak::base
