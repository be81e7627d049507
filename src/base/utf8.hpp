// UTF-8 as RFC 3629 has it: what a string from outside must be before it is kept or hashed.
#pragma once

#include <string_view>

namespace batpak::base {

// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing over U+10FFFF, nothing cut off.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

// Whether `text` holds a control character: U+0000–U+001F, U+007F–U+009F. Precondition: is_utf8(text).
[[nodiscard]] bool has_control_character(std::string_view text) noexcept;

// Whether `text` is UTF-8 without control characters, as all names are. Quicker than both together.
[[nodiscard]] bool is_plain_text(std::string_view text) noexcept;

}  // namespace batpak::base
