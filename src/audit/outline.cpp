#include "audit/outline.hpp"

namespace batpak::audit {

void Outline::enter_segment(const OpenSegment& segment) {
  segments_.push_back({.path = segment.path,
                       .first_sequence = segment.header.first_sequence,
                       .events = 0,
                       .commits = 0,
                       .bytes = segment.file_bytes,
                       .commits_by_part = std::vector<std::uint32_t>(SegmentOutline::parts)});
}

void Outline::add_commit(std::uint64_t offset, std::uint64_t events) {
  if (segments_.empty()) return;
  SegmentOutline& segment = segments_.back();
  ++segment.commits;
  segment.events += events;
  if (offset < segment.bytes) ++segment.commits_by_part[offset * SegmentOutline::parts / segment.bytes];
}

}  // namespace batpak::audit
