// Readers in other processes, and the system, which act beside the writer and between any two of its calls.
#pragma once

#include "simulation/world.hpp"

namespace batpak::test {

class Onlookers {
 public:
  explicit Onlookers(World& world) : world_(world) {}

  void open_reader() {
    // Before a first opening has answered, there is no store yet.
    if (world_.readers.size() >= 3 || !world_.known_exists()) return;
    const bool show = world_.random.below(4) == 0;
    Reader reader(world_.files, show ? Reader::Undurable::show : Reader::Undurable::hide);
    const auto opened = reader.open(world_.path);
    world_.trace(outcome(opened));
    if (!opened) {
      require(world_.damaged, "a reader cannot open: " + to_string(opened.error()));
      return;
    }
    refresh(reader, world_.random);
    world_.readers.push_back(std::move(reader));
  }
  void refresh_readers() {
    for (Reader& reader : world_.readers) refresh(reader, world_.random);
  }
  void close_reader() {
    if (!world_.readers.empty())
      world_.readers.erase(world_.readers.begin() + static_cast<std::ptrdiff_t>(world_.random.below(world_.readers.size())));
  }
  // Readers and the system do something between any two calls of the writer.
  void between_calls(platform::SimCall call) {
    if (world_.watch_failure || world_.quiet || world_.watch_random.below(world_.watch_one_in) != 0) return;
    const std::uint64_t what = world_.watch_random.below(6);
    world_.trace("  before call ", static_cast<int>(call),
                 what == 0   ? " write back"
                 : what == 1 ? " evict"
                             : " refresh readers");
    switch (what) {
      case 0: world_.files.write_back(world_.watch_random.next()); return;
      case 1: world_.files.evict(); return;
      default:
        // The store's own code is on the stack: what is wrong is told when it has returned.
        try {
          for (Reader& reader : world_.readers) refresh(reader, world_.watch_random);
        } catch (const Violation& violation) {
          world_.watch_failure = std::string("meanwhile ") + violation.what();
        }
    }
  }

 private:
  void refresh(Reader& reader, platform::SimRandom& random) {
    ++world_.counts.refreshes;
    world_.notice_misdirection();
    reader.refresh(world_.oracle, random, world_.damaged);
  }

  World& world_;
};

}  // namespace batpak::test
