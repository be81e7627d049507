// Small texts that are read whole.
#pragma once

#include <cstddef>
#include <string>

#include "batpak/error.hpp"

namespace batpak::cli {

// The text of a file, or of standard input for "-". Errors: those of open_source_file(); too_large.
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

}  // namespace batpak::cli
