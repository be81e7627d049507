// Whole stores: a small one is changed as the input says, then verified, read, opened for writing and salvaged.
//
// What must hold, besides that nothing crashes or hangs:
//  - where verify finds nothing, the log is the old one or a beginning of it that ends with a commit; of its bytes only those
//    may differ that docs/FORMAT.md leaves free, and while no CRC was mended none at all;
//  - while no CRC was mended, every event that is shown is the one that was written there;
//  - a store that refuses to open for writing, and one that is only read, verified or salvaged, keeps every byte;
//  - opening for writing loses no event that the log still says was durable, keeps what it cuts off, and what it leaves is
//    what verify calls clean, unless verify had found something before;
//  - salvage keeps only events as they were, each once, and where no CRC was mended all whose commits are whole.
#include <algorithm>
#include <set>

#include "batpak/batpak.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "fuzz/mutated_store.hpp"
#include "fuzz/target.hpp"
#include "platform/sim_clock.hpp"
#include "segment/commit_walker.hpp"

namespace batpak::fuzz {
namespace {

// What of a frame is bound by hashes; CRC, length, state and signature are checked otherwise.
bool same_event(const event::FrameView& left, const event::FrameView& right) {
  return left.event_hash() == right.event_hash() && same_bytes(left.header().bytes(), right.header().bytes()) &&
         same_bytes(left.metadata_section(), right.metadata_section()) &&
         same_bytes(left.rule_section(), right.rule_section()) &&
         same_bytes(left.payload_section(), right.payload_section());
}

// A store on a simulated disk.
class Disk {
 public:
  explicit Disk(const MutatedStore& store) : store_(store) {
    files_.create_directory("store").value();
    for (const auto& [path, bytes] : store.files) files_.write_file("store/" + path, bytes).value();
    for (const auto& [path, offset] : store.spoiled) static_cast<void>(files_.spoil_sector("store/" + path, offset));
  }

  [[nodiscard]] OpenOptions options(bool with_key) {
    OpenOptions options;
    options.create = Create::never;
    if (with_key) options.key = store_.original->key;
    options.segment_bytes = std::uint64_t{64} << 10;
    options.file_system = &files_;
    options.clock = &clock_;
    options.entropy = &entropy_;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    return options;
  }
  [[nodiscard]] Result<VerifyReport> verify(const std::string& path, const std::shared_ptr<const SigningKey>& key) {
    VerifyOptions options;
    options.threads = 1;
    options.file_system = &files_;
    if (key) options.key = key->public_key();
    return verify_directory(path, options);
  }
  [[nodiscard]] Files files() const {
    Files found;
    for (const std::string& path : files_.list_files()) {
      const std::string name = path.substr(path.find('/', 1) + 1);
      if (!path.starts_with("store/") && !path.starts_with("/store/")) continue;
      if (name.ends_with("LOCK")) continue;
      if (auto bytes = files_.read_file(path)) found[path.substr(path.find("store/") + 6)] = *std::move(bytes);
    }
    return found;
  }
  // Whether the directory is as it was made.
  [[nodiscard]] bool is_untouched() const { return files() == store_.files; }
  [[nodiscard]] platform::SimFs& file_system() { return files_; }

