// The keys of a store: Ed25519 (RFC 8032). The secret half signs checkpoints, the public half is all that a verifier needs.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "batpak/error.hpp"

namespace batpak::crypto {
class KeyPem;
}

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

// A key that signs. It cannot be copied or printed; its secret lies in locked memory where the system gives any, and is
// wiped when the key goes. A key that was moved from can only be destroyed or assigned to.
//
// Threads: sign() from any thread.
class SigningKey {
 public:
  // A new key from the system's entropy. Errors: out_of_resources.
  [[nodiscard]] static Result<SigningKey> generate();

  // From a file with a PKCS#8 PEM text, as save() and `openssl genpkey -algorithm ed25519` write it. The file must be a
  // regular one (no symbolic link), owned by the caller, and closed to everybody else (mode 0600 or stricter).
  // Errors: not_found, insecure_key_file, malformed_key, permission_denied, io_error, out_of_resources.
  [[nodiscard]] static Result<SigningKey> load(const std::string& path);

  // Writes a new file of mode 0600 and returns when it is durable. It never overwrites.
  // Errors: invalid_argument where the path exists, no_such_directory, permission_denied, no_space, io_error.
  [[nodiscard]] Result<void> save(const std::string& path) const;

  [[nodiscard]] const PublicKey& public_key() const noexcept { return public_key_; }

  // Cost: about 20 µs.
  [[nodiscard]] std::array<std::byte, PublicKey::signature_bytes> sign(std::span<const std::byte> message) const noexcept;

 private:
  friend class crypto::KeyPem;
  struct Wipe {
    void operator()(std::byte* secret) const noexcept;
  };
  using Secret = std::unique_ptr<std::byte[], Wipe>;

  // Fails with out_of_resources where there is no memory to keep the secret in.
  [[nodiscard]] static Result<SigningKey> from_seed(std::span<const std::byte> seed);
  SigningKey(Secret secret, const PublicKey& public_key) : secret_(std::move(secret)), public_key_(public_key) {}

  Secret secret_;
  PublicKey public_key_;
};

}  // namespace batpak
