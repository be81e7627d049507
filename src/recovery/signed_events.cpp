#include "recovery/signed_events.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "event/frame_view.hpp"
#include "recovery/log_builder.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {

Result<SignedEvents> SignedEvents::read(platform::Directory& directory, std::span<const SegmentFile> segments,
                                        const proof::KeyHistory& keys, std::string origin) {
  SignedEvents events(keys, std::move(origin));
  for (const SegmentFile& segment : segments) {
    BATPAK_TRY(const auto file, directory.open_file(segment.path, platform::OpenMode::read));
    BATPAK_TRY(const segment::SegmentImage image, segment::SegmentImage::load(*file));
    events.take(segment, image.bytes);
  }
  return events;
}

bool SignedEvents::cover(std::uint64_t sequence) const {
  return std::ranges::any_of(
      covered_, [&](const Range& range) { return range.first_sequence <= sequence && sequence < range.next_sequence; });
}

void SignedEvents::take(const SegmentFile& segment, ByteView image) {
  if (!std::ranges::equal(tree_.hashes(), segment.header.right_edge)) {
    auto edge = proof::RightEdge::from(segment.header.first_sequence, segment.header.right_edge);
    if (!edge) return;
    tree_ = *std::move(edge);
    first_sequence_ = segment.header.first_sequence;
    roots_.clear();
  }
  if (roots_.empty()) roots_.push_back({.size = tree_.size(), .root = tree_.root()});
  segment::CommitWalker walker(image, segment.header);
  while (true) {
    const segment::WalkStep step = walker.next();
    if (step.at_end()) break;
    if (step.commit) {
      const segment::CommitView& commit = *step.commit;
      if (!commit.end.signatures.empty()) note_stored(commit.end);
      if (commit.header.type == segment::CommitType::events && !add_leaves(commit.body, commit.header.count)) break;
      if (commit.seal) break;
      continue;
    }
    // What is broken may still say which hashes its events have.
    const auto& header = step.fault->header;
    if (!header || header->offset + header->length > image.size()) break;
    const ByteView body = image.subspan(header->offset, header->length).subspan(segment::commit_header_bytes);
    if (header->type == segment::CommitType::events && !add_leaves(body, header->count)) break;
    walker.resume_at(header->offset + header->length);
  }
  settle();
}

bool SignedEvents::add_leaves(ByteView frames, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto bytes = segment::frame_at(frames);
    const auto frame = bytes ? event::FrameView::parse(*bytes) : base::fail(bytes.error());
    if (!frame) return false;
    tree_.append(proof::leaf_hash(frame->event_hash()));
    frames = frames.subspan(bytes->size());
  }
  roots_.push_back({.size = tree_.size(), .root = tree_.root()});
  return true;
}

void SignedEvents::note_stored(const segment::CommitEnd& end) {
  // A checkpoint of an older size than one stored before is none that any writer stores.
  const auto root = std::ranges::lower_bound(roots_, end.signed_size, {}, &CommitRoot::size);
  if (root == roots_.end() || root->size != end.signed_size) return;
  Candidate candidate{.note = {}, .first_sequence = first_sequence_};
  candidate.note.checkpoint = {.origin = origin_, .size = root->size, .root = root->root};
  candidate.note.text = note_body(candidate.note.checkpoint);
  for (const segment::StoredSignature& stored : end.signatures) {
    if (!stored.name.empty() && stored.name != origin_) continue;
    NoteSignature signature;
    signature.name = origin_;
    std::copy_n(stored.signature.begin(), signature.key_id.size(), signature.key_id.begin());
    signature.signature.assign(stored.signature.begin() + signature.key_id.size(), stored.signature.end());
    candidate.note.signatures.push_back(std::move(signature));
  }
  candidates_.push_back(std::move(candidate));
  roots_.erase(roots_.begin(), root);
}

// The newest one that verifies speaks for all before it.
void SignedEvents::settle() {
  for (; !candidates_.empty(); candidates_.pop_back()) {
    const CheckpointNote& note = candidates_.back().note;
    if (!is_signed(note)) continue;
    const Range range{.first_sequence = candidates_.back().first_sequence, .next_sequence = note.checkpoint.size};
    if (!covered_.empty() && covered_.back().first_sequence == range.first_sequence) covered_.pop_back();  // a part of it
    covered_.push_back(range);
    break;
  }
  candidates_.clear();
}

bool SignedEvents::is_signed(const CheckpointNote& note) const {
  const std::uint64_t size = note.checkpoint.size;
  if (size == 0 || !keys_->counts(size)) return false;
  const KeySpan* const span = keys_->in_force_at(size - 1);
  return span != nullptr && LogBuilder::is_signed_by(note, span->key);
}

}  // namespace batpak::recovery
