// Small texts that are read whole.
#pragma once

#include <cstddef>
#include <string>

#include "batpak/error.hpp"

namespace batpak::cli {

// The text of a regular file, or of standard input for "-". Errors: those of file_failure(); too_large;
// invalid_argument for what is no regular file.
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

}  // namespace batpak::cli
