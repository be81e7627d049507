// Base 64 with padding, the standard alphabet (RFC 4648, section 4): how notes and keys hold bytes.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "batpak/error.hpp"

namespace batpak::base {

[[nodiscard]] std::string to_base64(ByteView bytes);

// Strict: the one text that to_base64 gives for the bytes, and no other. White space, missing padding and padding bits that
// are not zero fail with malformed. The result is at most three quarters of the text; bound the text before.
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

}  // namespace batpak::base
