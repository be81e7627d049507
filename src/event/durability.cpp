#include "batpak/append_options.hpp"

namespace batpak {

std::string_view to_string(Durability durability) noexcept {
  return durability == Durability::durable ? "durable" : "buffered";
}

}  // namespace batpak
