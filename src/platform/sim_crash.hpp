// What a simulated power loss leaves of what was not synced.
#pragma once

#include <cstdint>

namespace batpak::platform {

// Each unsynced thing by itself. The choices of `any` follow from the seed.
struct SimCrash {
  enum class Sectors : std::uint8_t {
    lost,         // every unsynced sector holds its old bytes
    kept,         // every one holds its new bytes
    any,          // each holds either
    any_or_torn,  // each holds either, or a mix of both
  };
  enum class Order : std::uint8_t {
    lost,  // no unsynced change happened
    kept,  // all of them did
    any,   // the first few did; how many is up to the seed
  };

  std::uint64_t seed = 0;
  Sectors sectors = Sectors::any_or_torn;
  Order sizes = Order::any;  // of each file: growing, and being cut
  Order names = Order::any;  // of each directory: creating, renaming and removing

  [[nodiscard]] static constexpr SimCrash from_seed(std::uint64_t seed) noexcept { return {.seed = seed}; }
  [[nodiscard]] static constexpr SimCrash losing_everything() noexcept {
    return {.sectors = Sectors::lost, .sizes = Order::lost, .names = Order::lost};
  }
  [[nodiscard]] static constexpr SimCrash keeping_everything() noexcept {
    return {.sectors = Sectors::kept, .sizes = Order::kept, .names = Order::kept};
  }
};

}  // namespace batpak::platform