 private:
  const MutatedStore& store_;
  platform::SimFs files_;
  platform::SimClock clock_{1'800'000'000'000'000};
  platform::SeededEntropy entropy_{7};
};

// The frames that a walk over the log's files finds, in order.
std::vector<ByteView> frames_of(const Files& files) {
  std::vector<ByteView> found;
  for (const auto& [path, bytes] : files) {
    if (!is_truth(path) || path == event::store_meta_name) continue;
    const auto header = segment::SegmentHeader::decode(bytes);
    require(header.has_value(), "a segment that is clean has a header");
    segment::CommitWalker walker(bytes, *header);
    for (auto step = walker.next(); step.commit; step = walker.next()) {
      if (step.commit->header.type != segment::CommitType::events) continue;
      segment::FrameSplitter frames(step.commit->body);
      for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) found.push_back(frame);
    }
  }
  return found;
}

void check_clean_frames(const MutatedStore& store) {
  const std::vector<ByteView> frames = frames_of(store.files);
  require(frames.size() <= store.original->events.size(), "no event is made up");
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto now = event::FrameView::parse(frames[i]);
    const auto then = event::FrameView::parse(store.original->events[i].frame);
    require(now.has_value() && same_event(*now, *then), "an event that is clean is as it was");
  }
}

// Without a mended CRC: the same files, but that the last may end at an earlier commit and in more or fewer zeros.
void check_clean_bytes(const MutatedStore& store) {
  const Files& original = store.original->files;
  std::vector<std::string> paths;
  for (const auto& [path, bytes] : store.files) {
    if (is_truth(path)) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    const auto then = original.find(path);
    require(then != original.end(), "a clean store has no new files");
    const Bytes& now = store.files.at(path);
    const bool is_last = path == *std::max_element(paths.begin(), paths.end() - 1);
    if (!is_last || path == event::store_meta_name) {
      require(now == then->second, "in a clean store nothing but the end of the log may have changed");
      continue;
    }
    std::size_t end = segment::segment_header_bytes;
    for (const auto& commit : store.original->commits) {
      const std::size_t commit_end = commit.header.offset + commit.header.length;
      if (commit.path == path && commit_end <= now.size() &&
          std::equal(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(commit_end), then->second.begin())) {
        end = commit_end;
      }
    }
    require(
        end <= now.size() && std::equal(now.begin(), now.begin() + static_cast<std::ptrdiff_t>(end), then->second.begin()),
        "the log of a clean store is a beginning of what was written");
    require(base::all_zero(ByteView(now).subspan(end)), "behind the last commit of a clean store everything is zero");
  }
}

bool has_its_identity(const MutatedStore& store) {
  const auto now = store.files.find("store.meta");
  return now != store.files.end() && now->second == store.original->files.at("store.meta");
}

bool only_unfinished(const VerifyReport& report) {
  return std::ranges::all_of(report.findings, [](const Finding& finding) { return finding.law == Law::unfinished; });
}

// Witness: flipped_byte_is_found
void check_verify(const MutatedStore& store, const Result<VerifyReport>& report) {
  if (!report) {
    require(report.error().code == ErrorCode::not_a_store, "verify refuses only what is no store");
    return;
  }
  for (const Finding& finding : report->findings) require(!finding.message.empty(), "a finding says what was found");
  if (!report->clean()) return;
  require(store.spoiled.empty() || report->bytes > 0, "what cannot be read is not clean");
  require(has_its_identity(store), "the identity of a clean store is as it was");
  check_clean_frames(store);
  if (!store.mended) check_clean_bytes(store);
}

// Every way to look at one event.
void look_at(const Snapshot& snapshot, const EventView& view) {
  static_cast<void>(view.kind_name());
  static_cast<void>(view.metadata());
  static_cast<void>(view.compute_content_hash());
  static_cast<void>(json_from_messagepack(view.payload(), JsonStyle::compact));
  static_cast<void>(view.as<test::Note>());
  const auto again = snapshot.at(view.sequence());
  require(again.has_value() && again->event_hash() == view.event_hash(), "an event is found at its sequence");
  const auto by_id = snapshot.get(view.id());
  if (by_id) require(by_id->id() == view.id(), "an event is found by its id");
  std::size_t count = 0;
  for (const Result<EventView>& ancestor : snapshot.ancestors(view.id())) {
    static_cast<void>(ancestor);
    require(++count <= snapshot.size() + 1, "the ancestors of an event come to an end");
  }
}

void read_everything(const MutatedStore& store, const Store& open) {
  const auto snapshot = open.snapshot();
  if (!snapshot) return;
  std::set<std::pair<std::string, std::uint32_t>> streams;
  std::uint64_t forwards = 0;
  for (const Result<EventView>& event : snapshot->read({.from = {}, .store_events = StoreEvents::include})) {
    ++forwards;
    if (!event) continue;
    if (!store.mended) {
      require(event->sequence() < store.original->events.size() &&
                  same_bytes(event->frame_bytes(), store.original->events[event->sequence()].frame),
              "an event that is shown is the one that was written");
    }
    look_at(*snapshot, *event);
    streams.emplace(event->entity(), event->lane());
  }
  require(forwards <= snapshot->size(), "no more events are shown than there are");
  std::uint64_t backwards = 0;
  for (const Result<EventView>& event :
       snapshot->read({.from = {}, .direction = Direction::backwards, .store_events = StoreEvents::include})) {
    static_cast<void>(event);
    ++backwards;
  }
  require(backwards == forwards, "as many events are shown backwards as forwards");
  for (const auto& [entity, lane] : streams) {
    for (const Result<EventView>& event : snapshot->stream(entity, {.lane = lane})) {
      if (event) require(event->entity() == entity && event->lane() == lane, "a stream holds its own events");
    }
    static_cast<void>(snapshot->head(entity, lane));
  }
  static_cast<void>(open.checkpoint());
  static_cast<void>(open.types());
  static_cast<void>(open.frontier());
}

// Witness: read_only_writes_nothing
void check_reading(const MutatedStore& store, Disk& disk) {
  for (const auto undurable : {ReadOnlyOptions::Undurable::hide, ReadOnlyOptions::Undurable::show}) {
    const auto open = Store::open_read_only("store", {.undurable = undurable, .file_system = &disk.file_system()});
    if (open) read_everything(store, *open);
  }
}

// How many events the log still says were durable: by commit headers that stand where they stood, as they were.
std::uint64_t events_said_durable(const MutatedStore& store) {
  std::uint64_t events = 0;
  for (const auto& commit : store.original->commits) {
    const Bytes& then = store.original->files.at(commit.path);
    const auto now = store.files.find(commit.path);
    if (now == store.files.end() || now->second.size() < commit.header.offset + segment::commit_header_bytes) continue;
    const auto same = [&](std::size_t at, std::size_t size) {
      return same_bytes(ByteView(now->second).subspan(at, size), ByteView(then).subspan(at, size));
    };
    if (same(0, segment::segment_header_bytes) && same(commit.header.offset, segment::commit_header_bytes)) {
      events = std::max(events, commit.header.durable_through.sequence);
    }
  }
  return events;
}

// Whether nothing changed but what stands behind the last place that any commit calls durable.
bool only_tail_changed(const MutatedStore& store) {
  if (store.mended || !store.spoiled.empty()) return false;
  const segment::LogPoint durable = store.original->known_durable;
  const std::string& last = store.original->last_segment();
  const auto last_number = store.original->commits.back().header.segment;
  for (const auto& [path, bytes] : store.original->files) {
    if (!is_truth(path)) continue;
    const auto now = store.files.find(path);
    if (now == store.files.end()) return false;
    if (path != last) {
      if (now->second != bytes) return false;
      continue;
    }
    const std::size_t end = durable.segment == last_number ? durable.offset : segment::segment_header_bytes;
    if (now->second.size() < end ||
        !std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(end), now->second.begin())) {
      return false;
    }
  }
  return std::ranges::all_of(
      store.files, [&](const auto& file) { return !is_truth(file.first) || store.original->files.contains(file.first); });
}

