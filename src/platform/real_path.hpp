// Where a path of the operating system leads.
#pragma once

#include <string>

#include "batpak/error.hpp"

namespace batpak::platform {

// The absolute path of the same place without symbolic links; the last part of `path`, or what it links to, need not be there.
// Threads: any. Errors: no_such_directory; invalid_argument where links lead in circles; permission_denied.
[[nodiscard]] Result<std::string> real_path(const std::string& path);

}  // namespace batpak::platform
