// Pseudo-random numbers for simulations: the same from one seed on every machine and with every standard library.
#pragma once

#include <cstdint>

namespace batpak::platform {

// SplitMix64 (Steele, Lea, Flood 2014). Threads: a plain value.
class SimRandom {
 public:
  explicit SimRandom(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] std::uint64_t next() noexcept {
    state_ += 0x9E3779B97F4A7C15ULL;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
    return mixed ^ (mixed >> 31);
  }
  // One of 0 … count - 1. Precondition: count > 0. The slight favour for small numbers does not matter to a simulation.
  [[nodiscard]] std::uint64_t below(std::uint64_t count) noexcept { return next() % count; }
  [[nodiscard]] bool coin() noexcept { return (next() >> 63) != 0; }

 private:
  std::uint64_t state_;
};

}  // namespace batpak::platform
