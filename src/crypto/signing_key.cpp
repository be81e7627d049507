#include "batpak/signing_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/try.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/key_name.hpp"
#include "crypto/named_key.hpp"
#include "crypto/wiped.hpp"

namespace batpak {
namespace {

static_assert(PublicKey::bytes_size == crypto::ed25519_public_bytes);
static_assert(PublicKey::signature_bytes == crypto::ed25519_signature_bytes);

}  // namespace

Signer::~Signer() = default;

Result<PublicKey> PublicKey::from_bytes(std::span<const std::byte, bytes_size> bytes) {
  std::array<std::byte, bytes_size> key;
  std::copy(bytes.begin(), bytes.end(), key.begin());
  if (!crypto::ed25519_is_valid_public(key)) {
    return base::fail(ErrorCode::malformed_key, "the bytes are not the public half of an Ed25519 key");
  }
  return PublicKey(key);
}

std::array<std::byte, 4> PublicKey::key_id(std::string_view name) const {
  return crypto::key_id(name, crypto::SignatureType::ed25519, bytes_);
}

bool PublicKey::verifies(std::span<const std::byte> message, std::span<const std::byte> signature) const noexcept {
  return crypto::ed25519_verify(message, signature, bytes_);
}

Result<VerifierKey> VerifierKey::make(std::string_view name, const PublicKey& key) {
  if (!crypto::is_key_name(name)) {
    return base::fail(ErrorCode::invalid_name,
                      "a key's name has 1–255 bytes of UTF-8 without spaces, plus signs and control characters");
  }
  return VerifierKey(name, key);
}

Result<VerifierKey> VerifierKey::from_string(std::string_view text) {
  BATPAK_TRY(const crypto::NamedKey named, crypto::parse_named_key(text, crypto::SignatureType::ed25519));
  BATPAK_TRY(const PublicKey key, PublicKey::from_bytes(named.key));
  return VerifierKey(named.name, key);
}

std::string to_string(const VerifierKey& key) {
  return crypto::to_text(key.name(), crypto::SignatureType::ed25519, key.key().bytes());
}

void SigningKey::Wipe::operator()(std::byte* secret) const noexcept { sodium_free(secret); }

Result<SigningKey> SigningKey::generate() {
  crypto::initialise_sodium();
  std::array<std::byte, crypto::ed25519_seed_bytes> seed;
  const crypto::Wiped wiped(seed);
  randombytes_buf(seed.data(), seed.size());
  return from_seed(seed);
}

Result<SigningKey> SigningKey::from_seed(std::span<const std::byte> seed) {
  if (seed.size() != crypto::ed25519_seed_bytes) {
    return base::fail(ErrorCode::malformed_key, "the seed of an Ed25519 key has 32 bytes");
  }
  crypto::initialise_sodium();
  // Guarded pages, locked where the limits allow, left out of core dumps, wiped by sodium_free.
  Secret secret(static_cast<std::byte*>(sodium_malloc(crypto::ed25519_secret_bytes)));
  if (!secret) return base::fail(ErrorCode::out_of_resources, "there is no memory for the secret of a key");
  const auto public_bytes = crypto::ed25519_from_seed(
      seed.first<crypto::ed25519_seed_bytes>(),
      std::span<std::byte, crypto::ed25519_secret_bytes>(secret.get(), crypto::ed25519_secret_bytes));
  sodium_mprotect_readonly(secret.get());
  return SigningKey(std::move(secret), PublicKey(public_bytes));
}

Signer::Signature SigningKey::sign(std::span<const std::byte> message) const noexcept {
  return crypto::ed25519_sign(
      message, std::span<const std::byte, crypto::ed25519_secret_bytes>(secret_.get(), crypto::ed25519_secret_bytes));
}

}  // namespace batpak
