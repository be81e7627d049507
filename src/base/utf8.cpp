#include "base/utf8.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace batpak::base {
namespace {

[[nodiscard]] bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0U) == 0x80U; }

// The length of the well-formed sequence at `at` (table 3-7 of the Unicode standard), 0 if there is none within `left` bytes.
[[nodiscard]] std::size_t sequence_length(const unsigned char* at, std::size_t left) noexcept {
  const unsigned char lead = at[0];
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;  // a continuation, or the lead of an overlong form
  if (lead < 0xE0) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (lead < 0xF0) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (lead == 0xE0 && at[1] < 0xA0) return 0;   // overlong
    if (lead == 0xED && at[1] >= 0xA0) return 0;  // a surrogate
    return 3;
  }
  if (lead > 0xF4) return 0;
  if (left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3])) return 0;
  if (lead == 0xF0 && at[1] < 0x90) return 0;   // overlong
  if (lead == 0xF4 && at[1] >= 0x90) return 0;  // over U+10FFFF
  return 4;
}

// The last up to eight bytes of `text`, not empty: each of them at least once, and `fill` where there are fewer than four.
[[nodiscard]] std::uint64_t load_end(std::string_view text, std::uint32_t fill) noexcept {
  const std::size_t count = text.size();
  const char* const end = text.data() + count;
  std::uint64_t word;
  if (count >= sizeof word) {
    std::memcpy(&word, end - sizeof word, sizeof word);
    return word;
  }
  std::uint32_t first = fill;
  std::uint32_t last = fill;
  if (count >= sizeof first) {
    std::memcpy(&first, text.data(), sizeof first);
    std::memcpy(&last, end - sizeof last, sizeof last);
  } else {
    std::array<char, 4> bytes;
    std::memcpy(bytes.data(), &fill, sizeof fill);
    bytes[0] = text.front();
    bytes[1] = text[count / 2];
    bytes[2] = text.back();
    std::memcpy(&first, bytes.data(), sizeof first);
  }
  return first | std::uint64_t{last} << 32U;
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  constexpr std::uint64_t high_bits = 0x8080808080808080ULL;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t left = text.size();
  while (left > 0) {
    // Most text is ASCII: 32 bytes at a time, then eight, then what is left together with some of before.
    std::array<std::uint64_t, 4> words;
    if (left >= sizeof words) {
      std::memcpy(words.data(), at, sizeof words);
      if (((words[0] | words[1] | words[2] | words[3]) & high_bits) == 0) {
        at += sizeof words;
        left -= sizeof words;
        continue;
      }
    }
    if (left >= sizeof(std::uint64_t)) {
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if ((word & high_bits) == 0) {
        at += sizeof word;
        left -= sizeof word;
        continue;
      }
    } else if ((load_end(text, 0) & high_bits) == 0) {
      return true;
    }
    const std::size_t length = sequence_length(at, left);
    if (length == 0) return false;
    at += length;
    left -= length;
  }
  return true;
}

bool has_control_character(std::string_view text) noexcept {
  unsigned char before = 0;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7F) return true;
    if (before == 0xC2 && byte < 0xA0) return true;  // U+0080–U+009F; 0xC2 is never anything but a lead
    before = byte;
  }
  return false;
}

bool is_plain_text(std::string_view text) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t high_bits = 0x80 * ones;
  // Whether all eight bytes are printable ASCII; otherwise the long way decides.
  const auto is_printable = [](std::uint64_t word) {
    const std::uint64_t deletes = word ^ (0x7F * ones);
    const std::uint64_t below_space = (word - 0x20 * ones) & ~word;
    const std::uint64_t is_delete = (deletes - ones) & ~deletes;
    return ((word | below_space | is_delete) & high_bits) == 0;
  };
  if (text.empty()) return true;
  std::size_t at = 0;
  for (; text.size() - at > sizeof(std::uint64_t); at += sizeof(std::uint64_t)) {
    std::uint64_t word;
    std::memcpy(&word, text.data() + at, sizeof word);
    if (!is_printable(word)) return is_utf8(text) && !has_control_character(text);
  }
  if (is_printable(load_end(text, 0x20202020U))) return true;
  return is_utf8(text) && !has_control_character(text);
}

}  // namespace batpak::base
