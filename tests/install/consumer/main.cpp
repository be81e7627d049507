// Uses batpak as an outside project does. Prints the version and what it did; exits 1 when batpak does not do as it says.
#include <batpak/coordinate.hpp>
#include <batpak/version.hpp>
#include <iostream>

int main() {
  const auto where = batpak::Coordinate::make("player:alice", "room:dungeon");
  if (!where) {
    std::cerr << where.error() << '\n';
    return 1;
  }
  const auto refused = batpak::Coordinate::make("", "room:dungeon");
  if (refused || refused.error().code != batpak::ErrorCode::invalid_coordinate) {
    std::cerr << "an empty entity was not refused\n";
    return 1;
  }
  std::cout << "batpak " << batpak::version << ": " << where->entity() << " in " << where->scope() << ", refused "
            << batpak::to_string(refused.error().code) << '\n';
}
