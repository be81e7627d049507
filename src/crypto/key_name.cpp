#include "crypto/key_name.hpp"

#include <algorithm>
#include <array>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace batpak::crypto {
namespace {

// Unicode's White_Space property, as UTF-8, without the control characters among it.
constexpr std::array<std::string_view, 19> spaces{
    " ",      "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000",
};

}  // namespace

bool is_key_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > limits::origin_bytes_max) return false;
  if (!base::is_utf8(name) || base::has_control_character(name)) return false;
  if (name.contains('+')) return false;
  return std::none_of(spaces.begin(), spaces.end(), [name](std::string_view space) { return name.contains(space); });
}

}  // namespace batpak::crypto
