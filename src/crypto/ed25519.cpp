#include "crypto/ed25519.hpp"

#include <sodium.h>

#include <cstdlib>

namespace batpak::crypto {
namespace {

static_assert(ed25519_seed_bytes == crypto_sign_SEEDBYTES);
static_assert(ed25519_secret_bytes == crypto_sign_SECRETKEYBYTES);
static_assert(ed25519_public_bytes == crypto_sign_PUBLICKEYBYTES);
static_assert(ed25519_signature_bytes == crypto_sign_BYTES);

[[nodiscard]] const unsigned char* octets(const std::byte* at) noexcept {
  return reinterpret_cast<const unsigned char*>(at);
}
[[nodiscard]] unsigned char* octets(std::byte* at) noexcept { return reinterpret_cast<unsigned char*>(at); }

}  // namespace

void initialise_sodium() {
  static const int status = sodium_init();
  if (status < 0) std::abort();  // a program without entropy must not make keys
}

Ed25519Public ed25519_from_seed(std::span<const std::byte, ed25519_seed_bytes> seed,
                                std::span<std::byte, ed25519_secret_bytes> secret) noexcept {
  initialise_sodium();
  Ed25519Public key;
  crypto_sign_seed_keypair(octets(key.data()), octets(secret.data()), octets(seed.data()));
  return key;
}

Ed25519Signature ed25519_sign(ByteView message, std::span<const std::byte, ed25519_secret_bytes> secret) noexcept {
  initialise_sodium();
  Ed25519Signature signature;
  crypto_sign_detached(octets(signature.data()), nullptr, octets(message.data()), message.size(), octets(secret.data()));
  return signature;
}

bool ed25519_verify(ByteView message, ByteView signature, const Ed25519Public& key) noexcept {
  if (signature.size() != ed25519_signature_bytes) return false;
  initialise_sodium();
  return crypto_sign_verify_detached(octets(signature.data()), octets(message.data()), message.size(), octets(key.data())) ==
         0;
}

bool ed25519_is_valid_public(const Ed25519Public& key) noexcept {
  initialise_sodium();
  return crypto_core_ed25519_is_valid_point(octets(key.data())) == 1;
}

}  // namespace batpak::crypto
