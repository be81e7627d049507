#include "recovery/unsigned_check.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "event/frame_view.hpp"

namespace batpak::recovery {
namespace {

std::unexpected<Error> damaged(const std::string& path, std::uint64_t offset, std::string message) {
  return base::fail(Error(ErrorCode::damaged, std::move(message)).at_path(path).at_offset(offset));
}

}  // namespace

Result<void> UnsignedCheck::take(const SegmentFile& segment, ByteView image) {
  if (!std::ranges::equal(tree_.hashes(), segment.header.right_edge)) {
    return damaged(segment.path, 0, "the segment's right edge is not that of the events before it");
  }
  BATPAK_CHECK(check_root(segment.path, 0));
  segment::CommitWalker walker(image, segment.header);
  while (true) {
    const segment::WalkStep step = walker.next();
    if (step.at_end()) return {};
    if (!step.commit) {
      return damaged(segment.path, step.fault->offset,
                     "no stored signature covers the events that are damaged here, and nothing can be signed behind them");
    }
    BATPAK_CHECK(take(*step.commit, segment.path));
    if (step.commit->seal) return {};
  }
}

Result<void> UnsignedCheck::take(const segment::CommitView& commit, const std::string& path) {
  if (commit.header.type != segment::CommitType::events) return {};
  std::uint64_t offset = commit.header.offset + segment::commit_header_bytes;
  segment::FrameSplitter frames(commit.body);
  for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
    BATPAK_TRY(const event::FrameView view, event::FrameView::parse(frame));
    if (tree_.size() >= covered_ && !view.gives_its_hashes()) {
      return base::fail(
          Error(ErrorCode::damaged, "the event's bytes do not give its hashes, and no stored signature covers it")
              .at_path(path)
              .at_offset(offset)
              .at_sequence(tree_.size()));
    }
    tree_.append(proof::leaf_hash(view.event_hash()));
    BATPAK_CHECK(check_root(path, offset));
    offset += frame.size();
  }
  return {};
}

Result<void> UnsignedCheck::check_root(const std::string& path, std::uint64_t offset) const {
  if (covered_ == 0 || tree_.size() != covered_ || tree_.root() == signed_root_) return {};
  return damaged(
      path, offset,
      "the root of the log's first " + std::to_string(covered_) + " events is not the one that the store's key signed");
}

}  // namespace batpak::recovery
