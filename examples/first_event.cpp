// One event, appended and read back. The store is made in the working directory.
#include <batpak/batpak.hpp>

#include <cstdint>
#include <iostream>

struct PlayerMoved {  // any plain struct: the compiler finds its fields
  std::int32_t x = 0;
  std::int32_t y = 0;
};

int main() {
  auto store = batpak::Store::open("game.batpak");
  if (!store) {
    std::cerr << store.error() << '\n';
    return 1;
  }
  const auto where = batpak::Coordinate::make("player:alice", "room:dungeon");
  const auto receipt = store->append(*where, PlayerMoved{.x = 10, .y = 20});
  if (!receipt) {
    std::cerr << receipt.error() << '\n';
    return 1;
  }
  // The event is on the device now. Its hash covers the hash of the event before it, and so the player's whole history.
  std::cout << "move " << receipt->stream_version << " has the hash " << to_string(receipt->event_hash) << '\n';

  const auto event = store->get(receipt->event_id);
  const auto moved = event ? event->as<PlayerMoved>() : std::unexpected(event.error());
  if (!moved) {
    std::cerr << moved.error() << '\n';
    return 1;
  }
  std::cout << "alice stands at " << moved->x << ", " << moved->y << '\n';
}
