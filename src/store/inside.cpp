#include "store/inside.hpp"

#include "base/try.hpp"
#include "platform/real_path.hpp"

namespace batpak::store {

Result<bool> is_inside(const std::string& path, const std::string& directory, const platform::FileSystem* files) {
  std::string place = path;
  std::string store = directory;
  if (files == nullptr) {
    BATPAK_TRY(place, platform::real_path(path));
    if (auto real = platform::real_path(directory)) store = *std::move(real);
  }
  while (store.size() > 1 && store.ends_with('/')) store.pop_back();
  return place.starts_with(store + "/");
}

}  // namespace batpak::store
