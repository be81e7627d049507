// Ed25519 (RFC 8032), thin over libsodium.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/bytes.hpp"

namespace batpak::crypto {

inline constexpr std::size_t ed25519_seed_bytes = 32;
inline constexpr std::size_t ed25519_secret_bytes = 64;  // the seed and the public key, as libsodium keeps it
inline constexpr std::size_t ed25519_public_bytes = 32;
inline constexpr std::size_t ed25519_signature_bytes = 64;

using Ed25519Public = std::array<std::byte, ed25519_public_bytes>;
using Ed25519Signature = std::array<std::byte, ed25519_signature_bytes>;

// Makes libsodium ready; everything below does it. Threads: any. Aborts where the system has no entropy at all.
void initialise_sodium();

// Fills `secret` from `seed` and returns the public key. The caller owns both secrets and their wiping.
[[nodiscard]] Ed25519Public ed25519_from_seed(std::span<const std::byte, ed25519_seed_bytes> seed,
                                              std::span<std::byte, ed25519_secret_bytes> secret) noexcept;

[[nodiscard]] Ed25519Signature ed25519_sign(ByteView message,
                                            std::span<const std::byte, ed25519_secret_bytes> secret) noexcept;

// False also for a signature that is not canonical and for a key of small order.
[[nodiscard]] bool ed25519_verify(ByteView message, ByteView signature, const Ed25519Public& key) noexcept;

// Whether the bytes are a canonical point of the main subgroup: what every key made from a seed is.
[[nodiscard]] bool ed25519_is_valid_public(const Ed25519Public& key) noexcept;

}  // namespace batpak::crypto
