#include "audit/tree_check.hpp"

#include <algorithm>
#include <cassert>

namespace batpak::audit {

void TreeCheck::enter_segment(const Place& header, std::uint64_t first_sequence, std::span<const Hash> right_edge) {
  const auto claimed = proof::RightEdge::from(first_sequence, right_edge);
  if (!claimed) return;
  if (!edge_ || run_) {
    // From here on roots can be checked again; what is wrong with them before it is said.
    end_run();
    edge_ = *claimed;
    return;
  }
  if (edge_->size() != first_sequence || !std::ranges::equal(edge_->hashes(), right_edge)) {
    findings_.add(Law::tree_root, header, "the right edge in the segment's header is not that of the events before");
  }
}

void TreeCheck::check_end(const Place& end, const segment::CommitEnd& claimed, std::uint64_t size,
                          std::span<const EventFacts> doubtful) {
  if (claimed.tree_size != size) {
    findings_.add(Law::tree_root, end,
                  "the commit claims a tree of " + std::to_string(claimed.tree_size) + " events and stands at " +
                      std::to_string(size));
  }
  const char* which = nullptr;
  if (edge_ && edge_->root() != claimed.root && !doubtful.empty()) {
    assert(before_);  // remembered before the events, and there then, since it is there now
    proof::RightEdge other = *before_;
    // Were one of them lost, so would be the tree.
    for (const EventFacts& event : doubtful) other.append(proof::leaf_hash(event.event_hash));
    if (other.root() == claimed.root) {
      edge_ = other;
      which = "the stored event hash was changed: the tree has the one of the header as it is";
    }
  }
  const bool matches = edge_ && edge_->root() == claimed.root;
  for (const EventFacts& event : doubtful) {
    if (!event.frame || event.states_its_hash()) continue;
    if (which == nullptr) {
      which = matches ? "the header was changed: it is not what the event's hash, which is that of the tree, says"
                      : "the header is not what the event's hash says, and the tree has neither";
    }
    findings_.add(
        Law::event_hash,
        {.path = end.path, .offset = event.offset + event::layout::event_hash, .sequence = event.frame->header().sequence()},
        which);
  }
  if (matches) {
    end_run();
    return;
  }
  if (run_length_++ == 0) {
    run_ = make_finding(
        Law::tree_root, end,
        edge_ ? "the root is not that of the events before" : "the root cannot be checked, for events before it are lost");
  }
}

void TreeCheck::end_run() {
  if (run_ && run_length_ > 1) {
    run_->message += "; likewise the roots of the " + std::to_string(run_length_ - 1) + " commits behind it";
  }
  if (run_) findings_.add(*std::move(run_));
  run_.reset();
  run_length_ = 0;
}

}  // namespace batpak::audit
