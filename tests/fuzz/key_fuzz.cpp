// Keys as people keep them: PEM files, verifier keys, bare bytes.
#include "base/bytes.hpp"
#include "crypto/key_name.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"

namespace batpak::fuzz {
namespace {

void check_pem(std::string_view text) {
  const auto key = crypto::KeyPem::parse(text);
  if (!key) {
    require(key.error().message.find("MC4C") == std::string::npos, "a refusal does not repeat the key");
    return;
  }
  const crypto::KeyPem pem(*key);
  const auto again = crypto::KeyPem::parse(pem.text());
  require(again.has_value() && again->public_key() == key->public_key(), "a key that is written is read as the same");
  const auto message = base::as_bytes("message");
  require(key->public_key().verifies(message, key->sign(message)), "a key verifies what it signed");
  std::string bare;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') bare += c;
  }
  std::string bare_pem;
  for (const char c : pem.text()) {
    if (c != ' ' && c != '\n') bare_pem += c;
  }
  require(bare == bare_pem, "but for white space a key has one text");
}

void check_verifier(std::string_view text) {
  const auto key = VerifierKey::from_string(text);
  if (!key) return;
  require(to_string(*key) == text, "a verifier key has one text");
  require(crypto::is_key_name(key->name()), "a verifier key has a name of keys");
  const auto made = VerifierKey::make(key->name(), key->key());
  require(made.has_value() && *made == *key, "a verifier key is its name and its key");
}

// The key id as it must be, since nobody guesses a hash.
void check_mended_verifier(std::string_view name, ByteView bytes) {
  std::array<std::byte, PublicKey::bytes_size> point{};
  std::ranges::copy(bytes.first(std::min(bytes.size(), point.size())), point.begin());
  const auto key = PublicKey::from_bytes(point);
  if (!key) return;
  require(key->bytes() == point, "a public key is its bytes");
  const auto verifier = VerifierKey::make(name, *key);
  require(verifier.has_value() == crypto::is_key_name(name), "a name of keys, and nothing else, names a key");
  if (verifier) check_verifier(to_string(*verifier));
}

// Only the key that signed makes a signature: whatever else the input is, it must not verify.
void check_signature(ByteView bytes) {
  const auto message = base::as_bytes("batpak fuzz");
  const auto good = test_key()->sign(message);
  require(test_key()->public_key().verifies(message, bytes) == same_bytes(bytes, good), "a message has one signature");
}

// Witness: decoder_stays_in_bounds
const Target key("key", [](ByteView input) {
  Choices choices(input);
  switch (choices.byte() % 4) {
    case 0: return check_pem(base::as_text(choices.rest()));
    case 1: return check_verifier(base::as_text(choices.rest()));
    case 2: {
      const std::string_view name = choices.text();
      return check_mended_verifier(name, choices.rest());
    }
    default: return check_signature(choices.rest());
  }
});

}  // namespace
}  // namespace batpak::fuzz
