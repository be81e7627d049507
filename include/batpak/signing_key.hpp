// A key with its secret half in this process: Ed25519 (RFC 8032).
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "batpak/error.hpp"
#include "batpak/public_key.hpp"
#include "batpak/signer.hpp"

namespace batpak::crypto {
class KeyPem;
}

namespace [[gnu::visibility("default")]] batpak {

// A key that signs. It cannot be copied or printed; its secret lies in locked memory where the system gives any, and is
// wiped when the key goes. A key that was moved from can only be destroyed or assigned to.
//
// Threads: sign() from any thread.
class SigningKey final : public Signer {
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

  [[nodiscard]] const PublicKey& public_key() const noexcept override { return public_key_; }

  // Cost: about 20 µs.
  [[nodiscard]] Signature sign(std::span<const std::byte> message) const noexcept;
  // The same; it never fails.
  [[nodiscard]] Result<Signature> signature_of(std::span<const std::byte> message) const override { return sign(message); }
  [[nodiscard]] bool is_in_this_process() const noexcept override { return true; }

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
