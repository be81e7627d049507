// Whether a file lies in a store, where nothing but the store's own files belongs.
#pragma once

#include <optional>
#include <string>

namespace batpak::cli {

// The store that the path is inside of, at whatever depth.
[[nodiscard]] std::optional<std::string> store_around(const std::string& path);

}  // namespace batpak::cli
