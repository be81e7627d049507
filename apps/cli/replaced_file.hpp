// A file that is there whole or as it was.
#pragma once

#include <string>
#include <string_view>

#include "batpak/error.hpp"

namespace batpak::cli {

// Writes a new file beside `path`, which is no link, and renames it when its bytes are on the device: after an error or a crash what
// stood there stands there still. An error leaves nothing behind; a process that is killed may leave `.batpak-…` beside it. A file
// that was there hands on who may use it. Errors, named by `path`: those of file_failure().
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);

}  // namespace batpak::cli
