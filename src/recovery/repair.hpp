// What opening a log for writing changes in it, once it is known that nothing speaks against it. docs/FORMAT.md says what, and in
// which order; MODEL.md why.
#pragma once

#include "recovery/recover.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {

// What the end of the log looks like before anything is changed.
struct Tail {
  std::uint32_t segment = 0;       // whose last whole commit is the log's
  segment::SegmentImage image;     // of that segment
  std::uint64_t rewrite_from = 0;  // whole commits from here on are not known to be durable
  std::uint64_t commits_to_rewrite = 0;
  std::uint64_t torn_bytes = 0;       // behind the last whole commit
  bool rotation_interrupted = false;  // the last segment has no predecessor that names it
  // The last segment, where it holds no whole commit: what stands behind its header.
  segment::SegmentImage blank;
  std::uint64_t blank_torn_bytes = 0;
};

// Makes everything that is shown durable, cuts off what stands behind it, and finishes a rotation that was interrupted. `state` and
// its report say afterwards what there is and what was done. After an error (io_error, no_space) some of it may have been done;
// opening again does the rest.
[[nodiscard]] Result<void> repair(LogState& state, const Tail& tail, const RecoverOptions& options);

}  // namespace batpak::recovery
