// What goes wrong with the calls of the process, one thing after another.
#pragma once

#include "simulation/world.hpp"

namespace batpak::test {

class Faults {
 public:
  explicit Faults(World& world) : world_(world) {}

  // One of the next calls.
  void inject() { inject(world_.store ? 12 : 40); }
  // The process is stopped within so many calls, where it is stopped.
  void inject(std::uint64_t calls) {
    if (world_.misdirected) return;
    using Effect = SimFault::Effect;
    SimFault fault;
    fault.nth = 1 + world_.random.below(calls);
    switch (world_.random.below(6)) {
      case 0:
      case 1:
      case 2:
        fault.effect = Effect::stop;
        fault.bytes_written = world_.random.below(3'000);
        break;
      case 3:
        fault.call = SimCall::write;
        fault.effect = world_.random.coin() ? Effect::io_error : Effect::no_space;
        fault.bytes_written = world_.random.below(3'000);
        fault.nth = 1 + world_.random.below(4);
        break;
      case 4:
        fault.call = SimCall::sync;
        fault.nth = 1 + world_.random.below(4);
        if (world_.random.coin()) fault.reached_seed = world_.random.next();
        break;
      default:
        fault.call = static_cast<SimCall>(world_.random.below(static_cast<std::uint64_t>(SimCall::lock) + 1));
        fault.effect = world_.random.coin() ? Effect::io_error : Effect::no_space;
        fault.nth = 1 + world_.random.below(6);
        fault.times = world_.random.below(4) == 0 ? 1'000 : 1;
    }
    world_.files.inject(fault);
    world_.trace("fault: call ", fault.call ? static_cast<int>(*fault.call) : -1, " number ", fault.nth, " times ",
                 fault.times, " effect ", static_cast<int>(fault.effect), " bytes ", fault.bytes_written,
                 fault.reached_seed ? " some reached" : "");
  }
  // The writer's next write goes elsewhere on the device.
  void misdirect() {
    world_.files.clear_faults();
    world_.misdirected = world_.files.count_faults_met();
    world_.files.inject({.call = SimCall::write,
                         .path_contains = "/log/",
                         .nth = 1 + world_.random.below(5),
                         .effect = SimFault::Effect::misdirected,
                         .sectors_off = world_.random.coin() ? 0 : static_cast<std::int64_t>(world_.random.below(60)) - 30});
    world_.trace("one of the next five");
  }

 private:
  World& world_;
};

}  // namespace batpak::test
