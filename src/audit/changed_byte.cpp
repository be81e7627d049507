#include "audit/changed_byte.hpp"

#include <array>
#include <cstdint>

#include "base/crc32c.hpp"

namespace batpak::audit {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? polynomial : 0);
    table[i] = value;
  }
  return table;
}
constexpr auto table = make_table();

// Which entry of the table has this highest byte: each has another.
constexpr std::array<std::uint8_t, 256> make_inverse() {
  std::array<std::uint8_t, 256> inverse{};
  for (std::size_t i = 0; i < table.size(); ++i) inverse[table[i] >> 24U] = static_cast<std::uint8_t>(i);
  return inverse;
}
constexpr auto inverse = make_inverse();

// The register before a zero byte was fed to it.
constexpr std::uint32_t step_back(std::uint32_t state) {
  const std::uint32_t index = inverse[state >> 24U];
  return ((state ^ table[index]) << 8U) | index;
}

std::byte low_byte(std::uint32_t value) { return static_cast<std::byte>(value & 0xFFU); }

}  // namespace

std::vector<ChangedByte> explain_by_one_byte(ByteView block, const CrcRange& range) {
  const ByteView covered = block.subspan(range.covered_at);
  std::uint32_t state =
      base::load_le<std::uint32_t>(block.data() + range.crc_at) ^ base::crc32c(covered, base::crc32c(range.salt));
  std::vector<ChangedByte> changes;
  if (state == 0) return changes;
  const auto add = [&](std::size_t offset, std::byte flipped) {
    changes.push_back({.offset = offset, .was = block[offset] ^ flipped, .is = block[offset]});
  };
  for (unsigned i = 0; i < 4; ++i) {  // the CRC itself
    if ((state & ~(0xFFU << (8 * i))) == 0) add(range.crc_at + i, low_byte(state >> (8 * i)));
  }
  // A difference of one byte, followed by n bytes that are equal, leaves a difference of the register that n + 1 steps back
  // make a single byte again.
  for (std::size_t i = covered.size(); i > 0; --i) {
    state = step_back(state);
    if (state < table.size()) add(range.covered_at + i - 1, low_byte(state));
  }
  return changes;
}

std::string describe(const ChangedByte& change) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto hex = [&](std::byte value) {
    const auto number = std::to_integer<unsigned>(value);
    return std::string("0x") + digits[number >> 4U] + digits[number & 0xFU];
  };
  return "the byte was " + hex(change.was) + " and is " + hex(change.is);
}

}  // namespace batpak::audit