void check_quarantine(const MutatedStore& store, const OpenReport& report, const Files& files) {
  if (report.torn_bytes == 0) return;
  const auto kept = files.find(report.quarantine_path);
  require(kept != files.end() && kept->second.size() == report.torn_bytes, "what is cut off is kept");
  const auto cut = store.files.find(report.torn_path);
  require(cut != store.files.end(), "what is cut off was there");
  // The name ends in the offset and a number: <segment>.<offset>.<n>
  const std::string stem = report.quarantine_path.substr(0, report.quarantine_path.rfind('.'));
  const std::size_t offset = std::stoull(stem.substr(stem.rfind('.') + 1));
  require(
      offset + report.torn_bytes <= cut->second.size() &&
          std::equal(kept->second.begin(), kept->second.end(), cut->second.begin() + static_cast<std::ptrdiff_t>(offset)),
      "what is cut off is kept as it was");
}

// Witness: damage_is_not_a_tail, tail_is_not_damage, cut_is_kept_in_quarantine
void check_writing(const MutatedStore& store, const Result<VerifyReport>& report, Disk& disk) {
  auto open = Store::open("store", disk.options(true));
  if (!open) {
    require(disk.is_untouched(), "a store that refuses to open is not touched");
    require(!only_tail_changed(store), "what was never acknowledged does not make a store refuse");
    return;
  }
  const std::uint64_t events = open->frontier().visible;
  if (!store.mended) require(events >= events_said_durable(store), "no event is lost that the log says was durable");
  check_quarantine(store, open->open_report(), disk.files());
  read_everything(store, *open);
  const auto where = Coordinate::make("door:9", "tests").value();
  const auto receipt = open->append(where, test::Note{"after"});
  if (!receipt) return;
  require(receipt->sequence >= events, "a new event follows the old ones");
  const Result<void> receipt_holds = open->verify_receipt(*receipt);
  if (report && only_unfinished(*report)) require(receipt_holds.has_value(), "a receipt of a new event verifies");
  require(open->close().has_value(), "a store that was written to can be closed");
  const auto after = disk.verify("store", store.original->key);
  require(after.has_value(), "a store that was opened is one");
  if (report && only_unfinished(*report)) {
    require(after->clean(), "a store that was only unfinished is clean once it was opened and closed");
  }
  const auto again = Store::open("store", disk.options(true));
  require(again.has_value() && again->get(receipt->event_id).has_value(), "what was appended is there at the next opening");
  // The mark at the end is covered by nothing, and so written again each time.
  require(again->open_report().torn_bytes == 0 && again->open_report().commits_rewritten <= 1, "recovery is done once");
}

// Where a salvaged event says that it came from.
struct OldPosition {
  std::uint64_t sequence = 0;
  Hash hash;
};

