// A public key as people give it on the command line.
#pragma once

#include <string>

#include "batpak/signing_key.hpp"

namespace batpak::cli {

// A verifier key ("name+hex+base64"), 64 hexadecimal digits, or the path of a file that holds one of these or a signing key.
// Errors: malformed_key; those of SigningKey::load.
[[nodiscard]] Result<PublicKey> parse_key_argument(const std::string& argument);

// The same with the name that a verifier key has; empty for the other forms.
struct NamedKey {
  std::string name;
  PublicKey key;
};
[[nodiscard]] Result<NamedKey> parse_named_key_argument(const std::string& argument);

}  // namespace batpak::cli
