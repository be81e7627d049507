#include "store/salvaged_events.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/try.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/hybrid_clock.hpp"
#include "event/id_source.hpp"
#include "event/store_events.hpp"
#include "read/snapshot_state.hpp"
#include "recovery/recover.hpp"
#include "recovery/signed_events.hpp"
#include "store/copy_check.hpp"
#include "store/own_event.hpp"

namespace batpak::store {
namespace {

using base::fail;

constexpr std::size_t events_at_once = 1000;
// What the writer keeps free in a commit beside the events that it is asked to append.
constexpr std::uint64_t room_for_declarations = 1024;

// The store's own events of the new store get times between its genesis and the first copied event, which keep theirs: a
// second is room for them.
constexpr std::int64_t room_microseconds = 1'000'000;

// Whether the event's bytes give all the hashes that it states.
bool holds(const EventView& event) {
  const auto frame = event::FrameView::parse(event.frame_bytes());
  return frame && frame->gives_its_hashes();
}

// The time of the first event that can be believed; that of the genesis, unless it is damaged. One that leaves no room before or
// behind it is none. Errors: damaged where no event can be read.
Result<Timestamp> first_time(const Snapshot& snapshot, platform::Clock& clock) {
  std::optional<Timestamp> found;
  for (const Result<EventView>& event : snapshot.read({.from = {}, .store_events = StoreEvents::include})) {
    if (!event || !holds(*event)) continue;
    if (event->time().microseconds >= -recovery::event_time_max && event->time().microseconds <= recovery::event_time_max) {
      return event->time();
    }
    found = Timestamp{.microseconds = clock.wall_microseconds(), .counter = 0};
  }
  if (found) return *found;
  return fail(ErrorCode::damaged, "no event of the store can be read");
}

// Whether opening listed an event as lost; asked in the order of the log.
class ListedLosses {
 public:
  explicit ListedLosses(std::vector<DamagedRange> ranges) : ranges_(std::move(ranges)) {
    std::ranges::sort(ranges_, {}, &DamagedRange::first_sequence);
  }

  bool hold(std::uint64_t sequence) {
    for (; next_ < ranges_.size() && ranges_[next_].first_sequence <= sequence; ++next_) {
      until_ = std::max(until_, ranges_[next_].next_sequence);
    }
    return sequence < until_;
  }

 private:
  std::vector<DamagedRange> ranges_;
  std::size_t next_ = 0;
  std::uint64_t until_ = 0;  // where those end that begin no later than what was asked for
};

class EventCopy {
 public:
  EventCopy(Store::Impl& source, Store::Impl& destination, platform::Clock& clock, Timestamp genesis_time)
      : source_(source),
        destination_(destination),
        clock_(clock),
        own_time_{.microseconds = genesis_time.microseconds + 1000, .counter = 0},
        own_ids_(EventId{}),
        last_time_(own_time_) {}

  // Two passes: what is lost must be known before the first event is copied, since the record of it comes first.
  Result<SalvageReport> run() {
    report_.source_origin = source_.state.meta.genesis.origin;
    report_.destination_origin = destination_.state.meta.genesis.origin;
    report_.damage = source_.report.damage;
    report_.unfinished_bytes = source_.report.unfinished_bytes;
    BATPAK_TRY(const Snapshot snapshot, source_.snapshot());
    look_through(snapshot);
    note_refused();
    BATPAK_CHECK(look_at_signatures());
    const auto missing = check_.missing_declarations();
    for (const event::TypeDeclaration& declaration : missing) lose_repeated(snapshot, declaration);
    BATPAK_CHECK(record_damage());
    for (const event::TypeDeclaration& declaration : missing) BATPAK_CHECK(append_own(declaration));
    BATPAK_CHECK(copy(snapshot));
    return std::move(report_);
  }

 private:
  // Every event is read, so that what is lost is counted here and only here. The ranges that opening listed are places, which
  // may overlap, and may hold events that can be read.
  void look_through(const Snapshot& snapshot) {
    ListedLosses listed(report_.damage);
    for (std::uint64_t sequence = 0; sequence < snapshot.size(); ++sequence) {
      const Result<EventView> event = snapshot.at(sequence);
      const auto frame = event ? event::FrameView::parse(event->frame_bytes()) : fail(event.error());
      if (!frame) {
        if (event) lost_.insert(sequence);
        lose(sequence, frame.error(), listed.hold(sequence));
      } else if (const auto reason = check_.judge(*frame)) {
        lose(sequence, error_at(snapshot, sequence, *reason), listed.hold(sequence));
        lost_.insert(sequence);
      }
    }
  }

  static Error error_at(const Snapshot& snapshot, std::uint64_t sequence, std::string reason) {
    const auto [path, offset] = snapshot.state()->locate(sequence);
    return Error(ErrorCode::corrupt, std::move(reason)).at_path(path).at_offset(offset);
  }