std::optional<OldPosition> salvaged_from(const event::HeaderView& header) {
  std::optional<OldPosition> found;
  ByteView records = header.extensions();
  while (!records.empty()) {
    const auto type = base::load_le<std::uint16_t>(records.data());
    const auto length = base::load_le<std::uint16_t>(records.data() + 2);
    if (type == event::extension_salvaged_from && length == 40) {
      OldPosition position{.sequence = base::load_le<std::uint64_t>(records.data() + 4), .hash = {}};
      std::copy_n(records.begin() + 12, position.hash.bytes.size(), position.hash.bytes.begin());
      found = position;
    }
    records = records.subspan(4U + length);
  }
  return found;
}

void check_salvaged(const MutatedStore& store, const EventView& event, std::set<std::uint64_t>& kept) {
  const auto header = event::HeaderView::parse(event.header());
  require(header.has_value(), "what salvage writes can be read");
  const auto from = salvaged_from(*header);
  if (!from) {
    require(header->kind().is_system(), "an event of a salvaged store says where it came from");
    return;
  }
  require(from->sequence < store.original->events.size(), "salvage makes no event up");
  require(kept.insert(from->sequence).second, "salvage keeps an event once");
  const auto frame = event::FrameView::parse(event.frame_bytes());
  const auto old = event::FrameView::parse(store.original->events[from->sequence].frame);
  require(frame.has_value() && old->event_hash() == from->hash, "salvage keeps only events that were there");
  const event::HeaderView& was = old->header();
  require(header->entity() == was.entity() && header->scope() == was.scope() && header->kind() == was.kind() &&
              header->payload_version() == was.payload_version() && header->lane() == was.lane() &&
              header->id() == was.id() && header->time() == was.time() &&
              header->wall_microseconds() == was.wall_microseconds() && header->correlation() == was.correlation() &&
              header->causation() == was.causation() && header->idempotency_key() == was.idempotency_key(),
          "an event that salvage keeps has its old fields");
  require(same_bytes(frame->payload_section(), old->payload_section()) && header->content_hash() == was.content_hash() &&
              same_bytes(frame->metadata_section(), old->metadata_section()),
          "an event that salvage keeps has its old content");
}

// Whether the event's segment header and commit are as they were, and its device can be read.
bool is_whole(const MutatedStore& store, const Specimen::Event& event) {
  const auto& commit = store.original->commits[event.commit];
  const Bytes& then = store.original->files.at(event.path);
  const auto now = store.files.find(event.path);
  const std::size_t end = commit.header.offset + commit.header.length;
  if (now == store.files.end() || now->second.size() < end) return false;
  const auto same = [&](std::size_t at, std::size_t size) {
    return same_bytes(ByteView(now->second).subspan(at, size), ByteView(then).subspan(at, size));
  };
  return same(0, segment::segment_header_bytes) && same(commit.header.offset, commit.header.length);
}

void check_salvage(const MutatedStore& store, Disk& disk) {
  OpenOptions options = disk.options(false);
  options.create = Create::if_absent;
  const auto report = salvage("store", "salvaged", options);
  if (!report) return;
  const auto verified = disk.verify("salvaged", {});
  require(verified.has_value() && verified->clean(), "a salvaged store is clean");
  const auto open = Store::open_read_only("salvaged", {.file_system = &disk.file_system()});
  require(open.has_value(), "a salvaged store can be read");
  std::set<std::uint64_t> kept;
  const auto events = open->read({.from = {}, .store_events = StoreEvents::include});
  require(events.has_value(), "a salvaged store can be read");
  auto range = open->read({.from = {}, .store_events = StoreEvents::include});
  for (const Result<EventView>& event : *range) {
    require(event.has_value(), "every event of a salvaged store can be read");
    check_salvaged(store, *event, kept);
  }
  require(kept.size() == report->events_copied, "salvage counts what it keeps");
  require(report->events_lost <= (std::uint64_t{1} << 62U), "salvage does not count below nothing");
  if (store.mended || !store.spoiled.empty() || !has_its_identity(store)) return;
  for (std::size_t sequence = 0; sequence < store.original->events.size(); ++sequence) {
    const Specimen::Event& event = store.original->events[sequence];
    const auto kind = event::FrameView::parse(event.frame)->header().kind();
    if (kind == event::Genesis::kind || kind == event::KeyDeclaration::kind || !is_whole(store, event)) continue;
    require(kept.contains(sequence), "salvage keeps every event whose commit is whole");
  }
}

const Target store("store", [](ByteView input) {
  Choices choices(input);
  const MutatedStore mutated = mutate(choices);
  Disk disk(mutated);
  const auto report = disk.verify("store", mutated.original->key);
  check_verify(mutated, report);
  static_cast<void>(disk.verify("store", {}));
  check_reading(mutated, disk);
  check_salvage(mutated, disk);
  require(disk.is_untouched(), "reading, verifying and salvaging change nothing");
  check_writing(mutated, report, disk);
});

}  // namespace
}  // namespace batpak::fuzz
