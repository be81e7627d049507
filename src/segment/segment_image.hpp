// A segment read into memory with pread, so that a bad sector is a fact to report and not a signal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "platform/file_system.hpp"

namespace batpak::segment {

struct UnreadableRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  int system_errno = 0;
};

// Asked before memory is taken for a segment, or time to look at it: a file of holes costs nobody who makes it anything.
// Errors: damaged for more bytes than a segment may have.
[[nodiscard]] Result<void> check_segment_size(std::uint64_t bytes);

// Owner of its bytes. What could not be read is zero in them and listed.
struct SegmentImage {
  Bytes bytes;
  std::vector<UnreadableRange> unreadable;

  // Reads from `from` to the end; the bytes before it are zero. The memory of `buffer` is used again where there is enough.
  // Errors: of size(); damaged as of check_segment_size(); a failed read is no error but unreadable.
  [[nodiscard]] static Result<SegmentImage> load(const platform::File& file, std::uint64_t from = 0, Bytes buffer = {});
};

}  // namespace batpak::segment
