// Names for events: UUIDs version 7, in strictly increasing order.
#pragma once

#include <cstdint>

#include "batpak/event_id.hpp"

namespace batpak::event {

// RFC 9562, section 6.2, method 2: within one millisecond the 74 bits behind the time are a counter that starts at random
// and grows by random steps, so that ids can be neither guessed nor counted.
//
// Threads: one writer at a time.
class IdSource {
 public:
  // Goes on after `last`, the id of the last event of the log; all zero for a new log.
  explicit IdSource(const EventId& last) noexcept;

  // The next id. `microseconds` is the event's hybrid time; where its millisecond is not after that of the last id, the
  // counter of the last id goes on. The random numbers must be unpredictable and fresh for every call; unless the counter
  // starts anew, 16 bits of the first are all that is used.
  [[nodiscard]] bool starts_anew(std::int64_t microseconds) const noexcept;
  [[nodiscard]] EventId next(std::int64_t microseconds, std::uint64_t random_a, std::uint64_t random_b) noexcept;

 private:
  void start_counter(std::uint64_t random_a, std::uint64_t random_b) noexcept;

  std::uint64_t milliseconds_;  // 48 bits
  std::uint64_t high_;          // the 12 high bits of the counter
  std::uint64_t low_;           // its 62 low bits
};

}  // namespace batpak::event
