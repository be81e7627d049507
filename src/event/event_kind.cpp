#include "batpak/event_kind.hpp"

#include <array>

#include "base/hex.hpp"

namespace batpak {

std::string to_string(EventKind kind) {
  const std::array bytes{static_cast<std::byte>(kind.value() >> 8U), static_cast<std::byte>(kind.value() & 0xFFU)};
  std::string text = base::to_hex(bytes);
  text.insert(1, 1, ':');
  return text;
}

}  // namespace batpak
