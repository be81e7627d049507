#include "recovery/unsigned_check.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "event/draft.hpp"

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
  std::uint64_t offset = commit.header.offset + segment::commit_header_bytes;
  segment::FrameSplitter frames(commit.header.type == segment::CommitType::events ? commit.body : ByteView());
  for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
    const auto view = event::FrameView::parse(frame);
    if (!view) return damaged(path, offset, view.error().message);
    if (auto may = check_event(*view); !may) {
      return base::fail(std::move(may).error().at_path(path).at_offset(offset).at_sequence(tree_.size()));
    }
    tree_.append(proof::leaf_hash(view->event_hash()));
    BATPAK_CHECK(check_root(path, offset));
    offset += frame.size();
  }
  if (tree_.size() >= covered_ && (commit.end.tree_size != tree_.size() || commit.end.root != tree_.root())) {
    return damaged(path, commit.header.offset, "the commit's root is not that of the events before it");
  }
  return check_batch_ended(path, offset);
}

Result<void> UnsignedCheck::check_event(const event::FrameView& frame) {
  const auto refuse = [](std::string_view why) {
    return base::fail(ErrorCode::damaged, std::string(why) + ", and no stored signature covers it");
  };
  const event::HeaderView& header = frame.header();
  const bool is_first = tree_.size() == first_sequence_;
  const bool is_later = is_first || (header.time() > last_time_ && header.id() > last_id_);
  last_time_ = header.time();
  last_id_ = header.id();
  const bool goes_on = header.kind().is_system() ? header.batch_size() == 1 : take_place_in_batch(header);
  if (tree_.size() < covered_) return {};
  // A payload that is erased proves nothing of its content hash: only a signature from before does.
  if (frame.payload_erased() || frame.metadata_erased()) return refuse("something of the event is erased");
  if (!frame.gives_its_hashes()) return refuse("the event's bytes do not give its hashes");
  if (!is_signed_rightly(frame)) return refuse("the event's own signature is not that of the key in force there");
  if (!is_later) return refuse("the event's time or id is not after that of the event before");
  if (!goes_on) return refuse("the event has another place in its batch than it says");
  return {};
}

bool UnsignedCheck::is_signed_rightly(const event::FrameView& frame) const {
  const ByteView signature = frame.signature();
  if (signature.empty()) return true;
  const KeySpan* const span = keys_.in_force_at(tree_.size());
  if (span == nullptr) return false;
  const auto key = PublicKey::from_bytes(span->key);
  if (!key) return false;  // of bytes that are no key nobody has the other half
  const auto id = key->key_id(origin_);
  return std::ranges::equal(signature.first(id.size()), id) &&
         key->verifies(event::event_signature_input(origin_, frame.event_hash()), signature.subspan(id.size()));
}

bool UnsignedCheck::take_place_in_batch(const event::HeaderView& header) noexcept {
  const bool begins = header.batch_index() == 0;
  const bool goes_on =
      begins ? batch_next_ == batch_size_ : header.batch_index() == batch_next_ && header.batch_size() == batch_size_;
  batch_size_ = header.batch_size();
  batch_next_ = header.batch_index() + 1;
  return goes_on;
}

Result<void> UnsignedCheck::check_batch_ended(const std::string& path, std::uint64_t offset) {
  const bool ended = batch_next_ == batch_size_;
  batch_next_ = batch_size_ = 0;
  if (ended || tree_.size() < covered_) return {};
  return damaged(path, offset, "a batch has not all of its events in its commit, and no stored signature covers them");
}

Result<void> UnsignedCheck::check_root(const std::string& path, std::uint64_t offset) const {
  if (covered_ == 0 || tree_.size() != covered_ || tree_.root() == signed_root_) return {};
  return damaged(
      path, offset,
      "the root of the log's first " + std::to_string(covered_) + " events is not the one that the store's key signed");
}

}  // namespace batpak::recovery
