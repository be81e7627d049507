#include "store_around.hpp"

#include <filesystem>
#include <system_error>

namespace batpak::cli {

namespace fs = std::filesystem;

std::optional<std::string> store_around(const std::string& path) {
  std::error_code unknown;
  const fs::path place = fs::absolute(path, unknown).lexically_normal();
  for (fs::path above = place.parent_path(); above.has_relative_path(); above = above.parent_path()) {
    if (fs::exists(above / "store.meta", unknown)) return above.string();
  }
  return std::nullopt;
}

}  // namespace batpak::cli
