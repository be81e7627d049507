// When an event was recorded: a hybrid logical clock.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace [[gnu::visibility("default")]] batpak {

// Microseconds since 1970-01-01T00:00:00Z and a counter that separates events within one microsecond. Later events of a log
// always compare greater, across reopening and across a wall clock that was set back (Kulkarni et al., "Logical Physical
// Clocks", 2014). The wall clock as it was read is kept beside it in every event.
//
// Threads: a plain value.
struct Timestamp {
  std::int64_t microseconds = 0;
  std::uint32_t counter = 0;

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

// RFC 3339 in UTC with six digits, and "+counter" where it is not 0: "2026-01-02T03:04:05.000006Z+1".
[[nodiscard]] std::string to_string(const Timestamp& time);

// RFC 3339 in UTC with six digits: "2026-01-02T03:04:05.000006Z". Years 0000–9999; outside of them "@microseconds".
[[nodiscard]] std::string format_time(std::int64_t microseconds_since_1970);

}  // namespace batpak
