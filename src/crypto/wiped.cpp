#include "crypto/wiped.hpp"

#include <sodium.h>

namespace batpak::crypto {

void wipe(std::span<std::byte> bytes) noexcept { sodium_memzero(bytes.data(), bytes.size()); }

}  // namespace batpak::crypto
