// What the operating system answered about a file that the command itself opens.
#pragma once

#include <string>

#include "batpak/error.hpp"

namespace batpak::cli {

// `error_number` is errno of the failed call. Codes: not_found where there is nothing of this name, permission_denied, read_only,
// no_space, out_of_resources, else io_error; as the store's own files have them.
[[nodiscard]] Error file_failure(int error_number, std::string sentence, std::string path);

}  // namespace batpak::cli
