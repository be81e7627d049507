#include "base/crc32c.hpp"

#include <array>

#if defined(__x86_64__) && !defined(BATPAK_PORTABLE)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32) && !defined(BATPAK_PORTABLE)
#include <arm_acle.h>
#endif

namespace batpak::base {
namespace {

constexpr std::uint32_t polynomial = 0x82F63B78;

// Eight tables: "slicing by 8" (Kounavis and Berry, Intel, 2005).
constexpr std::array<std::array<std::uint32_t, 256>, 8> make_tables() {
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? polynomial : 0);
    tables[0][i] = crc;
  }
  for (std::uint32_t i = 0; i < 256; ++i) {
    for (std::size_t slice = 1; slice < 8; ++slice) {
      const std::uint32_t previous = tables[slice - 1][i];
      tables[slice][i] = (previous >> 8U) ^ tables[0][previous & 0xFFU];
    }
  }
  return tables;
}
constexpr auto tables = make_tables();

#if defined(__x86_64__) && !defined(BATPAK_PORTABLE)

// Three independent lanes hide the instruction's latency of three cycles. The CRC of one lane is moved past the bytes of the
// next: multiplying by x^(8·lane_bytes) modulo the polynomial is linear, so four tables of 256 do it.
constexpr std::size_t long_lane_bytes = 1024;
constexpr std::size_t short_lane_bytes = 128;  // frames are some hundred bytes

constexpr std::uint32_t advance_zeros(std::uint32_t crc, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) crc = (crc >> 8U) ^ tables[0][crc & 0xFFU];
  return crc;
}

using ShiftTables = std::array<std::array<std::uint32_t, 256>, 4>;

constexpr ShiftTables make_shift_tables(std::size_t lane_bytes) {
  std::array<std::uint32_t, 32> column{};
  for (std::size_t bit = 0; bit < 32; ++bit) column[bit] = advance_zeros(1U << bit, lane_bytes);
  ShiftTables shifts{};
  for (std::size_t part = 0; part < 4; ++part) {
    for (std::uint32_t value = 0; value < 256; ++value) {
      std::uint32_t moved = 0;
      for (std::size_t bit = 0; bit < 8; ++bit) {
        if ((value >> bit & 1U) != 0) moved ^= column[part * 8 + bit];
      }
      shifts[part][value] = moved;
    }
  }
  return shifts;
}
template <std::size_t lane_bytes>
constexpr ShiftTables shift_tables = make_shift_tables(lane_bytes);

template <std::size_t lane_bytes>
std::uint32_t shift_lane(std::uint32_t crc) noexcept {
  const ShiftTables& shifts = shift_tables<lane_bytes>;
  return shifts[0][crc & 0xFFU] ^ shifts[1][crc >> 8U & 0xFFU] ^ shifts[2][crc >> 16U & 0xFFU] ^ shifts[3][crc >> 24U];
}

// Takes as many groups of three lanes from the front of `bytes` as there are.
template <std::size_t lane_bytes>
[[gnu::target("sse4.2")]] std::uint32_t take_lanes(ByteView& bytes, std::uint32_t before) noexcept {
  std::uint64_t crc = before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  while (left >= 3 * lane_bytes) {
    std::uint64_t second = 0;
    std::uint64_t third = 0;
    for (std::size_t i = 0; i < lane_bytes; i += 8) {
      crc = _mm_crc32_u64(crc, load_le<std::uint64_t>(at + i));
      second = _mm_crc32_u64(second, load_le<std::uint64_t>(at + lane_bytes + i));
      third = _mm_crc32_u64(third, load_le<std::uint64_t>(at + 2 * lane_bytes + i));
    }
    const std::uint32_t joined =
        shift_lane<lane_bytes>(static_cast<std::uint32_t>(crc)) ^ static_cast<std::uint32_t>(second);
    crc = shift_lane<lane_bytes>(joined) ^ static_cast<std::uint32_t>(third);
    at += 3 * lane_bytes;
    left -= 3 * lane_bytes;
  }
  bytes = bytes.last(left);
  return static_cast<std::uint32_t>(crc);
}

[[gnu::target("sse4.2")]] std::uint32_t crc32c_sse42(ByteView bytes, std::uint32_t before) noexcept {
  std::uint64_t crc = take_lanes<short_lane_bytes>(bytes, take_lanes<long_lane_bytes>(bytes, ~before));
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) crc = _mm_crc32_u64(crc, load_le<std::uint64_t>(at));
  auto narrow = static_cast<std::uint32_t>(crc);
  for (; left > 0; ++at, --left) narrow = _mm_crc32_u8(narrow, std::to_integer<std::uint8_t>(*at));
  return ~narrow;
}

#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32) && !defined(BATPAK_PORTABLE)

std::uint32_t crc32c_arm(ByteView bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) crc = __crc32cd(crc, load_le<std::uint64_t>(at));
  for (; left > 0; ++at, --left) crc = __crc32cb(crc, std::to_integer<std::uint8_t>(*at));
  return ~crc;
}

#endif

}  // namespace

std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  const std::byte* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    const std::uint64_t word = load_le<std::uint64_t>(at) ^ crc;
    crc = 0;
    for (std::size_t slice = 0; slice < 8; ++slice) crc ^= tables[7 - slice][word >> (8 * slice) & 0xFFU];
  }
  for (; left > 0; ++at, --left) crc = (crc >> 8U) ^ tables[0][(crc ^ std::to_integer<std::uint32_t>(*at)) & 0xFFU];
  return ~crc;
}

std::uint32_t crc32c(ByteView bytes, std::uint32_t before) noexcept {
#if defined(__x86_64__) && !defined(BATPAK_PORTABLE)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  return has_instruction ? crc32c_sse42(bytes, before) : crc32c_portable(bytes, before);
#elif defined(__aarch64__) && defined(__ARM_FEATURE_CRC32) && !defined(BATPAK_PORTABLE)
  return crc32c_arm(bytes, before);
#else
  return crc32c_portable(bytes, before);
#endif
}

}  // namespace batpak::base
