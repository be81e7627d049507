// Where the page of an audit may be written.
#pragma once

#include <string>

#include "batpak/error.hpp"

namespace batpak::cli {

// The real path of the report's file. It replaces an earlier report and no other file, and lies inside of no store: not of
// `directory`, which is audited, nor of another. Links are followed.
// Errors: invalid_argument, no_such_directory; permission_denied, read_only and the like where the directory cannot be written or the
// file in it not be read.
[[nodiscard]] Result<std::string> place_of_report(const std::string& path, const std::string& directory);

}  // namespace batpak::cli
