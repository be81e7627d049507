#include "audit/heads_check.hpp"

#include <algorithm>
#include <utility>

#include "event/store_events.hpp"
#include "platform/large_pages.hpp"
#include "proof/merkle.hpp"

namespace batpak::audit {

using event::HeadsDeclaration;
using proof::DeclaredHead;

void HeadsCheck::add_stream(std::string_view entity, std::uint32_t lane, StreamEnd& end) {
  if (is_lost_) return;
  new_streams_.push_back({.name = {.entity = entity, .lane = lane, .events = 0, .hash = {}}, .end = &end});
}

// As many as there are, then in a ring: sequences are dense while nothing is lost.
HeadsCheck::Change& HeadsCheck::change_at(std::uint64_t sequence) {
  return changes_[static_cast<std::size_t>(sequence % HeadsDeclaration::behind_max)];
}

void HeadsCheck::remember(std::uint64_t sequence, StreamEnd& end) {
  if (is_lost_) return;
  if (changes_.empty()) {
    // Space only: what is never used is never there. Growing piece by piece would copy it all, in pages of 4 KiB.
    changes_.reserve(HeadsDeclaration::behind_max);
    platform::prefer_large_pages(std::as_bytes(std::span(changes_.data(), changes_.capacity())));
  }
  if (changes_.size() < HeadsDeclaration::behind_max) changes_.emplace_back();
  change_at(sequence) = {.end = &end, .hash = end.stated_hash};
}

void HeadsCheck::lose() {
  is_lost_ = true;
  streams_ = {};
  new_streams_ = {};
  changes_ = {};
}

void HeadsCheck::take_new_streams() {
  if (new_streams_.empty()) return;
  std::vector<DeclaredHead> names;
  names.reserve(new_streams_.size());
  for (const Stream& stream : new_streams_) names.push_back(stream.name);
  std::vector<Stream> all;
  all.reserve(streams_.size() + new_streams_.size());
  auto known = streams_.begin();
  for (const std::uint64_t at : proof::leaf_order(names)) {
    const Stream& next = new_streams_[at];
    for (; known != streams_.end() && proof::comes_before(known->name, next.name); ++known) all.push_back(*known);
    all.push_back(next);
  }
  all.insert(all.end(), known, streams_.end());
  streams_ = std::move(all);
  new_streams_.clear();
}

void HeadsCheck::check(const event::FrameView& frame, std::uint64_t sequence, const Place& place) {
  if (frame.payload_erased()) return;
  const auto declared = decode_payload<HeadsDeclaration>(frame.payload());
  if (!declared) {
    return findings_.add(Law::heads, place, "the declaration of heads cannot be read: " + declared.error().message);
  }
  Bytes written;                                          // decoding passes over fields that are missing or unknown
  static_cast<void>(encode_payload(written, *declared));  // what was decoded can be encoded
  if (!std::ranges::equal(written, frame.payload())) {
    return findings_.add(Law::heads, place, "the declaration of heads has not the form of one");
  }
  if (!declared->may_stand_at(sequence)) {
    return findings_.add(Law::heads, place,
                         "heads of " + std::to_string(declared->log_size) + " events are declared where number " +
                             std::to_string(sequence) + " stands");
  }
  if (is_lost_) return;
  take_new_streams();
  // Back to what the streams were, and forward again: each swap undoes itself.
  for (std::uint64_t at = sequence; at-- > declared->log_size;) {
    Change& change = change_at(at);
    std::swap(change.hash, change.end->stated_hash);
    --change.end->next_version;
  }
  proof::RightEdge tree;
  for (Stream& stream : streams_) {
    if (stream.end->next_version == 0) continue;  // it began later
    stream.name.events = stream.end->next_version;
    stream.name.hash = stream.end->stated_hash;
    tree.append(proof::hash_of_head(stream.name));
  }
  for (std::uint64_t at = declared->log_size; at < sequence; ++at) {
    Change& change = change_at(at);
    std::swap(change.hash, change.end->stated_hash);
    ++change.end->next_version;
  }
  if (tree.size() != declared->streams) {
    findings_.add(Law::heads, place,
                  std::to_string(declared->streams) + " streams are declared for the log of " +
                      std::to_string(declared->log_size) + " events, and it has " + std::to_string(tree.size()));
  } else if (tree.root().bytes != declared->root) {
    findings_.add(Law::heads, place,
                  "the declared heads are not those of the log of " + std::to_string(declared->log_size) + " events");
  }
}

}  // namespace batpak::audit
