#include "batpak/salvage.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/hex.hpp"
#include "base/try.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/hybrid_clock.hpp"
#include "event/id_source.hpp"
#include "event/store_events.hpp"
#include "platform/posix_fs.hpp"
#include "read/snapshot_state.hpp"
#include "recovery/log_files.hpp"
#include "recovery/recover.hpp"
#include "recovery/signed_events.hpp"
#include "store/copy_check.hpp"
#include "store/inside.hpp"
#include "store/own_event.hpp"
#include "store/salvaged_keys.hpp"
#include "store/store_impl.hpp"
#include "store/witness.hpp"

namespace batpak {
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
// behind it is none.
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

class Salvage {
 public:
  Salvage(Store::Impl& source, Store::Impl& destination, platform::Clock& clock, Timestamp genesis_time)
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
    BATPAK_TRY(engine::Item item, store::make_own_item(payload, *destination_.entropy));
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
  store::CopyCheck check_;
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

// Where the new store is made, and what it is called when it is whole: until then nobody takes a part for all of it.
struct Destination {
  std::shared_ptr<platform::Directory> parent;
  std::string name;             // in the parent
  std::string unfinished;       // in the parent, while it is made
  std::string unfinished_path;  // as it is opened
};

// Errors: already_a_store; not_a_store for a directory that holds something else; damaged.
Result<void> check_free(platform::Directory& directory) {
  auto found = recovery::look_for_store(directory);
  if (!found) return fail(std::move(found).error().at_path(directory.path()));
  if (*found == recovery::Found::store) {
    return fail(Error(ErrorCode::already_a_store, "there is a store already").at_path(directory.path()));
  }
  return {};
}

// Where the copy is made before it has its name. Of something else than what a salvage left, nobody is told to remove it.
Result<void> check_unfinished(platform::FileSystem& files, const std::string& path) {
  const auto left = files.open_directory(path);
  if (!left) return {};
  BATPAK_TRY(const bool is_ours, (*left)->exists(event::unfinished_meta_name));
  if (is_ours) {
    return fail(
        Error(ErrorCode::already_a_store, "a salvage that did not finish left something here: remove it and try again")
            .at_path(path));
  }
  const auto free = check_free(**left);
  if (free) return {};
  return fail(Error(free.error().code,
                    "the new store is made under this name: look at what is here, remove or rename it and try again")
                  .at_path(path));
}

Result<Destination> choose_destination(platform::FileSystem& files, const std::string& source, std::string path,
                                       const OpenOptions& options) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::size_t slash = path.rfind('/');
  Destination place;
  place.name = slash == std::string::npos ? path : path.substr(slash + 1);
  place.unfinished = place.name + ".unfinished";
  place.unfinished_path = path + ".unfinished";
  if (place.name.empty() || place.name == "." || place.name == "..") {
    return fail(Error(ErrorCode::invalid_argument, "the new store needs a name of its own").at_path(path));
  }
  // What stands in a store and is no part of it is damage of that store, which has to stay as it is.
  const auto inside = store::is_inside(path, source, options.file_system);
  if (inside && *inside) {
    return fail(Error(ErrorCode::invalid_argument, "the new store would lie inside of the damaged one, which stays as it is")
                    .at_path(path));
  }
  if (const auto there = files.open_directory(path)) {
    BATPAK_CHECK(check_free(**there));
    BATPAK_TRY(const auto entries, (*there)->list("."));
    if (!entries.empty()) return fail(Error(ErrorCode::not_a_store, "the directory is not empty").at_path(path));
  } else if (there.error().code != ErrorCode::no_such_directory) {
    return fail(there.error());
  }
  BATPAK_CHECK(check_unfinished(files, place.unfinished_path));
  BATPAK_TRY(place.parent, files.open_directory(slash == std::string::npos ? "."
                                                : slash == 0               ? "/"
                                                                           : path.substr(0, slash)));
  return place;
}

// What did not become a store is emptied again.
void remove_files(platform::Directory& directory) {
  for (const std::string_view folder : {std::string_view("log"), std::string_view(".")}) {
    const auto entries = directory.list(folder);
    if (!entries) continue;
    for (const platform::DirectoryEntry& entry : *entries) {
      if (!entry.is_directory) static_cast<void>(directory.remove(std::string(folder) + "/" + entry.name));
    }
  }
}

// A witness file that is there remembers another store than the one that is to be made, be it the damaged one: written over, it
// would not speak for that one any more. Inside of what will be the store's directory it would be put back together with it.
Result<store::Witness> open_witness(platform::FileSystem& files, const std::string& source, const std::string& destination,
                                    const OpenOptions& options) {
  if (options.witness_file) {
    BATPAK_TRY(const bool inside, store::is_inside(options.witness_file->path, source, options.file_system));
    if (inside) {
      return fail(
          Error(ErrorCode::invalid_argument, "the witness file would lie inside of the damaged store, which stays as it is")
              .at_path(options.witness_file->path));
    }
  }
  BATPAK_TRY(store::Witness witness, store::open_witness(files, destination, options));
  if (!witness.record) return witness;
  return fail(Error(ErrorCode::witness_foreign,
                    "the witness file is of the store " + base::to_hex(witness.record->store_id) + ", '" +
                        witness.record->note.checkpoint.origin + "', and the new store needs one of its own")
                  .at_path(options.witness_file->path));
}

// While a part is copied, no store.meta names it a store: whoever finds it after a crash can neither write to it nor take it for all.
Result<void> hide_identity(platform::Directory& directory) {
  BATPAK_CHECK(directory.rename(event::store_meta_name, event::unfinished_meta_name));
  return directory.sync_directory(".");
}

Result<void> show_identity(platform::Directory& directory) {
  BATPAK_CHECK(directory.rename(event::unfinished_meta_name, event::store_meta_name));
  return directory.sync_directory(".");
}

// Copies everything and closes the new store, which is one from then on.
Result<SalvageReport> fill(Store::Impl& destination, Store::Impl& source, platform::Clock& clock, Timestamp genesis_time) {
  const Result<void> hidden = hide_identity(*destination.directory);
  Result<SalvageReport> report =
      hidden ? Salvage(source, destination, clock, genesis_time).run() : Result<SalvageReport>(fail(hidden.error()));
  const Result<void> closed = destination.close();
  if (!report) return report;
  BATPAK_CHECK(closed);
  BATPAK_CHECK(show_identity(*destination.directory));
  return report;
}

// Of the damaged store, as far as they can be read.
Result<proof::KeyHistory> keys_of(platform::FileSystem& files, const std::string& source, const Store::Impl& from,
                                  const Snapshot& snapshot) {
  BATPAK_TRY(const auto directory, files.open_directory(source));
  const auto meta = recovery::read_store_meta(*directory);
  return store::salvaged_keys(meta ? *meta : std::nullopt, snapshot, from.state.meta.genesis.origin);
}

void remove_files_at(platform::FileSystem& files, const std::string& path) {
  const auto directory = files.open_directory(path);
  if (directory) remove_files(**directory);
}

}  // namespace

