#include "crypto/key_name.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace batpak::crypto {
namespace {

// Unicode's White_Space property, as UTF-8, without those below U+0020, which no name has.
constexpr std::array<std::string_view, 20> spaces{
    " ",      "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005",
    "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000",
};

}  // namespace

bool is_key_name(std::string_view name) noexcept {
  return name.size() <= limits::origin_bytes_max && is_note_key_name(name) && !base::has_control_character(name);
}

bool is_note_key_name(std::string_view name) noexcept {
  if (name.empty() || name.contains('+') || !base::is_utf8(name)) return false;
  const auto is_below_space = [](char character) { return static_cast<unsigned char>(character) < 0x20; };
  if (std::any_of(name.begin(), name.end(), is_below_space)) return false;
  return std::none_of(spaces.begin(), spaces.end(), [name](std::string_view space) { return name.contains(space); });
}

}  // namespace batpak::crypto
