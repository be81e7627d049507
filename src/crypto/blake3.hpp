// BLAKE3: the hash of events, contents, metadata and rules, each under its own context.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/bytes.hpp"
#include "batpak/hash.hpp"

namespace batpak::crypto {

// BLAKE3 in its derive_key mode under one context string, whose key is computed once, here.
//
// Threads: any; nothing changes after construction.
class Blake3Context {
 public:
  // The longest input of hash_many: one chunk of BLAKE3, which is one serial chain of blocks.
  static constexpr std::size_t chunk_bytes = 1024;
  static constexpr std::size_t block_bytes = 64;

  explicit Blake3Context(std::string_view context);

  // Cost: one compression a block of 64 bytes up to a chunk; more than a chunk is hashed several chunks at once.
  [[nodiscard]] Hash hash(ByteView input) const noexcept;

  // out[i] = hash of the `length` bytes at inputs[i], several at once where the processor can.
  // Precondition: length is a multiple of block_bytes, not 0 and at most chunk_bytes; out.size() == inputs.size().
  void hash_many(std::span<const std::byte* const> inputs, std::size_t length, std::span<Hash> out) const noexcept;

 private:
  std::array<std::uint32_t, 8> key_{};
};

// The contexts of the format. Each is made at its first use.
[[nodiscard]] const Blake3Context& event_context();     // "batpak event v1"
[[nodiscard]] const Blake3Context& content_context();   // "batpak content v1"
[[nodiscard]] const Blake3Context& metadata_context();  // "batpak metadata v1"
[[nodiscard]] const Blake3Context& rule_context();      // "batpak rule v1"

// Plain BLAKE3, without a key or context.
[[nodiscard]] Hash blake3(ByteView input);

}  // namespace batpak::crypto
