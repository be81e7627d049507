// What the operating system answered, as an error of ours.
#pragma once

#include <string>
#include <string_view>

#include "batpak/error.hpp"

namespace batpak::platform {

// `action` completes "cannot …": "open", "write". ENOENT becomes not_found; where a directory was asked for, see below.
[[nodiscard]] Error system_error(int error_number, std::string_view action, std::string path);

// The same for a call on a directory: ENOENT becomes no_such_directory.
[[nodiscard]] Error directory_error(int error_number, std::string_view action, std::string path);

}  // namespace batpak::platform
