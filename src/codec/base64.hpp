// Bytes as text: base64 of RFC 4648, section 4, with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"

namespace batpak::codec {

void append_base64(std::string& out, ByteView bytes);

// Nothing unless `text` is exactly what append_base64 gives for some bytes.
[[nodiscard]] std::optional<Bytes> parse_base64(std::string_view text);

}  // namespace batpak::codec
