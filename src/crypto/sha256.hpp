// SHA-256, and the two shapes in which the Merkle tree of RFC 6962 hashes.
#pragma once

#include "base/bytes.hpp"
#include "batpak/hash.hpp"

namespace batpak::crypto {

[[nodiscard]] Hash sha256(ByteView input) noexcept;

// SHA-256 of 0x00 and the 32 bytes of `leaf`: one block.
[[nodiscard]] Hash sha256_leaf(const Hash& leaf) noexcept;

// SHA-256 of 0x01 and the 64 bytes of `left` and `right`: two blocks.
[[nodiscard]] Hash sha256_node(const Hash& left, const Hash& right) noexcept;

}  // namespace batpak::crypto
