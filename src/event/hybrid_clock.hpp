// The time of events: a hybrid logical clock, which follows the wall clock and never stands still or goes back.
#pragma once

#include <cstdint>

#include "batpak/timestamp.hpp"

namespace batpak::event {

// Threads: one writer at a time.
class HybridClock {
 public:
  // Goes on after `last`, the time of the last event of the log.
  explicit HybridClock(Timestamp last) noexcept : last_(last) {}

  // The wall clock as read, or, where that is not after the last time given, the least time that is.
  [[nodiscard]] Timestamp next(std::int64_t wall_microseconds) noexcept;

  [[nodiscard]] Timestamp last() const noexcept { return last_; }

 private:
  Timestamp last_;
};

}  // namespace batpak::event
