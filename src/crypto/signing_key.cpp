#include "batpak/signing_key.hpp"

#include <sodium.h>

#include <algorithm>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/try.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/key_name.hpp"
#include "crypto/sha256.hpp"
#include "crypto/wiped.hpp"

namespace batpak {
namespace {

static_assert(PublicKey::bytes_size == crypto::ed25519_public_bytes);
static_assert(PublicKey::signature_bytes == crypto::ed25519_signature_bytes);

constexpr std::byte ed25519_type{0x01};  // the signature type of C2SP signed-note

}  // namespace

Result<PublicKey> PublicKey::from_bytes(std::span<const std::byte, bytes_size> bytes) {
  std::array<std::byte, bytes_size> key;
  std::copy(bytes.begin(), bytes.end(), key.begin());
  if (!crypto::ed25519_is_valid_public(key)) {
    return base::fail(ErrorCode::malformed_key, "the bytes are not the public half of an Ed25519 key");
  }
  return PublicKey(key);
}

std::array<std::byte, 4> PublicKey::key_id(std::string_view name) const {
  Bytes named;
  base::append(named, base::as_bytes(name));
  named.push_back(std::byte{'\n'});
  named.push_back(ed25519_type);
  base::append(named, bytes_);
  const Hash hash = crypto::sha256(named);
  return {hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3]};
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
  const auto refuse = [](const char* why) {
    return base::fail(ErrorCode::malformed_key, std::string("a verifier key ") + why);
  };
  constexpr std::size_t id_digits = 8;
  constexpr std::size_t base64_characters = 44;
  const std::size_t name_end = text.find('+');
  if (name_end == std::string_view::npos) return refuse("has no '+' behind its name");
  const std::string_view name = text.substr(0, name_end);
  const std::string_view rest = text.substr(name_end + 1);
  if (rest.size() != id_digits + 1 + base64_characters || rest[id_digits] != '+') {
    return refuse("is a name, 8 hexadecimal digits and 44 characters of base 64, with '+' between them");
  }
  if (!crypto::is_key_name(name)) return refuse("has a name that is not allowed");
  const auto typed = base::from_base64(rest.substr(id_digits + 1));
  if (!typed || typed->size() != 1 + PublicKey::bytes_size) return refuse("does not hold 33 bytes in base 64");
  if (typed->front() != ed25519_type) return refuse("is not of the Ed25519 type");
  BATPAK_TRY(const PublicKey key, PublicKey::from_bytes(std::span(*typed).subspan<1, PublicKey::bytes_size>()));
  if (base::to_hex(key.key_id(name)) != rest.substr(0, id_digits)) return refuse("has the key id of another name or key");
  return VerifierKey(name, key);
}

std::string to_string(const VerifierKey& key) {
  Bytes typed{ed25519_type};
  base::append(typed, key.key().bytes());
  return key.name() + "+" + base::to_hex(key.key().key_id(key.name())) + "+" + base::to_base64(typed);
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

std::array<std::byte, PublicKey::signature_bytes> SigningKey::sign(std::span<const std::byte> message) const noexcept {
  return crypto::ed25519_sign(
      message, std::span<const std::byte, crypto::ed25519_secret_bytes>(secret_.get(), crypto::ed25519_secret_bytes));
}

}  // namespace batpak
