// Bytes as lower-case hexadecimal digits.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace batpak::cli {

[[nodiscard]] std::string hexadecimal(std::span<const std::byte> bytes);

}  // namespace batpak::cli
