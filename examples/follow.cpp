// Recipe: follow a store from another process than its writer's.
//
//   follow DIRECTORY COUNT     prints the next COUNT events as they become durable, beginning with the first
#include <batpak/batpak.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <string>
#include <thread>

namespace {

// [follow]
// Calls `take` with each event from sequence `next` on, and waits for those that are still to come, until `take` says stop.
enum class Then { go_on, stop };
batpak::Result<void> follow(const std::string& directory, std::uint64_t next,
                            const std::function<Then(const batpak::EventView&)>& take) {
  const auto store = batpak::Store::open_read_only(directory);  // takes no lock and writes nothing
  if (!store) return std::unexpected(store.error());
  while (true) {
    const auto now = store->snapshot();  // what the writer has made durable by now
    if (!now) return std::unexpected(now.error());
    if (now->size() > next) {
      for (const batpak::Result<batpak::EventView>& event : now->read({.from = next})) {
        if (!event) return std::unexpected(event.error());
        if (take(*event) == Then::stop) return {};
      }
      next = now->size();  // keep it, and the next run goes on from here
    } else {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}
// [/follow]

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 3) {
    std::cerr << "usage: follow DIRECTORY COUNT\n";
    return 2;
  }
  std::uint64_t left = std::stoull(arguments[2]);
  const auto followed = follow(arguments[1], 0, [&](const batpak::EventView& event) {
    std::cout << event.sequence() << ' ' << event.entity() << ' ' << event.kind_name() << std::endl;
    return --left == 0 ? Then::stop : Then::go_on;
  });
  if (!followed) {
    std::cerr << "follow: " << followed.error() << '\n';
    return 1;
  }
}
