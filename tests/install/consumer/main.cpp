// Uses batpak as an outside project does: an event is appended, its receipt verified, the log read and checked. Prints the
// version and what it did; exits 1 when batpak does not do as it says.
#include <batpak/batpak.hpp>
#include <cstdlib>
#include <iostream>
#include <string>

namespace {

struct Opened {
  static constexpr batpak::EventType event_type{.category = 0xF, .type_id = 0x001, .name = "opened"};
  std::string by;
};

// The value, or the end of the program with the error in words.
template <class T>
T must(batpak::Result<T> result) {
  if (!result) {
    std::cerr << result.error() << '\n';
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

int main() {
  const std::string path = "consumer.batpak";
  const auto door = must(batpak::Coordinate::make("door:1", "building:a"));
  batpak::Store store = must(batpak::Store::open(path, {.create = batpak::Create::always}));
  const batpak::Receipt receipt = must(store.append(door, Opened{.by = "alice"}));
  must(store.verify_receipt(receipt));
  must(store.close());

  const batpak::Store reader = must(batpak::Store::open_read_only(path));
  const batpak::Event event = must(reader.at(receipt.sequence));
  if (must(event.as<Opened>()).by != "alice") {
    std::cerr << "another event was read than was written\n";
    return 1;
  }
  if (!must(batpak::verify_directory(path)).clean()) {
    std::cerr << "what was written does not verify\n";
    return 1;
  }
  std::cout << "batpak " << batpak::version << ": " << event.entity() << " in " << event.scope() << ", event "
            << receipt.sequence << '\n';
}
