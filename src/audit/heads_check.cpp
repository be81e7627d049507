#include "audit/heads_check.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "event/store_events.hpp"
#include "platform/large_pages.hpp"

namespace batpak::audit {

using event::HeadsDeclaration;
using proof::DeclaredHead;

void HeadsCheck::add_stream(std::string_view entity, std::uint32_t lane, StreamEnd& end) {
  if (is_lost_) return;
  end.number = streams_.size();
  streams_.push_back({.entity = entity, .lane = lane, .end = &end});
}

// As many as there are, then in a ring: sequences are dense while nothing is lost.
HeadsCheck::Change& HeadsCheck::change_at(std::uint64_t sequence) {
  return changes_[static_cast<std::size_t>(sequence % HeadsDeclaration::behind_max)];
}

void HeadsCheck::remember(std::uint64_t sequence, StreamEnd& end) {
  if (is_lost_) return;
  constexpr std::size_t few = 4096;
  if (changes_.empty()) changes_.reserve(few);
  if (changes_.size() == few && changes_.capacity() < HeadsDeclaration::behind_max) {
    // Space only: what is never used is never there. Growing piece by piece would copy it all, in pages of 4 KiB.
    changes_.reserve(HeadsDeclaration::behind_max);
    platform::prefer_large_pages(std::as_bytes(std::span(changes_.data(), changes_.capacity())));
  }
  if (changes_.size() < HeadsDeclaration::behind_max) changes_.emplace_back();
  change_at(sequence) = {.stream = end.number, .hash = end.stated_hash};
}

void HeadsCheck::lose() {
  is_lost_ = true;
  streams_ = {};
  changes_ = {};
  tree_ = {};
  leaves_ = {};
  places_ = {};
}

std::vector<std::uint64_t> HeadsCheck::changed_streams(std::uint64_t log_size, std::uint64_t sequence) {
  std::vector<std::uint64_t> changed;
  const std::uint64_t from = std::min(log_size, tree_log_size_);
  const std::uint64_t to = std::max(log_size, tree_log_size_);
  if (tree_log_size_ == 0 || sequence - from > HeadsDeclaration::behind_max) {
    // What has changed since is not remembered, and was more than a million events: they pay for the whole tree.
    tree_.cut(0);
    tree_.reserve(streams_.size());
    leaves_.clear();
    leaves_.reserve(streams_.size());
    places_.assign(streams_.size(), no_place);
    changed.resize(streams_.size());
    std::iota(changed.begin(), changed.end(), std::uint64_t{0});
    return changed;
  }
  for (std::uint64_t at = from; at < to; ++at) changed.push_back(change_at(at).stream);
  std::ranges::sort(changed);
  changed.erase(std::ranges::unique(changed).begin(), changed.end());
  return changed;
}

void HeadsCheck::update_tree(std::span<const std::uint64_t> changed) {
  places_.resize(streams_.size(), no_place);
  std::vector<LeafTree::Change> renewed;
  std::vector<std::uint64_t> joining;
  std::uint64_t first_moved = leaves_.size();
  for (const std::uint64_t number : changed) {
    const Stream& stream = streams_[number];
    std::uint64_t& place = places_[number];
    const bool is_there = stream.end->next_version != 0;  // else it began later
    if (place == no_place) {
      if (is_there) joining.push_back(number);
    } else if (is_there) {
      renewed.push_back({.index = place, .leaf = proof::hash_of_head(stream.head())});
    } else {
      first_moved = std::min(first_moved, std::exchange(place, no_place));
    }
  }
  std::ranges::sort(renewed, {}, &LeafTree::Change::index);
  tree_.put(renewed);
  move_leaves(first_moved, joining);
}

void HeadsCheck::append_leaf(std::uint64_t stream, const Hash& leaf) {
  places_[stream] = leaves_.size();
  leaves_.push_back(stream);
  tree_.append(leaf);
}

void HeadsCheck::move_leaves(std::uint64_t first_moved, std::span<const std::uint64_t> joining) {
  const auto head_of = [this](std::uint64_t number) { return streams_[number].head(); };
  // In their order before any is hashed: a million are in no cache, and so are waited for many at a time.
  std::vector<std::pair<std::uint64_t, DeclaredHead>> joined;
  {
    std::vector<DeclaredHead> heads;
    heads.reserve(joining.size());
    for (const std::uint64_t number : joining) heads.push_back(head_of(number));
    joined.reserve(joining.size());
    for (const std::uint64_t at : proof::leaf_order(heads)) joined.emplace_back(joining[at], heads[at]);
  }
  if (!joined.empty()) {
    const auto behind = std::ranges::lower_bound(leaves_, joined.front().second, proof::comes_before, head_of);
    first_moved = std::min(first_moved, static_cast<std::uint64_t>(behind - leaves_.begin()));
  }
  const std::vector<std::uint64_t> moved(leaves_.begin() + static_cast<std::ptrdiff_t>(first_moved), leaves_.end());
  const auto there = tree_.leaves().subspan(first_moved);
  const std::vector<Hash> moved_leaves(there.begin(), there.end());
  leaves_.resize(first_moved);
  tree_.cut(first_moved);
  std::size_t next = 0;
  const auto append_moved_to = [&](std::size_t end) {
    for (; next < end; ++next) {
      if (places_[moved[next]] != no_place) append_leaf(moved[next], moved_leaves[next]);
    }
  };
  for (const auto& [number, head] : joined) {
    // By strides that double, for few join and look at as few names as can be, or many and each is near.
    std::size_t stride = 1;
    while (next + stride < moved.size() && proof::comes_before(head_of(moved[next + stride]), head)) stride *= 2;
    const std::span<const std::uint64_t> near =
        std::span(moved).subspan(next).first(std::min(stride + 1, moved.size() - next));
    const auto behind = std::ranges::lower_bound(near, head, proof::comes_before, head_of);
    append_moved_to(next + static_cast<std::size_t>(behind - near.begin()));
    append_leaf(number, proof::hash_of_head(head));
  }
  append_moved_to(moved.size());
}

void HeadsCheck::check(const event::FrameView& frame, std::uint64_t sequence, const Place& place) {
  if (frame.payload_erased()) return;
  const auto declared = event::read_store_event<HeadsDeclaration>(frame.payload());
  if (!declared) return findings_.add(Law::heads, place, declared.error().message);
  if (!declared->may_stand_at(sequence)) {
    return findings_.add(Law::heads, place,
                         "heads of " + std::to_string(declared->log_size) + " events in " +
                             std::to_string(declared->streams) + " streams are declared where number " +
                             std::to_string(sequence) + " stands");
  }
  if (is_lost_) return;
  // Back to what the streams were, and forward again: each swap undoes itself.
  for (std::uint64_t at = sequence; at-- > declared->log_size;) {
    Change& change = change_at(at);
    StreamEnd& end = *streams_[change.stream].end;
    std::swap(change.hash, end.stated_hash);
    --end.next_version;
  }
  update_tree(changed_streams(declared->log_size, sequence));
  tree_log_size_ = declared->log_size;
  for (std::uint64_t at = declared->log_size; at < sequence; ++at) {
    Change& change = change_at(at);
    StreamEnd& end = *streams_[change.stream].end;
    std::swap(change.hash, end.stated_hash);
    ++end.next_version;
  }
  if (tree_.size() != declared->streams) {
    findings_.add(Law::heads, place,
                  std::to_string(declared->streams) + " streams are declared for the log of " +
                      std::to_string(declared->log_size) + " events, and it has " + std::to_string(tree_.size()));
  } else if (tree_.root().bytes != declared->root) {
    findings_.add(Law::heads, place,
                  "the declared heads are not those of the log of " + std::to_string(declared->log_size) + " events");
  }
}

}  // namespace batpak::audit
