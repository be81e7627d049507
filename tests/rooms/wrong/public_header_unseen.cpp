// path: include/batpak/wrong.hpp
// expects: opens its namespace with
namespace batpak {
struct Wrong;
}  // namespace batpak
