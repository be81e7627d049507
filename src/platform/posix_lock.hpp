// The ownership of a directory, held and asked for.
//
// Two locks say the same thing. flock on the directory itself is what excludes: it cannot be lost by deleting a file. An
// open-file-description lock on LOCK is what others ask about, since it alone can be asked about without being taken.
#pragma once

#include <memory>
#include <string>

#include "platform/file_descriptor.hpp"
#include "platform/file_system.hpp"

namespace batpak::platform {

// Takes both locks and writes this process's id into LOCK, creating it. `path` names the directory in messages.
// Both belong to one open of the directory made here: a second call fails like another process's would.
[[nodiscard]] Result<std::unique_ptr<OwnerLock>> lock_posix_directory(const FileDescriptor& directory,
                                                                      const std::string& path);

// Reads LOCK's lock and takes none. No LOCK, no owner.
[[nodiscard]] Result<bool> posix_directory_has_owner(const FileDescriptor& directory, const std::string& path);

}  // namespace batpak::platform
