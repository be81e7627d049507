#include "event/hybrid_clock.hpp"

#include <limits>

namespace batpak::event {

Timestamp HybridClock::next(std::int64_t wall_microseconds) noexcept {
  if (wall_microseconds > last_.microseconds) {
    last_ = {.microseconds = wall_microseconds, .counter = 0};
  } else if (last_.counter < std::numeric_limits<std::uint32_t>::max()) {
    ++last_.counter;
  } else {
    last_ = {.microseconds = last_.microseconds + 1, .counter = 0};
  }
  return last_;
}

}  // namespace batpak::event
