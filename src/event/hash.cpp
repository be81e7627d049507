#include "batpak/hash.hpp"

#include "base/hex.hpp"
#include "base/try.hpp"

namespace batpak {

Result<Hash> Hash::from_hex(std::string_view hex) {
  Hash hash;
  BATPAK_CHECK(base::from_hex(hex, hash.bytes));
  return hash;
}

std::string to_string(const Hash& hash) { return base::to_hex(hash.bytes); }

}  // namespace batpak
