#include "batpak/salvage.hpp"

#include <algorithm>
#include <set>

#include "base/hex.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "event/id_source.hpp"
#include "event/store_events.hpp"
#include "platform/posix_fs.hpp"
#include "read/snapshot_state.hpp"
#include "recovery/log_files.hpp"
#include "recovery/recover.hpp"
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

// The time of the first event that can be believed; that of the genesis, unless it is damaged.
Result<Timestamp> first_time(const Snapshot& snapshot) {
  for (const Result<EventView>& event : snapshot.read({.from = {}, .store_events = StoreEvents::include})) {
    if (event && holds(*event)) return event->time();
  }
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
  Salvage(const Store& source, Store::Impl& destination, platform::Clock& clock, Timestamp genesis_time)
      : source_(source),
        destination_(destination),
        clock_(clock),
        own_time_{.microseconds = genesis_time.microseconds + 1000, .counter = 0},
        own_ids_(EventId{}) {}

  // Two passes: what is lost must be known before the first event is copied, since the record of it comes first.
  Result<SalvageReport> run() {
    report_.source_origin = source_.origin();
    report_.destination_origin = destination_.state.meta.genesis.origin;
    report_.damage = source_.open_report().damage;
    BATPAK_TRY(const Snapshot snapshot, source_.snapshot());
    look_through(snapshot);
    BATPAK_CHECK(record_damage());
    for (const auto& [kind, version] : undeclared_) BATPAK_CHECK(declare_lost_type(EventKind::from_value(kind), version));
    BATPAK_CHECK(copy(snapshot));
    return std::move(report_);
  }

 private:
  // Every event is read, so that what is lost is counted here and only here. The ranges that opening listed are places, which
  // may overlap, and may hold events that can be read.
  void look_through(const Snapshot& snapshot) {
    ListedLosses listed(report_.damage);
    std::set<std::pair<std::uint16_t, std::uint16_t>> declared;
    for (std::uint64_t sequence = 0; sequence < snapshot.size(); ++sequence) {
      const Result<EventView> event = snapshot.at(sequence);
      if (!event) {
        lose(sequence, event.error(), listed);
        continue;
      }
      if (!holds(*event)) {
        const auto [path, offset] = snapshot.state()->locate(sequence);
        lost_.insert(sequence);
        lose(sequence, Error(ErrorCode::corrupt, "the event's bytes do not give its hashes").at_path(path).at_offset(offset),
             listed);
        continue;
      }
      if (const auto has_form = check_own(*event); !has_form) {
        const auto [path, offset] = snapshot.state()->locate(sequence);
        lost_.insert(sequence);
        lose(sequence, Error(has_form.error()).at_path(path).at_offset(offset), listed);
        continue;
      }
      if (event->kind() == event::TypeDeclaration::kind) {
        const auto declaration = event::read_store_event<event::TypeDeclaration>(event->payload());
        if (declaration) declared.insert({declaration->declares, declaration->version});
      } else if (!event->kind().is_system() && !declared.contains({event->kind().value(), event->payload_version()})) {
        undeclared_.insert({event->kind().value(), event->payload_version()});
      }
    }
  }

  // What is copied of the store's own has its form, or the new store could not be opened.
  static Result<void> check_own(const EventView& event) {
    const EventKind kind = event.kind();
    if (!kind.is_system() || event.payload_erased()) return {};
    return event::check_store_event(kind, event.payload());
  }

  void lose(std::uint64_t sequence, const Error& error, ListedLosses& listed) {
    ++report_.events_lost;
    if (listed.hold(sequence)) return;
    report_.damage.push_back({.path = error.path,
                              .offset = error.offset.value_or(0),
                              .first_sequence = sequence,
                              .next_sequence = sequence + 1,
                              .reason = error.message});
  }

  Result<void> record_damage() {
    event::SalvageRecord record;
    record.events_lost = report_.events_lost;
    for (const DamagedRange& range : report_.damage) {
      if (record.lost.size() == lost_ranges_max) break;  // the count above stays true
      record.lost.push_back(
          {.first_sequence = range.first_sequence, .next_sequence = range.next_sequence, .reason = range.reason});
    }
    record.source_origin = source_.origin();
    record.source_store_id = source_store_id();
    return append_own(record);
  }

  segment::StoreId source_store_id() const {
    segment::StoreId id{};
    static_cast<void>(base::from_hex(source_.store_id(), id));  // its own text form
    return id;
  }

  Result<void> copy(const Snapshot& snapshot) {
    for (const Result<EventView>& event : snapshot.read({.from = {}, .store_events = StoreEvents::include})) {
      if (!event || lost_.contains(event->sequence())) continue;
      const EventKind kind = event->kind();
      // The new store has its own genesis and keys, and other heads than those that were declared of the old one.
      if (proof::KeyHistory::concerns(kind) || kind == event::HeadsDeclaration::kind) continue;
      if (kind == event::TypeDeclaration::kind) {
        BATPAK_CHECK(declare(*event));
      }
      BATPAK_TRY(engine::Item item, copy_of(*event));
      BATPAK_CHECK(append(std::move(item)));
      ++report_.events_copied;
    }
    return flush();
  }

  Result<void> declare(const EventView& event) {
    BATPAK_TRY(const auto declaration, event::read_store_event<event::TypeDeclaration>(event.payload()));
    destination_.state.types->add(event::declared_type(declaration, event.sequence()));
    return {};
  }

  // A type whose declaration was lost gets one that says so.
  Result<void> declare_lost_type(EventKind kind, std::uint16_t version) {
    event::TypeDeclaration declaration;
    declaration.declares = kind.value();
    declaration.version = version;
    for (const DeclaredType& type : source_.types()) {
      if (type.kind == kind.value()) declaration.name = type.name;
    }
    if (declaration.name.empty()) declaration.name = event::lost_name(kind);
    destination_.state.types->add(event::declared_type(declaration, 0));
    return append_own(declaration);
  }

  template <class T>
  Result<void> append_own(const T& payload) {
    BATPAK_TRY(engine::Item item, store::make_own_item(payload, *destination_.entropy));
    ++own_time_.counter;
    item.kept = {.id = own_ids_.next(own_time_.microseconds, random<std::uint64_t>(), random<std::uint64_t>()),
                 .time = own_time_,
                 .wall_microseconds = clock_.wall_microseconds()};
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
    base::append_le<std::uint16_t>(extensions, sizeof(std::uint64_t) + Hash::bytes_size);
    base::append_le(extensions, header.sequence());
    base::append(extensions, view.event_hash().bytes);
    if (extensions.size() > limits::extension_bytes_max) {
      return fail(Error(ErrorCode::too_large, "the event was salvaged too often").at_sequence(view.sequence()));
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
    const engine::Item::Kept kept{.id = header.id(), .time = header.time(), .wall_microseconds = header.wall_microseconds()};
    return engine::Item{.draft = std::move(draft), .type = nullptr, .name = {}, .kept = kept};
  }

  static event::Salt salt_of(ByteView section) {
    event::Salt salt{};
    if (!section.empty()) {
      const ByteView bytes = section.subspan(event::layout::length_bytes, salt.size());
      std::copy(bytes.begin(), bytes.end(), salt.begin());
    }
    return salt;
  }

  Result<void> append(engine::Item item) {
    const std::uint64_t size = item.draft.signed_frame_size();
    const std::uint64_t bytes_max = destination_.writer->request_bytes_max() - room_for_declarations;
    if (items_.size() == events_at_once || bytes_ + size > bytes_max) BATPAK_CHECK(flush());
    bytes_ += size;
    items_.push_back(std::move(item));
    return {};
  }

  Result<void> flush() {
    if (items_.empty()) return {};
    std::vector<Receipt> receipts(items_.size());
    BATPAK_CHECK(destination_.append(items_, receipts, Durability::buffered, engine::Writer::WhenFull::wait));
    items_.clear();
    bytes_ = 0;
    return {};
  }

  static constexpr std::size_t lost_ranges_max = 10'000;

  const Store& source_;
  Store::Impl& destination_;
  platform::Clock& clock_;
  Timestamp own_time_;
  event::IdSource own_ids_;
  SalvageReport report_;
  std::set<std::uint64_t> lost_;  // events that can be read, and are not to be believed
  std::set<std::pair<std::uint16_t, std::uint16_t>> undeclared_;
  std::vector<engine::Item> items_;
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
Result<SalvageReport> fill(Store::Impl& destination, const Store& source, platform::Clock& clock, Timestamp genesis_time) {
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
Result<proof::KeyHistory> keys_of(platform::FileSystem& files, const std::string& source, const Store& from,
                                  const Snapshot& snapshot) {
  BATPAK_TRY(const auto directory, files.open_directory(source));
  const auto meta = recovery::read_store_meta(*directory);
  return store::salvaged_keys(meta ? *meta : std::nullopt, snapshot, from.origin());
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
  BATPAK_TRY(const Store from, Store::open_read_only(source, {.undurable = ReadOnlyOptions::Undurable::show,
                                                              .file_system = options.file_system}));
  BATPAK_TRY(const Snapshot snapshot, from.snapshot());
  BATPAK_TRY(const Timestamp first, first_time(snapshot));
  const Timestamp genesis_time{.microseconds = first.microseconds - room_microseconds, .counter = 0};
  BATPAK_TRY(const Destination place, choose_destination(files, source, destination, options));
  BATPAK_TRY(const store::Witness witness, open_witness(files, source, destination, options));
  BATPAK_TRY(const proof::KeyHistory keys, keys_of(files, source, from, snapshot));
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
  Result<SalvageReport> report = fill(**impl, from, clock, genesis_time);
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
