// The operating system's files behind the seam.
//
// Every path below a directory is resolved from the open directory, so the store follows its directory when that is renamed
// while open. No descriptor survives exec.
#pragma once

#include "platform/file_system.hpp"

namespace batpak::platform {

// Threads: any. Lives as long as the process.
[[nodiscard]] FileSystem& posix_file_system();

}  // namespace batpak::platform
