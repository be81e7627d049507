// Whether a path leads into a store's directory.
#pragma once

#include <string>

#include "batpak/error.hpp"
#include "platform/file_system.hpp"

namespace batpak::store {

// What is kept in there is copied, put back and removed together with the store. Of the operating system's files links are
// followed (`files` null); a `directory` that is not there is taken as it is written. Threads: any. Errors: those of
// platform::real_path() for `path`.
[[nodiscard]] Result<bool> is_inside(const std::string& path, const std::string& directory,
                                     const platform::FileSystem* files);

}  // namespace batpak::store
