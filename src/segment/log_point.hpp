// Places in the log, as bytes and as events.
#pragma once

#include <compare>
#include <cstdint>

namespace batpak::segment {

// A place between commits: the end of one, or the start of a segment's commits. Everything before it is `sequence` events.
// The order of fields makes points of one log compare as they lie.
struct LogPoint {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;    // bytes from the start of the segment's file
  std::uint64_t sequence = 0;  // of the next event, which is also the number of events before

  friend auto operator<=>(const LogPoint&, const LogPoint&) = default;
};

}  // namespace batpak::segment
