// The key of every run: that of RFC 8410, section 10.3.
#pragma once

#include <memory>

#include "crypto/key_pem.hpp"

namespace batpak::fuzz {

[[nodiscard]] inline const std::shared_ptr<const SigningKey>& test_key() {
  static const auto key = std::make_shared<const SigningKey>(
      crypto::KeyPem::parse("-----BEGIN PRIVATE KEY-----\n"
                            "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                            "-----END PRIVATE KEY-----\n")
          .value());
  return key;
}

// What this key signed for real, in the inputs of corpora; everything else that it seems to have signed is forged.
[[nodiscard]] inline const VerifierKey& test_verifier() {
  static const VerifierKey key = VerifierKey::make("example.com/log", test_key()->public_key()).value();
  return key;
}

}  // namespace batpak::fuzz
