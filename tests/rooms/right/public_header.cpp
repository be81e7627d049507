// path: include/batpak/right.hpp
#include <string>

#include "batpak/error.hpp"

namespace batpak::engine {
class Writer;
}

namespace [[gnu::visibility("default")]] batpak {
struct Right;
}  // namespace batpak
