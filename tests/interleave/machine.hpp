// A store on a simulated disk for scenarios, and what is true of it.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "batpak/batpak.hpp"
#include "interleave/explore.hpp"
#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"
#include "store/test_store.hpp"

namespace batpak::interleave {

using test::at;
using test::error_of;
using test::Moved;
using test::must;
using test::Said;

#if defined(BATPAK_EXPLORED)

// Clock and chance without a mutex: nothing is gained by trying who asks first.
class MachineClock : public platform::Clock {
 public:
  std::int64_t wall_microseconds() override {
    return 1'700'000'000'000'000 + std::chrono::duration_cast<std::chrono::microseconds>(base::time_waited()).count();
  }
  std::chrono::nanoseconds monotonic() override { return base::time_waited(); }
};

class MachineEntropy : public platform::Entropy {
 public:
  void fill(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = static_cast<std::byte>(random_.next() >> 56);
  }

 private:
  platform::SimRandom random_{1};
};

#else

class MachineClock : public platform::Clock {
 public:
  std::int64_t wall_microseconds() override { return platform::system_clock().wall_microseconds(); }
  std::chrono::nanoseconds monotonic() override { return platform::system_clock().monotonic(); }
};

class MachineEntropy : public platform::SeededEntropy {
 public:
  MachineEntropy() : SeededEntropy(1) {}
};

#endif

constexpr std::chrono::milliseconds sync_interval{5};
constexpr std::chrono::milliseconds idle_mark_after{10};

class Machine {
 public:
  // `disk` is copied.
  Machine(const platform::SimFs& disk, std::shared_ptr<const SigningKey> the_key)
      : files(disk.copy()), key(std::move(the_key)) {}

  // A closed store whose log declares Moved and Said.
  static std::unique_ptr<platform::SimFs> make_disk(const std::shared_ptr<const SigningKey>& key) {
    platform::SimFs empty;
    Machine machine(empty, key);
    Store store = machine.open();
    must(store.append(at("early"), Moved{}));
    must(store.append(at("early"), Said{}));
    must(store.close());
    return std::move(machine.files);
  }

  OpenOptions options() {
    OpenOptions options;
    options.segment_bytes = 64U << 10;
    options.queue_bytes_max = 64U << 10;
    options.sync_interval = sync_interval;
    options.idle_mark_after = idle_mark_after;
    options.file_system = files.get();
    options.clock = &clock;
    options.entropy = &entropy;
    options.key = key;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    return options;
  }
  Store open() { return must(Store::open("store", options())); }
  Store open_with_threads() {
    OpenOptions with_threads = options();
    with_threads.housekeeping = OpenOptions::Housekeeping::thread;
    return must(Store::open("store", with_threads));
  }
  Store open_reader(ReadOnlyOptions::Undurable undurable = ReadOnlyOptions::Undurable::hide) {
    return must(Store::open_read_only("store", {.undurable = undurable, .file_system = files.get()}));
  }

  // How many events a power loss at this moment would leave.
  std::uint64_t survivors() const {
    const Uninterrupted looking;
    const auto after = files->copy();
    after->crash(platform::SimCrash::losing_everything());
    const Store reader =
        must(Store::open_read_only("store", {.undurable = ReadOnlyOptions::Undurable::show, .file_system = after.get()}));
    return must(reader.snapshot()).size();
  }
  // Precondition: nobody has it open.
  VerifyReport verify() const {
    const Uninterrupted looking;
    VerifyOptions options;
    options.threads = 1;
    options.file_system = files.get();
    if (key) options.key = key->public_key();
    return must(verify_directory("store", options));
  }
  void require_clean() const {
    const std::string found = test::findings(verify());
    require(found.empty(), "verify finds: " + found);
  }

  std::unique_ptr<platform::SimFs> files;
  MachineClock clock;
  MachineEntropy entropy;
  std::shared_ptr<const SigningKey> key;
};

// Runs a scenario on a machine whose disk holds a store.
inline void explore_on(const Bounds& bounds, const std::shared_ptr<const SigningKey>& key,
                       const std::function<void(Machine&)>& body) {
  const auto disk = Machine::make_disk(key);
  explore(bounds, [&] {
    Machine machine(*disk, key);
    body(machine);
  });
}
inline void explore_on(const Bounds& bounds, const std::function<void(Machine&)>& body) { explore_on(bounds, {}, body); }

constexpr std::uint64_t early_events = 5;  // of make_disk(): genesis, two declarations, two events

inline const AppendOptions buffered{.durability = Durability::buffered};

// What an append that returned must have left, looked at by its own thread.
inline void require_told(const Store& store, const Receipt& receipt, const Moved& expected) {
  const Uninterrupted looking;
  const Event event = must(store.at(receipt.sequence));
  const Moved found = must(event.as<Moved>());
  require(event.id() == receipt.event_id && found.x == expected.x && found.y == expected.y,
          "the receipt is of another event");
}

// Every event of the log once, numbered densely; each receipt's is there.
inline void require_account(const Store& store, const std::vector<Receipt>& receipts) {
  const Uninterrupted looking;
  std::uint64_t next = 0;
  for (const EventView& event : test::all(must(store.read({.from = {}, .store_events = StoreEvents::include})))) {
    require(event.sequence() == next++, "the sequence has a gap");
  }
  std::set<std::uint64_t> sequences;
  for (const Receipt& receipt : receipts) {
    require(receipt.sequence < next, "an acknowledged event is missing");
    require(sequences.insert(receipt.sequence).second, "two receipts of one event");
    const auto verified = store.verify_receipt(receipt);
    require(verified.has_value(), verified ? "" : "a receipt does not verify: " + verified.error().message);
  }
}

}  // namespace batpak::interleave