Result<SalvageReport> salvage(const std::string& source, const std::string& destination, const OpenOptions& options) {
  platform::FileSystem& files = options.file_system != nullptr ? *options.file_system : platform::posix_file_system();
  platform::Clock& clock = options.clock != nullptr ? *options.clock : platform::system_clock();
  // What is whole but perhaps not durable is as good as what recovery would have kept.
  BATPAK_TRY(const auto from, store::open_for_reading(source, {.undurable = ReadOnlyOptions::Undurable::show,
                                                               .file_system = options.file_system}));
  BATPAK_TRY(const Snapshot snapshot, from->snapshot());
  BATPAK_TRY(const Timestamp first, first_time(snapshot, clock));
  const Timestamp genesis_time{.microseconds = first.microseconds - room_microseconds, .counter = 0};
  BATPAK_TRY(const Destination place, choose_destination(files, source, destination, options));
  BATPAK_TRY(const store::Witness witness, open_witness(files, source, destination, options));
  BATPAK_TRY(const proof::KeyHistory keys, keys_of(files, source, *from, snapshot));
  if (options.key) BATPAK_CHECK(store::check_key_of_salvage(keys, options.key->public_key()));
  OpenOptions new_store = options;
  new_store.create = Create::always;
  new_store.previous_key.reset();  // the new store begins with the key
  new_store.revocation.reset();
  auto impl = store::open_for_writing(place.unfinished_path, new_store, genesis_time);
  if (!impl) {
    // What somebody else holds by now is theirs.
    if (impl.error().code != ErrorCode::locked) remove_files_at(files, place.unfinished_path);
    return fail(std::move(impl).error());
  }
  Result<SalvageReport> report = fill(**impl, *from, clock, genesis_time);
  const Result<void> done = report ? place.parent->rename(place.unfinished, place.name) : fail(report.error());
  if (!done) {
    remove_files(*(*impl)->directory);
    if (witness.keeper) static_cast<void>(witness.keeper->remove((*impl)->state.store_id()));  // of a store that is none
    return fail(done.error());
  }
  // What has its name is whole, and stays, though the name may not survive a power loss.
  BATPAK_CHECK(place.parent->sync_directory("."));
  if (!keys.empty()) {
    if (const auto key = PublicKey::from_bytes(keys.current())) report->source_key = *key;
  }
  return report;
}

}  // namespace batpak
