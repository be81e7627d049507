// A 32-byte digest: event hashes and content hashes (BLAKE3), tree roots (SHA-256).
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "batpak/error.hpp"

namespace [[gnu::visibility("default")]] batpak {

struct Hash {
  static constexpr std::size_t bytes_size = 32;

  std::array<std::byte, bytes_size> bytes{};  // all zero: "no hash", only the genesis event has it as previous hash

  // From 64 hexadecimal digits of either case. Fails with malformed.
  [[nodiscard]] static Result<Hash> from_hex(std::string_view hex);

  [[nodiscard]] bool is_zero() const noexcept { return *this == Hash{}; }
  friend auto operator<=>(const Hash&, const Hash&) = default;
  // In words: compilers call memcmp for the bytes, which takes longer than the comparison.
  friend bool operator==(const Hash& left, const Hash& right) noexcept {
    std::array<std::uint64_t, bytes_size / sizeof(std::uint64_t)> a;
    std::array<std::uint64_t, bytes_size / sizeof(std::uint64_t)> b;
    std::memcpy(a.data(), left.bytes.data(), sizeof a);
    std::memcpy(b.data(), right.bytes.data(), sizeof b);
    return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3])) == 0;
  }
};

// 64 lower-case hexadecimal digits.
[[nodiscard]] std::string to_string(const Hash& hash);

}  // namespace batpak