  void lose(std::uint64_t sequence, const Error& error, bool is_listed) {
    ++report_.events_lost;
    if (is_listed) return;
    report_.damage.push_back({.path = error.path,
                              .offset = error.offset.value_or(0),
                              .first_sequence = sequence,
                              .next_sequence = sequence + 1,
                              .reason = error.message});
  }

  // What no batpak writes and yet can be copied, as an event that does not link to the one before it, is said without a loss.
  void note_refused() {
    const std::optional<Error>& refused = source_.state.refused;
    if (!refused) return;
    const bool is_listed = std::ranges::any_of(report_.damage, [&](const DamagedRange& range) {
      return range.path == refused->path && range.offset == refused->offset.value_or(0);
    });
    if (is_listed) return;
    const std::uint64_t sequence = refused->sequence.value_or(0);
    report_.damage.push_back({.path = refused->path,
                              .offset = refused->offset.value_or(0),
                              .first_sequence = sequence,
                              .next_sequence = sequence,
                              .reason = refused->message});
  }

  // A type that has to be declared before its events is not declared once more behind them.
  void lose_repeated(const Snapshot& snapshot, const event::TypeDeclaration& declaration) {
    const auto sequence = check_.find_declared(declaration);
    if (!sequence || !lost_.insert(*sequence).second) return;
    lose(*sequence, error_at(snapshot, *sequence, "the type is declared behind events of it"), false);
  }

  Result<void> look_at_signatures() {
    const auto keys = source_.keys();
    if (keys->empty()) return {};
    BATPAK_TRY(signed_, recovery::SignedEvents::read(*source_.directory, source_.state.segments, *keys,
                                                     source_.state.meta.genesis.origin));
    report_.events_signed = 0;
    return {};
  }

  Result<void> record_damage() {
    event::SalvageRecord record;
    record.events_lost = report_.events_lost;
    for (const DamagedRange& range : report_.damage) {
      if (record.lost.size() == lost_ranges_max) break;  // the count above stays true
      record.lost.push_back(
          {.first_sequence = range.first_sequence, .next_sequence = range.next_sequence, .reason = range.reason});
    }
    record.source_origin = source_.state.meta.genesis.origin;
    record.source_store_id = source_.state.store_id();
    return append_own(record);
  }

  Result<void> copy(const Snapshot& snapshot) {
    for (const Result<EventView>& event : snapshot.read({.from = {}, .store_events = StoreEvents::include})) {
      if (!event || lost_.contains(event->sequence())) continue;
      const EventKind kind = event->kind();
      // The new store has its own genesis and keys, and other heads than those that were declared of the old one.
      if (proof::KeyHistory::concerns(kind) || kind == event::HeadsDeclaration::kind) {
        ++report_.events_left;
        continue;
      }
      BATPAK_TRY(engine::Item item, copy_of(*event));
      BATPAK_CHECK(append(std::move(item), event->sequence()));
      ++report_.events_copied;
      if (signed_ && signed_->cover(event->sequence())) ++*report_.events_signed;
    }
    return flush();
  }

  template <class T>
  Result<void> append_own(const T& payload) {
    BATPAK_TRY(engine::Item item, make_own_item(payload, *destination_.entropy));
    ++own_time_.counter;
    item.kept = {.id = own_ids_.next(own_time_.microseconds, random<std::uint64_t>(), random<std::uint64_t>()),
                 .time = own_time_,
                 .wall_microseconds = clock_.wall_microseconds()};
    last_time_ = item.kept->time;
    last_id_ = item.kept->id;
    return append(std::move(item));
  }

