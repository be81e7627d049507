// Salvaging a store, whole or damaged, with crashes meanwhile.
#pragma once

#include "simulation/world.hpp"

namespace batpak::test {

class Salvages {
 public:
  explicit Salvages(World& world) : world_(world) {}

  // Into a new directory, with which life goes on. The salvage itself may be cut short, and begins again elsewhere.
  void run() {
    world_.files.clear_faults();
    world_.readers.clear();
    world_.quiet = true;
    for (int tries = 0; tries < 4; ++tries) {
      const auto shown = all_that_is_shown();
      if (!shown) {
        world_.ended = true;
        return;
      }
      const bool declaration_lost =
          std::ranges::any_of(*shown, [](const Known& known) { return known.lost && !known.attempt; });
      const World::Segments source = world_.read_log();
      const std::string destination = "store" + std::to_string(++salvages_);
      world_.faults_before = world_.files.count_faults_met();
      if (tries < 3 && world_.random.coin()) inject_salvage_fault();
      OpenOptions options = world_.open_options();
      options.revocation.reset();
      options.witness_file.reset();
      const auto salvaged = salvage(world_.path, destination, options);
      world_.trace("to ", destination, ": ", outcome(salvaged));
      require(world_.read_log() == source, "salvage changed its source");
      if (!salvaged) {
        const bool nothing_readable = world_.damaged && salvaged.error().code == ErrorCode::damaged;
        require(world_.files.count_faults_met() > world_.faults_before || nothing_readable,
                "salvage fails: " + outcome(salvaged));
        if (nothing_readable && world_.files.count_faults_met() == world_.faults_before) {
          world_.ended = true;
          return;
        }
        if (!world_.files.is_stopped()) expect_whole_or_nothing(destination, *shown);
        crash_in_salvage();
        expect_whole_or_nothing(destination, *shown);
        continue;
      }
      ++world_.counts.salvages;
      // A device that failed to read meanwhile has cost events, and the report says how many.
      const std::uint64_t missing = world_.files.count_faults_met() > world_.faults_before ? salvaged->events_lost : 0;
      if (world_.files.is_stopped() || world_.random.coin()) crash_in_salvage();
      world_.files.clear_faults();
      world_.path = destination;
      world_.untouched = false;
      world_.damaged = false;
      world_.keys.declared = world_.keys.in_use;
      world_.keys.previous.reset();
      world_.keys.revocation.reset();
      world_.witness_exists = false;
      world_.given_up.reset();
      world_.cleanly_closed.reset();
      world_.doing = "open what was salvaged";
      auto opened = Store::open(world_.path, world_.open_options());
      require(opened.has_value(), "the salvaged store does not open: " + outcome(opened));
      world_.witness_exists = world_.witness.has_value();
      world_.origin = opened->origin();
      world_.oracle.settle_copy(opened->snapshot().value(), *shown, missing);
      require(opened->close().has_value(), "the salvaged store does not close");
      world_.verify_clean("after salvage");
      world_.oracle.declarations = Oracle::Declarations::are_there;
      // A kind that salvage had to name by itself cannot be appended under its own name again.
      world_.ended = declaration_lost;
      return;
    }
  }

 private:
  // What a reader that asks for everything is shown of the store, the lost ones marked; also what may not be durable.
  std::optional<std::vector<Known>> all_that_is_shown() {
    const auto process = world_.files.start_process();
    const auto store =
        Store::open_read_only(world_.path, {.undurable = ReadOnlyOptions::Undurable::show, .file_system = process.get()});
    if (!store) {
      require(world_.damaged, "the store cannot be opened for reading: " + outcome(store));
      return std::nullopt;
    }
    const auto now = store->snapshot();
    require(now.has_value(), "the store cannot be read: " + outcome(now));
    return world_.oracle.compare(*now, world_.damaged ? Judgement{.whole_until = 0} : Judgement{});
  }
  // A salvage that failed or was cut short leaves no store that lacks something.
  void expect_whole_or_nothing(const std::string& destination, const std::vector<Known>& source) {
    const auto process = world_.files.start_process();
    const auto store = Store::open_read_only(destination, {.file_system = process.get()});
    world_.trace("what is left: ", outcome(store));
    if (!store) {
      const ErrorCode code = store.error().code;
      require(code == ErrorCode::not_a_store || code == ErrorCode::no_such_directory,
              "a salvage that failed leaves something: " + outcome(store));
      return;
    }
    static_cast<void>(world_.oracle.compare_copy(store->snapshot().value(), source, 0));
  }
  void inject_salvage_fault() {
    SimFault fault;
    fault.nth = 1 + world_.random.below(world_.random.coin() ? 60 : 300);
    fault.effect = world_.random.coin() ? SimFault::Effect::stop : SimFault::Effect::io_error;
    world_.files.inject(fault);
  }
  void crash_in_salvage() {
    ++world_.counts.crashed_salvages;
    if (world_.random.coin()) {
      world_.files.kill();
      ++world_.counts.kills;
    } else {
      world_.files.crash(SimCrash::from_seed(world_.random.next()));
      ++world_.counts.power_losses;
    }
    world_.forget_process();
  }

  World& world_;
  std::uint64_t salvages_ = 0;
};

}  // namespace batpak::test
