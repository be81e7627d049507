// Where in its segments a log has its commits, for drawing it.
#pragma once

#include <vector>

#include "audit/span_check.hpp"
#include "batpak/verify.hpp"

namespace batpak::audit {

// Threads: one; everything comes in the order of the log.
class Outline {
 public:
  void enter_segment(const OpenSegment& segment);
  // In the segment that was entered last.
  void add_commit(std::uint64_t offset, std::uint64_t events);
  [[nodiscard]] const std::vector<SegmentOutline>& segments() const noexcept { return segments_; }

 private:
  std::vector<SegmentOutline> segments_;
};

}  // namespace batpak::audit
