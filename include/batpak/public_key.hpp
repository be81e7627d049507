// The public half of a key: Ed25519 (RFC 8032). All that a verifier needs.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "batpak/error.hpp"

namespace [[gnu::visibility("default")]] batpak {

// The public half of a key: a point that is canonical and not of small order.
//
// Threads: a plain value.
class PublicKey {
 public:
  static constexpr std::size_t bytes_size = 32;
  static constexpr std::size_t signature_bytes = 64;

  // Errors: malformed_key for bytes that no signing key has as its public half.
  [[nodiscard]] static Result<PublicKey> from_bytes(std::span<const std::byte, bytes_size> bytes);
  // Of a SubjectPublicKeyInfo (RFC 8410) in PEM (RFC 7468), as `openssl pkey -pubout` writes it. White space within and after it
  // does not matter. Errors: malformed_key.
  [[nodiscard]] static Result<PublicKey> from_pem(std::string_view text);

  [[nodiscard]] const std::array<std::byte, bytes_size>& bytes() const noexcept { return bytes_; }

  // What names this key in a signed note, beside `name`: the first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ key).
  [[nodiscard]] std::array<std::byte, 4> key_id(std::string_view name) const;

  // Whether `signature` is this key's over `message`.
  [[nodiscard]] bool verifies(std::span<const std::byte> message, std::span<const std::byte> signature) const noexcept;

  friend bool operator==(const PublicKey&, const PublicKey&) = default;

 private:
  friend class SigningKey;
  explicit PublicKey(const std::array<std::byte, bytes_size>& bytes) : bytes_(bytes) {}

  std::array<std::byte, bytes_size> bytes_;
};

// A public key under a name, in the form in which it is given to those who verify (C2SP signed-note):
// "example.com/log+2f8ca1d0+AQ…", the name, the key id in hexadecimal, and base 64 of 0x01 and the key.
//
// Threads: a plain value.
class VerifierKey {
 public:
  // A name is 1–255 bytes of UTF-8 without spaces (Unicode's too), plus signs and control characters; the key of a store
  // is named as its origin. Errors: invalid_name.
  [[nodiscard]] static Result<VerifierKey> make(std::string_view name, const PublicKey& key);
  // Errors: malformed_key, also for a key id that is not this key's.
  [[nodiscard]] static Result<VerifierKey> from_string(std::string_view text);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const PublicKey& key() const noexcept { return key_; }
  friend bool operator==(const VerifierKey&, const VerifierKey&) = default;

 private:
  VerifierKey(std::string_view name, const PublicKey& key) : name_(name), key_(key) {}

  std::string name_;
  PublicKey key_;
};

[[nodiscard]] std::string to_string(const VerifierKey& key);

}  // namespace batpak
