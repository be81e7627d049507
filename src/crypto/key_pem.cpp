#include "crypto/key_pem.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/try.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/wiped.hpp"

namespace batpak::crypto {
namespace {

constexpr std::string_view first_line = "-----BEGIN PRIVATE KEY-----";
constexpr std::string_view last_line = "-----END PRIVATE KEY-----";

// SEQUENCE(46) { INTEGER 0, SEQUENCE(5) { OID 1.3.101.112 }, OCTET STRING(34) { OCTET STRING(32) … } }
constexpr std::array<std::byte, 16> der_prefix{
    std::byte{0x30}, std::byte{0x2e}, std::byte{0x02}, std::byte{0x01}, std::byte{0x00}, std::byte{0x30},
    std::byte{0x05}, std::byte{0x06}, std::byte{0x03}, std::byte{0x2b}, std::byte{0x65}, std::byte{0x70},
    std::byte{0x04}, std::byte{0x22}, std::byte{0x04}, std::byte{0x20},
};
constexpr std::size_t der_bytes = der_prefix.size() + ed25519_seed_bytes;
constexpr std::size_t base64_characters = der_bytes / 3 * 4;
static_assert(der_bytes % 3 == 0);
static_assert(KeyPem::text_bytes == first_line.size() + 1 + base64_characters + 1 + last_line.size() + 1);

[[nodiscard]] bool is_space(char character) noexcept {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

[[nodiscard]] std::unexpected<Error> refuse(const char* why) {
  return base::fail(ErrorCode::malformed_key, std::string("the key is not an Ed25519 key as PKCS#8 PEM text: ") + why);
}

}  // namespace

KeyPem::KeyPem(const SigningKey& key) {
  std::array<std::byte, der_bytes> der;
  const Wiped wiped_der(der);
  const auto seed_at = std::copy(der_prefix.begin(), der_prefix.end(), der.begin());
  std::copy_n(key.secret_.get(), ed25519_seed_bytes, seed_at);  // a secret of libsodium's begins with the seed
  std::string base64 = base::to_base64(der);
  const Wiped wiped_base64(base64);
  auto at = std::copy(first_line.begin(), first_line.end(), text_.begin());
  *at++ = '\n';
  at = std::copy(base64.begin(), base64.end(), at);
  *at++ = '\n';
  at = std::copy(last_line.begin(), last_line.end(), at);
  *at = '\n';
}

KeyPem::~KeyPem() { wipe(std::as_writable_bytes(std::span(text_))); }

Result<SigningKey> KeyPem::parse(std::string_view text) {
  if (text.size() > text_bytes_max) return refuse("it is too long");
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  if (!text.starts_with(first_line)) return refuse("it does not begin with its first line");
  text.remove_prefix(first_line.size());
  if (!text.ends_with(last_line)) return refuse("it does not end with its last line");
  text.remove_suffix(last_line.size());
  std::array<char, base64_characters> base64;
  const Wiped wiped_base64(base64);
  std::size_t count = 0;
  for (const char character : text) {
    if (is_space(character)) continue;
    if (count == base64.size()) return refuse("it holds more than a seed");
    base64[count++] = character;
  }
  auto der = base::from_base64({base64.data(), count});
  if (!der) return refuse("it is not base 64");
  const Wiped wiped_der(*der);
  if (der->size() != der_bytes || !std::equal(der_prefix.begin(), der_prefix.end(), der->begin())) {
    return refuse("it holds something else");
  }
  return SigningKey::from_seed(ByteView(*der).subspan(der_prefix.size()));
}

}  // namespace batpak::crypto

namespace batpak {

Result<PublicKey> PublicKey::from_pem(std::string_view text) {
  // SEQUENCE(42) { SEQUENCE(5) { OID 1.3.101.112 }, BIT STRING(33) { no unused bits, … } }
  constexpr std::array<std::byte, 12> prefix{
      std::byte{0x30}, std::byte{0x2a}, std::byte{0x30}, std::byte{0x05}, std::byte{0x06}, std::byte{0x03},
      std::byte{0x2b}, std::byte{0x65}, std::byte{0x70}, std::byte{0x03}, std::byte{0x21}, std::byte{0x00},
  };
  const auto refuse = [](const char* why) {
    return base::fail(ErrorCode::malformed_key, std::string("the key is not an Ed25519 public key as PEM text: ") + why);
  };
  if (text.size() > crypto::KeyPem::text_bytes_max) return refuse("it is too long");
  std::string base64;
  std::string_view rest = text;
  while (!rest.empty() && crypto::is_space(rest.back())) rest.remove_suffix(1);
  constexpr std::string_view first = "-----BEGIN PUBLIC KEY-----";
  constexpr std::string_view last = "-----END PUBLIC KEY-----";
  if (!rest.starts_with(first)) return refuse("it does not begin with its first line");
  rest.remove_prefix(first.size());
  if (!rest.ends_with(last)) return refuse("it does not end with its last line");
  rest.remove_suffix(last.size());
  std::ranges::copy_if(rest, std::back_inserter(base64), [](char character) { return !crypto::is_space(character); });
  const auto der = base::from_base64(base64);
  if (!der) return refuse("it is not base 64");
  if (der->size() != prefix.size() + bytes_size || !std::equal(prefix.begin(), prefix.end(), der->begin())) {
    return refuse("it holds something else");
  }
  return from_bytes(ByteView(*der).subspan(prefix.size()).first<bytes_size>());
}

}  // namespace batpak
