#include "batpak/coordinate.hpp"

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"

namespace batpak {
namespace {

static_assert(Coordinate::part_bytes_max == limits::coordinate_part_bytes_max);

[[nodiscard]] Result<void> check_part(std::string_view name, std::string_view part) {
  const auto refuse = [name](const std::string& why) {
    return base::fail(ErrorCode::invalid_coordinate, "the " + std::string(name) + " of a coordinate " + why);
  };
  if (part.empty()) return refuse("is empty");
  if (part.size() > Coordinate::part_bytes_max) {
    return refuse("has " + std::to_string(part.size()) + " bytes; " + std::to_string(Coordinate::part_bytes_max) +
                  " are allowed");
  }
  if (base::is_plain_text(part)) return {};
  return refuse(base::is_utf8(part) ? "holds a control character" : "is not UTF-8");
}

}  // namespace

Result<Coordinate> Coordinate::make(std::string_view entity, std::string_view scope) {
  BATPAK_CHECK(check_part("entity", entity));
  BATPAK_CHECK(check_part("scope", scope));
  if (entity.starts_with(reserved_prefix)) {
    return base::fail(ErrorCode::reserved_entity, "entities that begin with \"$batpak/\" are the store's own");
  }
  return Coordinate(entity, scope);
}

}  // namespace batpak
