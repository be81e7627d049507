#include "verifier_key_argument.hpp"

#include <filesystem>
#include <fstream>

#include "batpak/hash.hpp"

namespace batpak::cli {
namespace {

constexpr std::size_t text_bytes_max = 4096;

Result<NamedKey> without_name(const Result<PublicKey>& key) {
  if (!key) return std::unexpected(key.error());
  return NamedKey{.name = {}, .key = *key};
}

Result<NamedKey> parse_key_text(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t') || text.starts_with('\n')) text.remove_prefix(1);
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  if (text.find('+') == std::string_view::npos) {
    const Result<Hash> digits = Hash::from_hex(text);  // 32 bytes in hexadecimal, as a public key is
    if (digits) return without_name(PublicKey::from_bytes(digits->bytes));
    return std::unexpected(Error(ErrorCode::malformed_key, "this is not the text of a key"));
  }
  const Result<VerifierKey> key = VerifierKey::from_string(text);
  if (!key) return std::unexpected(key.error());
  return NamedKey{.name = key->name(), .key = key->key()};
}

}  // namespace

Result<NamedKey> parse_named_key_argument(const std::string& argument) {
  std::error_code ignored;
  const std::filesystem::file_status status = std::filesystem::status(argument, ignored);
  if (!std::filesystem::is_regular_file(status)) {
    Result<NamedKey> key = parse_key_text(argument);
    if (key) return key;
    if (argument.find('+') != std::string::npos) return std::unexpected(std::move(key).error());
    const char* const why = std::filesystem::exists(status) ? "this is not a regular file, and it is no key either"
                                                            : "there is no such file, and it is no key either";
    return std::unexpected(Error(ErrorCode::malformed_key, why).at_path(argument));
  }
  std::ifstream file(argument, std::ios::binary);
  if (!file) return std::unexpected(Error(ErrorCode::permission_denied, "the file cannot be opened").at_path(argument));
  std::string text(text_bytes_max, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.empty()) return std::unexpected(Error(ErrorCode::malformed_key, "the file is empty").at_path(argument));
  if (!text.starts_with("-----BEGIN")) {
    Result<NamedKey> key = parse_key_text(text);
    if (!key) return std::unexpected(std::move(key).error().at_path(argument));
    return key;
  }
  if (text.starts_with("-----BEGIN PUBLIC KEY-----")) {
    const Result<PublicKey> key = PublicKey::from_pem(text);
    if (!key) return std::unexpected(Error(key.error()).at_path(argument));
    return without_name(key);
  }
  const Result<SigningKey> key = SigningKey::load(argument);
  if (!key) return std::unexpected(key.error());
  return without_name(key->public_key());
}

Result<PublicKey> parse_key_argument(const std::string& argument) {
  const Result<NamedKey> named = parse_named_key_argument(argument);
  if (!named) return std::unexpected(named.error());
  return named->key;
}

}  // namespace batpak::cli
