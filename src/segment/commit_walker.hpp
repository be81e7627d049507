// Walks the commits of one segment in the order in which they stand.
#pragma once

#include <optional>

#include "segment/commit.hpp"

namespace batpak::segment {

// A place where a commit should begin and no whole one does.
struct CommitFault {
  std::uint64_t offset = 0;
  Error error;
  std::optional<CommitHeader> header;  // where at least the header is intact, and says that it belongs there
  // Both CRCs match. What is wrong with it was so when it was written: no torn write, but a form that is not known here.
  bool crcs_match = false;
};

// What stands at one step: a whole commit, a fault, or the end, behind which everything is zero.
struct WalkStep {
  std::optional<CommitView> commit;
  std::optional<CommitFault> fault;

  [[nodiscard]] bool at_end() const noexcept { return !commit && !fault; }
};

// Looks at each commit by itself; whether it links to the one before is LinkState's to say. After a fault the walk stands
// still until skip_fault() takes it to the next intact header.
//
// Owner: the image must outlive the walker and its views. Threads: one.
class CommitWalker {
 public:
  CommitWalker(ByteView image, const SegmentHeader& header, std::uint64_t start = segment_header_bytes)
      : CommitWalker(image, 0, header, start) {}
  // Over a part of the segment, of which the first byte stands at `begin`. A fault may then be a commit that the part cuts off.
  CommitWalker(ByteView part, std::uint64_t begin, const SegmentHeader& header, std::uint64_t start)
      : part_(part), begin_(begin), salt_(header.salt), segment_(header.number), offset_(start) {}

  [[nodiscard]] WalkStep next();
  // Moves on behind a fault, to the next intact commit header. Nothing when none follows: the walk is over. Precondition: the
  // walker has the whole segment.
  std::optional<CommitHeader> skip_fault();
  // Moves on to a place where a commit is known to begin.
  void resume_at(std::uint64_t offset) noexcept { offset_ = offset; }
  // Where the next commit should begin: the end of the last one, or the place of the fault.
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }

 private:
  [[nodiscard]] Result<CommitView> commit_at(std::uint64_t offset) const;
  [[nodiscard]] ByteView from(std::uint64_t offset) const noexcept { return part_.subspan(offset - begin_); }
  [[nodiscard]] std::uint64_t end() const noexcept { return begin_ + part_.size(); }

  ByteView part_;
  std::uint64_t begin_;
  SegmentSalt salt_;
  std::uint64_t segment_;
  std::uint64_t offset_;
};

// The first intact commit header of this segment at or behind `from`, wherever it begins.
[[nodiscard]] std::optional<CommitHeader> find_commit_header(ByteView image, const SegmentSalt& salt, std::uint64_t segment,
                                                             std::uint64_t from);

// The seal that ends a sealed segment, found from the end of the file. Errors: malformed when the bytes do not end in one.
[[nodiscard]] Result<CommitView> seal_at_end(ByteView image, const SegmentHeader& header);

}  // namespace batpak::segment
