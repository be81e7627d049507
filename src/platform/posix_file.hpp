// A file of the operating system behind the seam.
#pragma once

#include <memory>
#include <string>

#include "platform/file_descriptor.hpp"
#include "platform/file_system.hpp"

namespace batpak::platform {

// Opens `name` below the open directory `directory`; `path` is how messages name it. Only regular files are opened: a pipe
// or device under the name of one of ours is refused as unsupported, without waiting for its other end.
[[nodiscard]] Result<std::unique_ptr<File>> open_posix_file(const FileDescriptor& directory, const std::string& name,
                                                            OpenMode mode, std::string path);

}  // namespace batpak::platform
