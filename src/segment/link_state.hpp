// What a commit must agree with to follow the one before it.
#pragma once

#include <cstdint>
#include <deque>

#include "segment/commit.hpp"

namespace batpak::segment {

// Where the log stands after a commit. Threads: a plain value.
struct LinkState {
  LogPoint end{.segment = 0, .offset = segment_header_bytes, .sequence = 0};
  std::uint32_t previous_crc = 0;
  std::uint64_t session = 0;
  LogPoint durable_through{.segment = 0, .offset = segment_header_bytes, .sequence = 0};
  // Ends of commits that a later durable-through may name: those at or behind the last one.
  std::deque<LogPoint> boundaries{LogPoint{.segment = 0, .offset = segment_header_bytes, .sequence = 0}};

  // Whether `header` follows: sequence, previous CRC, a session that does not fall, a durable-through that is the boundary of
  // a commit, before its own start and never falling. Errors: malformed, with the law in the message.
  [[nodiscard]] Result<void> check(const CommitHeader& header) const;
  // What a writer knows of the commit that follows before it is built: all of its header but count, length and CRC.
  [[nodiscard]] CommitHeader next_header(CommitType type, std::uint64_t writing_session, const LogPoint& durable) const;
  // Takes note of a commit that follows.
  void advance(const CommitHeader& header);
  // Goes on in the successor after a seal.
  void enter_segment(std::uint64_t number);
  // Where a segment begins whose predecessors were not read; the first commit is then taken at its word.
  [[nodiscard]] static LinkState at_segment(const SegmentHeader& header, const CommitHeader& seal_before);
};

}  // namespace batpak::segment
