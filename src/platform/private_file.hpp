// A small file that only its owner may read: where a key is kept. Unlike a store's files it lies wherever the caller says.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "batpak/error.hpp"

namespace batpak::platform {

// Reads up to out.size() bytes from the start and returns how many. The file must be a regular one and no symbolic link,
// owned by the caller, and of mode 0600 or stricter. Errors: insecure_key_file, not_found, permission_denied, io_error.
[[nodiscard]] Result<std::size_t> read_private_file(const std::string& path, std::span<std::byte> out);

// Creates the file with mode 0600, and returns when its content and its name are durable. What is there already stays as it
// is, and what could not be written whole is removed again.
// Errors: invalid_argument where the path exists, no_such_directory, permission_denied, no_space, io_error.
[[nodiscard]] Result<void> write_private_file(const std::string& path, std::span<const std::byte> bytes);

}  // namespace batpak::platform
