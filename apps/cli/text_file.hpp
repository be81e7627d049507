// Small texts that are read whole.
#pragma once

#include <cstddef>
#include <string>

#include "batpak/error.hpp"

namespace batpak::cli {

// The text of a file or pipe, or of standard input for "-". Errors: not_found, permission_denied, io_error, too_large.
[[nodiscard]] Result<std::string> read_text(const std::string& path, std::size_t bytes_max);

}  // namespace batpak::cli
