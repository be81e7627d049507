// Time and chance under a test's control.
#pragma once

#include "base/sync.hpp"
#include "platform/clock.hpp"
#include "platform/sim_random.hpp"

namespace batpak::platform {

// Stands still until told otherwise; where waits are simulated (base/sync.hpp), it moves by what they take. Threads: any.
class SimClock : public Clock {
 public:
  explicit SimClock(std::int64_t wall_microseconds = 1'700'000'000'000'000) : wall_(wall_microseconds * 1000) {}

  std::int64_t wall_microseconds() override {
    const base::Lock lock(mutex_);
    return std::chrono::floor<std::chrono::microseconds>(wall_ + base::time_waited()).count();
  }
  std::chrono::nanoseconds monotonic() override {
    const base::Lock lock(mutex_);
    return monotonic_ + base::time_waited();
  }

  // Time passes on both clocks. Precondition: by >= 0.
  void advance(std::chrono::nanoseconds by) {
    const base::Lock lock(mutex_);
    wall_ += by;
    monotonic_ += by;
  }
  // The wall clock alone jumps, either way.
  void set_wall_microseconds(std::int64_t microseconds) {
    const base::Lock lock(mutex_);
    wall_ = std::chrono::microseconds(microseconds) - base::time_waited();
  }

 private:
  base::Mutex mutex_;
  std::chrono::nanoseconds wall_ BATPAK_GUARDED_BY(mutex_);
  std::chrono::nanoseconds monotonic_ BATPAK_GUARDED_BY(mutex_){0};
};

// The same bytes from the same seed; nothing secret may rest on them. Threads: any, though only one thread's are repeatable.
class SeededEntropy : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed) : random_(seed) {}

  void fill(std::span<std::byte> out) override {
    const base::Lock lock(mutex_);
    for (std::byte& byte : out) byte = static_cast<std::byte>(random_.next() >> 56);
  }

 private:
  base::Mutex mutex_;
  SimRandom random_ BATPAK_GUARDED_BY(mutex_);
};

}  // namespace batpak::platform
