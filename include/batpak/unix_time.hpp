// A point in time as payloads carry it.
#pragma once

#include <compare>
#include <cstdint>

namespace [[gnu::visibility("default")]] batpak {

// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted, and the nanoseconds after that second, also before 1970:
// half a second before 1970 is {-1, 500'000'000}.
//
// Threads: a plain value.
struct UnixTime {
  static constexpr std::uint32_t nanoseconds_max = 999'999'999;

  std::int64_t seconds = 0;
  std::uint32_t nanoseconds = 0;  // at most nanoseconds_max

  friend auto operator<=>(const UnixTime&, const UnixTime&) = default;
};

}  // namespace batpak
