// SigningKey's file: what the crypto room cannot do, since only the platform room touches files.
#include "base/bytes.hpp"
#include "base/try.hpp"
#include "batpak/signing_key.hpp"
#include "crypto/key_pem.hpp"
#include "crypto/wiped.hpp"
#include "platform/private_file.hpp"

namespace batpak {

Result<SigningKey> SigningKey::load(const std::string& path) {
  std::array<std::byte, crypto::KeyPem::text_bytes_max + 1> text;  // one more, so that a longer file is seen as such
  const crypto::Wiped wiped(text);
  BATPAK_TRY(const std::size_t size, platform::read_private_file(path, text));
  auto key = crypto::KeyPem::parse(base::as_text(std::span(text).first(size)));
  if (!key) return base::fail(std::move(key).error().at_path(path));
  return key;
}

Result<void> SigningKey::save(const std::string& path) const {
  const crypto::KeyPem pem(*this);
  return platform::write_private_file(path, base::as_bytes(pem.text()));
}

}  // namespace batpak