  template <class T>
  T random() {
    T value;
    destination_.entropy->fill(std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }

  // Content and salts as they were, so that old content hashes still hold; the chain is the new store's.
  Result<engine::Item> copy_of(const EventView& view) {
    BATPAK_TRY(const event::HeaderView header, event::HeaderView::parse(view.header()));
    BATPAK_TRY(const event::FrameView frame, event::FrameView::parse(view.frame_bytes()));
    Bytes extensions(header.extensions().begin(), header.extensions().end());
    base::append_le(extensions, event::extension_salvaged_from);
    base::append_le<std::uint16_t>(extensions, event::salvaged_from_bytes);
    base::append_le(extensions, header.sequence());
    base::append(extensions, view.event_hash().bytes);
    engine::Item::Kept kept{.id = header.id(), .time = header.time(), .wall_microseconds = header.wall_microseconds()};
    if (mend(kept)) {
      ++report_.events_mended;
      base::append_le(extensions, event::extension_salvaged_time);
      base::append_le<std::uint16_t>(extensions, event::salvaged_time_bytes);
      base::append_le(extensions, static_cast<std::uint64_t>(header.time().microseconds));
      base::append_le(extensions, header.time().counter);
      base::append(extensions, header.id().bytes);
    }
    if (header.lane() != 0 && begun_.emplace(header.entity(), header.lane()).second) {
      BATPAK_TRY(kept.branches_from, beginning_of(header));
    }
    event::DraftFields fields;
    fields.entity = header.entity();
    fields.scope = header.scope();
    fields.kind = header.kind();
    fields.payload_version = header.payload_version();
    fields.lane = header.lane();
    fields.correlation = header.correlation();
    fields.causation = header.causation();
    fields.idempotency_key = header.idempotency_key();
    fields.metadata = frame.metadata();
    fields.extensions = extensions;
    event::DraftFrame draft = event::DraftFrame::begin(fields, salt_of(frame.metadata_section()));
    base::append(draft.payload_buffer(), frame.payload());
    BATPAK_CHECK(draft.finish(salt_of(frame.payload_section())));
    return engine::Item{.draft = std::move(draft), .type = nullptr, .name = {}, .kept = kept};
  }

  // Time and id grow from each event to the next, and leave room for more. Where the old ones do not, others go on from the last.
  bool mend(engine::Item::Kept& kept) {
    bool mended = false;
    if (kept.time <= last_time_ || kept.time.microseconds > recovery::event_time_max) {
      kept.time = event::HybridClock(last_time_).next(last_time_.microseconds);
      mended = true;
    }
    if (kept.id <= last_id_ || kept.id.bytes[0] > recovery::event_id_first_byte_max) {
      kept.id = event::IdSource(last_id_).next(kept.time.microseconds, random<std::uint64_t>(), random<std::uint64_t>());
      mended = true;
    }
    last_time_ = kept.time;
    last_id_ = kept.id;
    return mended;
  }

  // Of a branch: the copy of the event that it began at. Where that is lost, the newest one before it of the entity that was
  // copied; or the oldest, where none is before it.
  Result<Position> beginning_of(const event::HeaderView& header) {
    BATPAK_CHECK(flush());
    const auto found = copies_.find(header.entity());
    if (found == copies_.end()) return fail(ErrorCode::damaged, "a branch has no event to begin at");  // was judged before
    const std::vector<Copy>& copies = found->second;
    const auto behind = std::ranges::upper_bound(copies, header.previous_sequence(), {}, &Copy::old_sequence);
    return (behind == copies.begin() ? *behind : *std::prev(behind)).position;
  }

  static event::Salt salt_of(ByteView section) {
    event::Salt salt{};
    if (!section.empty()) {
      const ByteView bytes = section.subspan(event::layout::length_bytes, salt.size());
      std::copy(bytes.begin(), bytes.end(), salt.begin());
    }
    return salt;
  }

  Result<void> append(engine::Item item, std::optional<std::uint64_t> old_sequence = {}) {
    const std::uint64_t size = item.draft.signed_frame_size();
    const std::uint64_t bytes_max = destination_.writer->request_bytes_max() - room_for_declarations;
    if (items_.size() == events_at_once || bytes_ + size > bytes_max) BATPAK_CHECK(flush());
    bytes_ += size;
    items_.push_back(std::move(item));
    old_sequences_.push_back(old_sequence);
    return {};
  }

  Result<void> flush() {
    if (items_.empty()) return {};
    std::vector<Receipt> receipts(items_.size());
    BATPAK_CHECK(destination_.append(items_, receipts, Durability::buffered, engine::Writer::WhenFull::wait));
    for (std::size_t i = 0; i < items_.size(); ++i) {
      const std::string_view entity = items_[i].draft.entity();
      if (!old_sequences_[i] || !check_.has_branches(entity)) continue;
      copies_[std::string(entity)].push_back({.old_sequence = *old_sequences_[i], .position = receipts[i].position()});
    }
    items_.clear();
    old_sequences_.clear();
    bytes_ = 0;
    return {};
  }

  static constexpr std::size_t lost_ranges_max = 10'000;

  struct Copy {
    std::uint64_t old_sequence = 0;
    Position position;
  };

  Store::Impl& source_;
  Store::Impl& destination_;
  platform::Clock& clock_;
  Timestamp own_time_;
  event::IdSource own_ids_;
  SalvageReport report_;
  CopyCheck check_;
  std::optional<recovery::SignedEvents> signed_;  // of a source that declares a key
  std::set<std::uint64_t> lost_;                  // events that can be read, and are not copied
  Timestamp last_time_;                           // of the event appended last
  EventId last_id_;
  std::map<std::string, std::vector<Copy>, std::less<>> copies_;  // of entities with branches, in their order
  std::set<std::pair<std::string, std::uint32_t>> begun_;         // branches
  std::vector<engine::Item> items_;
  std::vector<std::optional<std::uint64_t>> old_sequences_;  // of the items; none of the new store's own
  std::uint64_t bytes_ = 0;
};

}  // namespace

Result<Timestamp> salvaged_genesis_time(const Snapshot& snapshot, platform::Clock& clock) {
  BATPAK_TRY(const Timestamp first, first_time(snapshot, clock));
  return Timestamp{.microseconds = first.microseconds - room_microseconds, .counter = 0};
}

Result<SalvageReport> copy_events(Store::Impl& source, Store::Impl& destination, platform::Clock& clock,
                                  Timestamp genesis_time) {
  return EventCopy(source, destination, clock, genesis_time).run();
}

}  // namespace batpak::store
