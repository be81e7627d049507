#include "crypto/named_key.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "base/try.hpp"
#include "crypto/key_name.hpp"
#include "crypto/sha256.hpp"

namespace batpak::crypto {
namespace {

constexpr std::size_t id_digits = 8;
constexpr std::size_t base64_characters = 44;

}  // namespace

std::array<std::byte, 4> key_id(std::string_view name, SignatureType type, ByteView key) {
  Bytes named;
  base::append(named, base::as_bytes(name));
  named.push_back(std::byte{'\n'});
  named.push_back(static_cast<std::byte>(type));
  base::append(named, key);
  const Hash hash = sha256(named);
  return {hash.bytes[0], hash.bytes[1], hash.bytes[2], hash.bytes[3]};
}

Result<NamedKey> parse_named_key(std::string_view text, SignatureType type) {
  const auto refuse = [](const char* why) {
    return base::fail(ErrorCode::malformed_key, std::string("a verifier key ") + why);
  };
  const std::size_t name_end = text.find('+');
  if (name_end == std::string_view::npos) return refuse("has no '+' behind its name");
  NamedKey named{.name = text.substr(0, name_end), .key = {}};
  const std::string_view rest = text.substr(name_end + 1);
  if (rest.size() != id_digits + 1 + base64_characters || rest[id_digits] != '+') {
    return refuse("is a name, 8 hexadecimal digits and 44 characters of base 64, with '+' between them");
  }
  if (!is_key_name(named.name)) return refuse("has a name that is not allowed");
  const auto typed = base::from_base64(rest.substr(id_digits + 1));
  if (!typed || typed->size() != 1 + named.key.size()) return refuse("does not hold 33 bytes in base 64");
  if (typed->front() != static_cast<std::byte>(type)) {
    return refuse(type == SignatureType::ed25519 ? "is not of the Ed25519 type" : "is not of the cosignature type");
  }
  std::copy(typed->begin() + 1, typed->end(), named.key.begin());
  if (base::to_hex(key_id(named.name, type, named.key)) != rest.substr(0, id_digits)) {
    return refuse("has the key id of another name or key");
  }
  return named;
}

Result<KeyOfAnyType> parse_key_of_any_type(std::string_view text) {
  const auto refuse = [] { return base::fail(ErrorCode::malformed_key, "a key is a name, its id and its type and bytes"); };
  const std::size_t name_end = text.find('+');
  const std::size_t id_end = name_end == std::string_view::npos ? name_end : text.find('+', name_end + 1);
  if (id_end == std::string_view::npos) return refuse();
  KeyOfAnyType key{.name = text.substr(0, name_end), .id = {}, .type = {}, .key = {}};
  const std::string_view id = text.substr(name_end + 1, id_end - name_end - 1);
  if (!is_key_name(key.name) || id.size() != id_digits || !base::from_hex(id, key.id)) return refuse();
  auto typed = base::from_base64(text.substr(id_end + 1));
  if (!typed || typed->size() < 2) return refuse();
  key.type = typed->front();
  key.key.assign(typed->begin() + 1, typed->end());
  return key;
}

std::string to_text(std::string_view name, SignatureType type, const Ed25519Public& key) {
  Bytes typed{static_cast<std::byte>(type)};
  base::append(typed, key);
  return std::string(name) + "+" + base::to_hex(key_id(name, type, key)) + "+" + base::to_base64(typed);
}

}  // namespace batpak::crypto
