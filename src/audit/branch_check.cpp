#include "audit/branch_check.hpp"

#include <algorithm>
#include <tuple>

#include "event/frame_view.hpp"

namespace batpak::audit {

void BranchCheck::add(const Place& place, std::string_view entity, std::uint64_t previous, const Hash& hash) {
  if (paths_.empty() || paths_.back() != place.path) paths_.emplace_back(place.path);
  beginnings_.push_back({.previous = previous,
                         .hash = hash,
                         .entity = entity,
                         .path = paths_.size() - 1,
                         .offset = place.offset.value_or(0),
                         .sequence = place.sequence.value_or(0)});
}

void BranchCheck::sort() {
  std::ranges::sort(beginnings_, {},
                    [](const Beginning& beginning) { return std::tuple(beginning.previous, beginning.sequence); });
}

bool BranchCheck::asks_for(std::uint64_t first_sequence, std::uint64_t next_sequence) const {
  const auto first = std::ranges::lower_bound(beginnings_, first_sequence, {}, &Beginning::previous);
  return first != beginnings_.end() && first->previous < next_sequence;
}

void BranchCheck::look_at(const segment::CommitView& commit) {
  if (!asks_for(commit.header.first_sequence, commit.header.next_sequence())) return;
  segment::FrameSplitter frames(commit.body);
  for (ByteView bytes = frames.next(); !bytes.empty(); bytes = frames.next()) {
    const auto frame = event::FrameView::parse(bytes);
    if (!frame) continue;
    const auto asking = std::ranges::equal_range(beginnings_, frame->header().sequence(), {}, &Beginning::previous);
    if (asking.empty() || asking.front().settled) continue;  // where an event stands twice, the first is the log's
    // Two hashes, for one may have been changed, which was said then.
    const Hash stated = frame->event_hash();
    const Hash computed = frame->header().compute_event_hash();
    for (Beginning& beginning : asking) {
      beginning.settled = true;
      const bool is_of_entity = frame->header().entity() == beginning.entity;
      if (is_of_entity && (beginning.hash == stated || beginning.hash == computed)) continue;
      findings_.add(Law::previous_event,
                    {.path = paths_[beginning.path], .offset = beginning.offset, .sequence = beginning.sequence},
                    is_of_entity ? "a branch does not link to the event it begins at"
                                 : "a branch begins at no earlier event of its entity");
    }
  }
}

}  // namespace batpak::audit
