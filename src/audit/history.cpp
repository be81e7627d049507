#include "audit/history.hpp"

#include <algorithm>

#include "event/store_events.hpp"
#include "event/store_meta.hpp"

namespace batpak::audit {
namespace {

constexpr std::int64_t clock_skew_microseconds = 10'000'000;
constexpr std::size_t genesis_hashes_max = 3;

std::string number(std::uint64_t value) { return std::to_string(value); }

// What was changed in a payload of the store's own may leave something that can be read, and is then judged as it stands.
DeclaredTypes::Payload payload_of(const EventFacts& event) {
  const event::HeaderView& header = event.frame->header();
  if (!header.kind().is_system()) return DeclaredTypes::Payload::known;
  const bool is_lost = event.frame->payload_erased() || (event.content_hash != header.content_hash() &&
                                                         !event::check_store_event(header.kind(), event.frame->payload()));
  return is_lost ? DeclaredTypes::Payload::unknown : DeclaredTypes::Payload::known;
}

}  // namespace

void History::enter_segment(const OpenSegment& segment) {
  const segment::SegmentHeader& header = segment.header;
  const Place place{.path = segment.path, .offset = 0, .sequence = header.first_sequence};
  if (header.first_sequence > next_sequence_) {
    lose_until(place, header.first_sequence);
  } else if (header.first_sequence < next_sequence_) {
    findings_.add(Law::segment_set, place,
                  "the segment begins with sequence " + number(header.first_sequence) + ", and the log before it ends at " +
                      number(next_sequence_));
  }
  if (!header.right_edge.empty() || header.first_sequence == 0) {
    tree_.enter_segment({.path = segment.path, .offset = 72}, header.first_sequence, header.right_edge);
  }
  outline_.enter_segment(segment);
  links_.end.sequence = next_sequence_;
  if (header.number != 0) links_.enter_segment(header.number);
}

void History::take(const OpenSegment& segment, const CheckedSpan& span) {
  const std::span<const EventFacts> events(span.events);
  for (const CheckedCommit& commit : span.commits) {
    take_commit(segment, commit, events.subspan(commit.first_event, commit.events));
  }
}

void History::take_commit(const OpenSegment& segment, const CheckedCommit& commit, std::span<const EventFacts> events) {
  if (!commit.view) return take_found_events(segment, commit, events);
  const segment::CommitHeader& header = commit.view->header;
  const Place place{.path = segment.path, .offset = header.offset, .sequence = header.first_sequence};
  ++commits_;
  outline_.add_commit(header.offset, events.size());
  if (!check_first_sequence(place, header, events)) {
    link_lost_ = true;
    return;
  }
  const std::uint64_t start = next_sequence_;
  check_link(place, header, start);
  const bool doubtful = !std::ranges::all_of(events, [](const EventFacts& e) { return e.frame && e.states_its_hash(); });
  if (doubtful) tree_.remember();
  bool moved = false;  // an event of earlier on stands here again
  for (const EventFacts& event : events) {
    Place here{.path = segment.path, .offset = event.offset, .sequence = next_sequence_};
    if (!event.frame) {
      lost_.push_back({next_sequence_, next_sequence_ + 1});
      tree_.lose();
      heads_.lose();
      ++next_sequence_;
      continue;
    }
    const std::uint64_t stated = event.frame->header().sequence();
    if (stated != next_sequence_) {
      // An event whose hash holds is what it says, and stands in the wrong place; else it is the number that was changed.
      const bool believed = event.states_its_hash();
      if (believed && stated > next_sequence_ && stated < commit.view->end.tree_size) {
        lose_until(here, stated);
        here.sequence = stated;
      } else {
        findings_.add(
            Law::sequence, here,
            "the event says to be number " + number(stated) + " and stands where " + number(next_sequence_) + " belongs");
        if (believed && stated < next_sequence_) {
          moved = true;
          continue;
        }
      }
    }
    take_event(here, event);
    if (!doubtful && known_.ask_for(next_sequence_)) known_.check_root(here, next_sequence_, tree_.root());
  }
  if (moved) batch_size_ = 0;
  end_batch(place);
  const Place end{.path = segment.path,
                  .offset = header.offset + segment::commit_header_bytes + commit.view->body.size(),
                  .sequence = start};
  tree_.check_end(end, commit.view->end, next_sequence_, doubtful ? events : std::span<const EventFacts>{});
  if (known_.ask_for(next_sequence_)) known_.check_root(end, next_sequence_, tree_.root());
  end_path_ = segment.path;
  end_offset_ = header.offset;
  checkpoints_.check_commit(segment.path, *commit.view, next_sequence_, tree_.root().value_or(commit.view->end.root));
}

bool History::check_first_sequence(const Place& place, const segment::CommitHeader& header,
                                   std::span<const EventFacts> events) {
  if (header.first_sequence == next_sequence_) return true;
  const bool first_readable = !events.empty() && events.front().frame;
  const std::uint64_t stated = first_readable ? events.front().frame->header().sequence() : header.first_sequence;
  if (stated != next_sequence_ && header.first_sequence > next_sequence_) {
    if (!link_lost_) {
      findings_.add(Law::commit_link, place, "the commit's first sequence does not follow the commit before it");
    }
    lose_until(place, header.first_sequence);
    return true;
  }
  findings_.add(Law::commit_link, place,
                "the commit says to begin with sequence " + number(header.first_sequence) + " and stands where " +
                    number(next_sequence_) + " belongs");
  return stated == next_sequence_;
}

void History::check_link(const Place& place, segment::CommitHeader header, std::uint64_t start) {
  header.first_sequence = start;
  links_.end.sequence = start;
  if (link_lost_) {
    links_.previous_crc = header.previous_crc;
    links_.session = std::max(links_.session, header.session);
    link_lost_ = false;
    lost_boundaries_to_ = {.segment = header.segment, .offset = header.offset, .sequence = start};
    if (links_.boundaries.back() < lost_boundaries_to_) {
      links_.boundaries.push_back(lost_boundaries_to_);
    }
  }
  // First everything but the durable-through, then that alone.
  segment::CommitHeader linked = header;
  linked.durable_through = links_.durable_through;
  if (const auto follows = links_.check(linked); !follows) {
    findings_.add(Law::commit_link, place, follows.error().message);
    linked.previous_crc = links_.previous_crc;
    linked.session = links_.session;
  }
  linked.durable_through = header.durable_through;
  if (const auto sensible = links_.check(linked); !sensible) {
    // It may name the end of a commit that is lost.
    const bool of_a_lost_one = lost_boundaries_from_ && *lost_boundaries_from_ <= header.durable_through &&
                               header.durable_through <= lost_boundaries_to_;
    if (!of_a_lost_one) {
      findings_.add(Law::durable_through, place, sensible.error().message);
      header.durable_through = links_.durable_through;
    }
  }
  header.session = std::max(header.session, links_.session);
  links_.advance(header);
}

// What is left of a commit that is not whole.
void History::take_found_events(const OpenSegment& segment, const CheckedCommit& commit,
                                std::span<const EventFacts> events) {
  if (!link_lost_ && (!lost_boundaries_from_ || *lost_boundaries_from_ < links_.durable_through))
    lost_boundaries_from_ = links_.end;
  link_lost_ = true;
  for (const EventFacts& event : events) {
    if (!event.frame) continue;
    const std::uint64_t stated = event.frame->header().sequence();
    const Place place{.path = segment.path, .offset = event.offset, .sequence = stated};
    if (!event.states_its_hash()) {
      findings_.add(Law::event_hash,
                    {.path = segment.path, .offset = event.offset + event::layout::event_hash, .sequence = stated},
                    "the header is not what the event's hash says");
    }
    if (stated < next_sequence_ || (commit.next_sequence && stated >= *commit.next_sequence)) {
      findings_.add(Law::sequence, place, "the event's sequence does not fit where it stands");
      continue;
    }
    if (stated > next_sequence_) lose_until(place, stated);
    take_event(place, event);
  }
  batch_size_ = 0;
  if (commit.next_sequence && *commit.next_sequence > next_sequence_) {
    lose_until({.path = segment.path, .offset = commit.begin}, *commit.next_sequence);
  }
}

void History::take_event(const Place& place, const EventFacts& event) {
  const event::HeaderView& header = event.frame->header();
  tree_.append(event.leaf);
  if (next_sequence_ == 0) check_genesis(place, event);
  if (!event.states_its_hash()) heads_.lose();
  const DeclaredTypes::Payload payload = payload_of(event);
  const bool is_known = payload == DeclaredTypes::Payload::known;
  if (header.kind() == event::HeadsDeclaration::kind && is_known) heads_.check(*event.frame, next_sequence_, place);
  check_stream(place, event);
  check_time(place, header);
  check_batch(place, header);
  types_.check(*event.frame, place, payload);
  const bool is_genesis = header.kind() == event::Genesis::kind;  // of which there is one, at the beginning
  if (proof::KeyHistory::concerns(header.kind()) && !is_genesis && is_known) {
    checkpoints_.take_key_event(*event.frame, origin_,
                                {.path = place.path, .offset = place.offset, .sequence = next_sequence_});
  }
  checkpoints_.check_event(event, next_sequence_, place);
  known_.check_event(place, next_sequence_, event.event_hash);
  ++events_;
  ++next_sequence_;
}

void History::check_genesis(const Place& place, const EventFacts& event) {
  const event::HeaderView& header = event.frame->header();
  genesis_hashes_ = {event.frame->event_hash(), event.event_hash};
  if (header.kind() != event::Genesis::kind || header.entity() != event::Genesis::entity) {
    return findings_.add(Law::store_meta, place, "the log does not begin with a genesis event");
  }
  if (!genesis_payload_.empty() && !std::ranges::equal(genesis_payload_, event.frame->payload())) {
    findings_.add(Law::store_meta, place, "the genesis event is not what store.meta says");
  }
  const auto genesis = event::read_genesis(event.frame->payload());
  if (!genesis) return;  // said where every event of the store's own is checked
  origin_ = genesis->origin;
  checkpoints_.take_key_event(*event.frame, origin_, place);
}

void History::check_stream(const Place& place, const EventFacts& event) {
  const event::HeaderView& header = event.frame->header();
  const StreamName name{.entity = header.entity(), .lane = header.lane(), .entity_hash = event.entity_hash};
  auto stream = streams_.find(name);
  const bool is_new = stream == streams_.end();
  if (is_new) {
    stream = streams_.emplace(StreamKey{std::string(name.entity), name.lane, name.entity_hash}, StreamEnd{}).first;
    heads_.add_stream(stream->first.entity, name.lane, stream->second);
  }
  StreamEnd& end = stream->second;
  const std::uint64_t version = header.stream_version();
  const std::uint64_t previous = header.previous_sequence();
  // Where the event before is lost, nothing can be said about the link but that it leads there.
  const bool leads_to_lost = is_lost(previous) && (is_new || previous > end.sequence);
  if (leads_to_lost ? version < end.next_version : version != end.next_version) {
    findings_.add(Law::stream_version, place,
                  "the event is version " + number(version) + " of its stream, which stands at " + number(end.next_version));
    heads_.lose();
  }
  if (leads_to_lost) {
    // Said where it was lost.
  } else if (is_new) {
    check_beginning(place, event, stream->first.entity);
  } else if (previous != end.sequence) {
    findings_.add(Law::previous_event, place,
                  "the event follows number " + number(previous) + ", and the one before it in its stream is number " +
                      number(end.sequence));
  } else if (const Hash hash = header.previous_hash(); hash != end.stated_hash && hash != end.computed_hash) {
    findings_.add(Law::previous_event, place,
                  "the event does not link to the one before it in its stream, number " + number(previous) +
                      ": either of them was changed");
    heads_.lose();
  }
  heads_.remember(next_sequence_, end);
  end = {.next_version = version + 1,
         .sequence = next_sequence_,
         .stated_hash = event.frame->event_hash(),
         .computed_hash = event.event_hash,
         .number = end.number};
}

void History::check_beginning(const Place& place, const EventFacts& event, std::string_view entity) {
  const event::HeaderView& header = event.frame->header();
  const Hash hash = header.previous_hash();
  if (next_sequence_ == 0) {
    if (!hash.is_zero() || header.previous_sequence() != 0) {
      findings_.add(Law::previous_event, place, "the genesis event follows another event");
    }
    return;
  }
  if (header.lane() == 0) {
    if (header.previous_sequence() != 0) {
      findings_.add(
          Law::previous_event, place,
          "the first event of a stream follows number " + number(header.previous_sequence()) + ", not the genesis event");
    } else if (std::ranges::find(genesis_hashes_, hash) == genesis_hashes_.end()) {
      findings_.add(Law::previous_event, place, "the first event of a stream does not link to the genesis event");
      // Where it is the genesis event that was changed, all streams claim the one other hash, and that is one fault. More than
      // one is not remembered, for a forged log may claim another one in each stream.
      if (genesis_hashes_.size() < genesis_hashes_max) genesis_hashes_.push_back(hash);
    }
    return;
  }
  // A branch leaves its entity at an event before, most likely at the last one of the main line.
  const auto main_line = streams_.find(StreamName{.entity = entity, .lane = 0, .entity_hash = event.entity_hash});
  const std::uint64_t previous = header.previous_sequence();
  if (previous >= next_sequence_) {
    findings_.add(Law::previous_event, place, "a branch begins at no earlier event of its entity");
  } else if (main_line == streams_.end() || previous != main_line->second.sequence) {
    branches_.add(place, entity, previous, hash);
  } else if (hash != main_line->second.stated_hash && hash != main_line->second.computed_hash) {
    findings_.add(Law::previous_event, place, "a branch does not link to the event it begins at");
  }
}

void History::check_time(const Place& place, const event::HeaderView& header) {
  const Timestamp time = header.time();
  const EventId id = header.id();
  if (last_time_ && time <= *last_time_)
    findings_.add(Law::time_order, place, "the event's time is not after that of the event before");
  if (last_time_ && id <= last_id_)
    findings_.add(Law::time_order, place, "the event's id is not after that of the event before");
  last_time_ = time;
  last_id_ = id;
  count_skew(header);
}

// What a salvage copied has the times of another log, where it was counted. What it wrote of its own before that, the genesis event,
// its record and the types whose declarations were lost, has times before the first event that was copied.
void History::count_skew(const event::HeaderView& header) {
  const bool was_copied = header.salvaged_from().has_value();
  if (next_sequence_ == 1 && !was_copied && header.kind() == event::SalvageRecord::kind) {
    clock_skews_ = 0;
    salvage_begins_ = true;
  } else if (was_copied || !header.kind().is_system()) {
    salvage_begins_ = false;
  }
  if (was_copied || salvage_begins_) return;
  const std::int64_t wall = header.wall_microseconds();
  const Timestamp time = header.time();
  const auto apart = time.microseconds > wall
                         ? static_cast<std::uint64_t>(time.microseconds) - static_cast<std::uint64_t>(wall)
                         : static_cast<std::uint64_t>(wall) - static_cast<std::uint64_t>(time.microseconds);
  if (apart > static_cast<std::uint64_t>(clock_skew_microseconds)) ++clock_skews_;
}

void History::check_batch(const Place& place, const event::HeaderView& header) {
  // The store's own declarations stand before the events that need them, also within a batch.
  if (header.kind().is_system()) {
    if (header.batch_size() != 1) findings_.add(Law::batch, place, "an event of the store's own is part of a batch");
    return;
  }
  if (header.batch_index() == 0) {
    end_batch(place);
    batch_size_ = header.batch_size();
    batch_next_ = 1;
    return;
  }
  if (header.batch_size() != batch_size_ || header.batch_index() != batch_next_) {
    findings_.add(Law::batch, place,
                  "the event is number " + number(header.batch_index()) + " of a batch of " + number(header.batch_size()) +
                      " and stands elsewhere");
    batch_size_ = header.batch_size();
  }
  batch_next_ = header.batch_index() + 1;
}

void History::end_batch(const Place& place) {
  if (batch_size_ != 0 && batch_next_ != batch_size_) {
    findings_.add(Law::batch, place,
                  "a batch of " + number(batch_size_) + " events has only " + number(batch_next_) + " in its commit");
  }
  batch_size_ = 0;
}

void History::lose_until(const Place& place, std::uint64_t sequence) {
  findings_.add(Law::sequence, {.path = place.path, .offset = place.offset, .sequence = next_sequence_},
                sequence == next_sequence_ + 1
                    ? "event " + number(next_sequence_) + " is lost"
                    : "events " + number(next_sequence_) + " to " + number(sequence - 1) + " are lost");
  if (next_sequence_ == 0) genesis_hashes_.clear();
  lost_.push_back({next_sequence_, sequence});
  tree_.lose();
  heads_.lose();
  checkpoints_.lose();
  next_sequence_ = sequence;
}

bool History::is_lost(std::uint64_t sequence) const {
  if (lost_.empty()) return false;
  const auto range = std::ranges::upper_bound(lost_, sequence, {}, &LostRange::begin);
  return range != lost_.begin() && sequence < std::prev(range)->end;
}

void History::finish() {
  tree_.finish();
  checkpoints_.finish();
  known_.finish(
      origin_,
      {.path = end_path_.empty() ? std::string_view("log") : end_path_, .offset = end_offset_, .sequence = next_sequence_},
      next_sequence_);
}

void History::report(VerifyReport& report) const {
  report.commits = commits_;
  report.events = events_;
  report.streams = streams_.size();
  report.clock_skews = clock_skews_;
  report.checkpoints_verified = checkpoints_.checkpoints_verified();
  report.event_signatures_verified = checkpoints_.events_verified();
  report.events_not_yet_signed = checkpoints_.count_unsigned(next_sequence_);
  report.events_signed_late = checkpoints_.count_signed_late();
  report.signatures = checkpoints_.state();
  report.known_checkpoints_held = known_.held();
  report.outline = outline_.segments();
  report.keys = checkpoints_.keys();
  types_.report(report);
  if (!origin_.empty()) report.origin = origin_;
  if (const auto root = tree_.root(); root && commits_ > 0) {
    report.checkpoint = Checkpoint{.origin = report.origin, .size = next_sequence_, .root = *root};
  }
}

}  // namespace batpak::audit
