#include "batpak/hash.hpp"

#include "base/try.hpp"
#include "crypto/hex.hpp"

namespace batpak {

Result<Hash> Hash::from_hex(std::string_view hex) {
  Hash hash;
  BATPAK_CHECK(crypto::from_hex(hex, hash.bytes));
  return hash;
}

std::string to_string(const Hash& hash) { return crypto::to_hex(hash.bytes); }

}  // namespace batpak
