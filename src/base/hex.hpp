// Hexadecimal digits: how hashes, ids and key ids are shown.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "batpak/error.hpp"

namespace batpak::base {

// Two lower-case digits for each byte.
[[nodiscard]] std::string to_hex(ByteView bytes);

// Fills `out` from exactly 2 · out.size() digits of either case. Fails with malformed; `out` is then unspecified.
[[nodiscard]] Result<void> from_hex(std::string_view digits, std::span<std::byte> out);

}  // namespace batpak::base
