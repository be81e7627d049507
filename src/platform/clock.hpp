// The seam to time and chance.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace batpak::platform {

// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  // Microseconds since 1970 by the wall clock, which may jump either way.
  [[nodiscard]] virtual std::int64_t wall_microseconds() = 0;
  // A clock that never goes back, for intervals.
  [[nodiscard]] virtual std::chrono::nanoseconds monotonic() = 0;
};

// Unpredictable bytes. Threads: any.
class Entropy {
 public:
  virtual ~Entropy() = default;
  virtual void fill(std::span<std::byte> out) = 0;
};

[[nodiscard]] Clock& system_clock();
// getrandom(2), read ahead per thread so that 16 bytes cost about as much as a copy. A forked child never repeats its
// parent's bytes. Ends the process if the system has no entropy: nothing safe can be done without.
[[nodiscard]] Entropy& system_entropy();

}  // namespace batpak::platform
