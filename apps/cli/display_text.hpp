// Text as a terminal shows it: what it may contain, and how many columns it takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace batpak::cli {

// The text with U+FFFD in place of control characters, of those that turn the direction of text or that nobody sees, and of bytes
// that are not UTF-8, so that what comes from a store or a file cannot drive the terminal, nor read as another name does.
[[nodiscard]] std::string printable(std::string_view text);

// The text with U+FFFD in place of bytes that are not UTF-8.
[[nodiscard]] std::string valid_utf8(std::string_view text);

// Columns on a terminal, wide characters counted as two. The text must be printable.
[[nodiscard]] std::size_t columns_of(std::string_view text);

// The beginning of a printable text that fits into `columns`, with "…" at its end where something was cut off.
[[nodiscard]] std::string shortened(std::string_view text, std::size_t columns);

}  // namespace batpak::cli
