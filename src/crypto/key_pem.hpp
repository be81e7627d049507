// A signing key as text: PKCS#8 (RFC 8410) in PEM (RFC 7468), as openssl reads and writes it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "batpak/signing_key.hpp"

namespace batpak::crypto {

// The text of one key, wiped when it goes.
//
//   -----BEGIN PRIVATE KEY-----
//   64 characters of base 64: the 16 bytes of DER that every Ed25519 key begins with, and the seed
//   -----END PRIVATE KEY-----
class KeyPem {
 public:
  static constexpr std::size_t text_bytes = 119;
  static constexpr std::size_t text_bytes_max = 1024;  // accepted by parse: other writers break or end lines otherwise

  explicit KeyPem(const SigningKey& key);
  ~KeyPem();
  KeyPem(const KeyPem&) = delete;
  KeyPem& operator=(const KeyPem&) = delete;

  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), text_.size()}; }

  // The key of such a text. White space within and after it does not matter. Errors: malformed_key, out_of_resources.
  [[nodiscard]] static Result<SigningKey> parse(std::string_view text);

 private:
  std::array<char, text_bytes> text_;
};

}  // namespace batpak::crypto
