// Public keys under names, in the text form of C2SP signed-note: "name+key id+base 64 of the signature type and the key".
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "batpak/error.hpp"
#include "crypto/ed25519.hpp"

namespace batpak::crypto {

// What a key signs with, the first byte of its text form and part of its id. batpak verifies the two of Ed25519.
enum class SignatureType : std::uint8_t {
  ed25519 = 0x01,  // over a note's text
  ecdsa = 0x02,
  cosignature = 0x04,         // Ed25519 over a note's text and a time (C2SP tlog-cosignature)
  tree_head = 0x05,           // of RFC 6962
  ml_dsa_cosignature = 0x06,  // ML-DSA-44 over a tree and a time (C2SP tlog-cosignature)
};

// The first four bytes of SHA-256(name ‖ 0x0A ‖ type ‖ key).
[[nodiscard]] std::array<std::byte, 4> key_id(std::string_view name, SignatureType type, ByteView key);

struct NamedKey {
  std::string_view name;
  Ed25519Public key;
};
// Errors: malformed_key, also for a key id that is not this key's and for another type than `type`. The key is 32 bytes of
// which nobody has looked whether they are a point.
[[nodiscard]] Result<NamedKey> parse_named_key(std::string_view text, SignatureType type);
// The parts of a key of any signature type, with as many bytes as there are, and an id that nobody has compared with them.
struct KeyOfAnyType {
  std::string_view name;
  std::array<std::byte, 4> id;
  std::byte type;
  Bytes key;
};
// Errors: malformed_key.
[[nodiscard]] Result<KeyOfAnyType> parse_key_of_any_type(std::string_view text);
[[nodiscard]] std::string to_text(std::string_view name, SignatureType type, const Ed25519Public& key);

}  // namespace batpak::crypto
