// Whether bytes are text.
#pragma once

#include <string_view>

namespace batpak::codec {

// UTF-8 as RFC 3629 has it: no surrogates, nothing beyond U+10FFFF, no longer form than needed.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

}  // namespace batpak::codec
