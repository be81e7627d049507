#include "recovery/recover.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "recovery/log_builder.hpp"
#include "recovery/log_files.hpp"
#include "recovery/segment_file_writer.hpp"
#include "recovery/unsigned_check.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {
namespace {

constexpr std::uint64_t session_max = 1ULL << 63U;
constexpr std::int64_t event_time_max = std::int64_t{1} << 62;  // microseconds: the year 148,108
constexpr std::byte event_id_first_byte_max{0x7F};              // half of the 48 bits of milliseconds: the year 6429

using base::fail;
using segment::LogPoint;

// What the end of the log looks like before anything is changed.
struct Tail {
  std::uint32_t segment = 0;       // whose last whole commit is the log's
  segment::SegmentImage image;     // of that segment
  std::uint64_t rewrite_from = 0;  // whole commits from here on are not known to be durable
  std::uint64_t commits_to_rewrite = 0;
  std::uint64_t torn_bytes = 0;       // behind the last whole commit
  bool rotation_interrupted = false;  // the last segment has no predecessor that names it
  // The last segment, where it holds no whole commit: what stands behind its header.
  segment::SegmentImage blank;
  std::uint64_t blank_torn_bytes = 0;
};

// Bytes up to the last one that is not zero.
std::uint64_t written_bytes(ByteView bytes) {
  std::size_t size = bytes.size();
  while (size > 0 && bytes[size - 1] == std::byte{0}) --size;
  return size;
}

class Recovery {
 public:
  Recovery(std::shared_ptr<platform::Directory> directory, const RecoverOptions& options)
      : directory_(*directory), options_(options), builder_(state_) {
    state_.directory = std::move(directory);
    state_.maps = std::make_shared<index::MappedSegments>(state_.directory);
  }

  Result<LogState> run() {
    BATPAK_CHECK(read_identity());
    BATPAK_CHECK(read_segments());
    BATPAK_CHECK(find_tail());
    BATPAK_CHECK(read_tail());
    if (state_.refused) return fail(*std::move(state_.refused));
    BATPAK_CHECK(check_unsigned());
    BATPAK_CHECK(check_heads_are_known());
    BATPAK_CHECK(check_keys());
    BATPAK_CHECK(check_room());
    state_.session = state_.link.session + 1;
    BATPAK_CHECK(repair());
    for (const SegmentFile& segment : state_.segments) state_.maps->add(segment.path, segment.size);
    state_.report.segments = state_.segments.size();
    state_.report.events = state_.link.end.sequence;
    state_.report.session = state_.session;
    state_.index->publish();
    return std::move(state_);
  }

 private:
  std::unexpected<Error> damaged(const std::string& path, std::uint64_t offset, std::string message) const {
    return fail(
        Error(ErrorCode::damaged, std::move(message)).at_path(path).at_offset(offset).at_sequence(state_.link.end.sequence));
  }

  // What only ever grows must have somewhere to grow to, or what is appended would break the log. No honest log comes near.
  Result<void> check_room() const {
    if (state_.link.session > session_max || state_.last_time.microseconds > event_time_max ||
        state_.last_id.bytes[0] > event_id_first_byte_max) {
      return damaged(state_.segments.back().path, state_.link.end.offset,
                     "the log's session, or the time or the id of an event, is so high that nothing can follow it");
    }
    return {};
  }

  Result<void> read_identity() {
    BATPAK_TRY(auto meta, read_store_meta(directory_));
    if (!meta) return fail(ErrorCode::not_a_store, "there is no store.meta");
    state_.meta = *std::move(meta);
    return {};
  }

  Result<void> read_segments() {
    BATPAK_TRY(const auto names, list_segments(directory_));
    if (names.empty()) return damaged("log", 0, "the store has no log");
    for (const std::string& name : names) {
      BATPAK_TRY(SegmentFile segment, read_segment_file(directory_, name, state_.store_id()));
      if (segment.header.number != state_.segments.size()) {
        return damaged(segment.path, 0,
                       "segment " + std::to_string(state_.segments.size()) + " is missing before segment " +
                           std::to_string(segment.header.number));
      }
      state_.segments.push_back(std::move(segment));
    }
    return {};
  }

  Result<segment::SegmentImage> load(std::uint32_t number) {
    BATPAK_TRY(const auto file, directory_.open_file(state_.segments[number].path, platform::OpenMode::read));
    return segment::SegmentImage::load(*file);
  }

  // The tail lies in the last segment, or, while that holds no whole commit, in the one before it.
  Result<void> find_tail() {
    const auto last = static_cast<std::uint32_t>(state_.segments.size() - 1);
    tail_.segment = last;
    BATPAK_TRY(tail_.image, load(last));
    segment::CommitWalker walker(tail_.image.bytes, state_.segments[last].header);
    if (last == 0 || walker.next().commit) return {};
    tail_.blank = std::move(tail_.image);
    const ByteView blank = tail_.blank.bytes;
    if (!tail_.blank.unreadable.empty()) {
      return damaged(state_.segments[last].path, tail_.blank.unreadable.front().offset,
                     "the device cannot read the segment's first commit");
    }
    tail_.blank_torn_bytes = written_bytes(blank.subspan(segment::segment_header_bytes));
    // A later commit of this segment is proof that there was a first one.
    if (const auto later =
            find_later_proof(blank, last, {.segment = last, .offset = segment::segment_header_bytes, .sequence = 0})) {
      return damaged(state_.segments[last].path, segment::segment_header_bytes,
                     "the segment's first commit is broken, and the commit at offset " + std::to_string(later->offset) +
                         " says that it was durable");
    }
    tail_.segment = last - 1;
    BATPAK_TRY(tail_.image, load(last - 1));
    return {};
  }

  // An intact commit header that says bytes behind `point` were durable.
  std::optional<segment::CommitHeader> find_later_proof(ByteView image, std::uint32_t number, const LogPoint& point) const {
    const segment::SegmentHeader& header = state_.segments[number].header;
    std::uint64_t from = point.offset;
    while (auto found = segment::find_commit_header(image, header.salt, header.number, from)) {
      const LogPoint& durable = found->durable_through;
      if (durable.segment > point.segment || (durable.segment == point.segment && durable.offset > point.offset))
        return found;
      from = found->offset + 8;
    }
    return std::nullopt;
  }

  Result<void> read_tail() {
    std::optional<Sealed> seal;
    for (std::uint32_t number = 0; number < tail_.segment; ++number) {
      BATPAK_TRY(const segment::SegmentImage image, load(number));
      BATPAK_TRY(seal, read_sealed(number, image));
    }
    const SegmentFile& segment = state_.segments[tail_.segment];
    if (seal) state_.link = segment::LinkState::at_segment(segment.header, seal->header);
    if (segment.header.first_sequence != state_.link.end.sequence) {
      return damaged(segment.path, 0, "the segment does not begin where the one before it ends");
    }
    BATPAK_TRY(state_.tree, proof::RightEdge::from(segment.header.first_sequence, segment.header.right_edge));
    if (seal && state_.tree.root() != seal->root) {
      return damaged(segment.path, 0, "the segment's right edge does not have the root that the one before it ends with");
    }
    BATPAK_CHECK(walk_tail());
    return tail_.segment + 1 < state_.segments.size() ? check_blank_successor() : check_not_sealed();
  }

  struct Sealed {
    segment::CommitHeader header;
    Hash root;
  };

  // An older segment must end in a seal that names the next; what is broken inside it is met by reads and verify.
  Result<Sealed> read_sealed(std::uint32_t number, const segment::SegmentImage& image) {
    const SegmentFile& segment = state_.segments[number];
    const segment::SegmentHeader& next = state_.segments[number + 1].header;
    const auto seal = segment::seal_at_end(image.bytes, segment.header);
    if (!seal) return damaged(segment.path, segment.size, seal.error().message);
    if (!names(*seal->seal, next)) {
      return damaged(segment.path, seal->header.offset, "the segment's seal does not name the segment that follows");
    }
    static_cast<void>(builder_.walk_around_damage(image.bytes, number, segment::segment_header_bytes, image.bytes.size()));
    if (next.first_sequence > builder_.next_sequence() &&
        next.first_sequence - builder_.next_sequence() > image.bytes.size() / event::layout::header_bytes_min) {
      return damaged(segment.path, seal->header.offset,
                     "the segment that follows begins behind more events than fit into this one");
    }
    builder_.lose_until(next.first_sequence, {.path = segment.path, .reason = "events are missing before the seal"});
    return Sealed{.header = seal->header, .root = seal->end.root};
  }

  static bool names(const segment::Seal& seal, const segment::SegmentHeader& next) {
    return seal.successor == next.number && seal.first_sequence == next.first_sequence && seal.successor_salt == next.salt;
  }

  Result<void> walk_tail() {
    const SegmentFile& segment = state_.segments[tail_.segment];
    segment::CommitWalker walker(tail_.image.bytes, segment.header);
    std::vector<segment::CommitHeader> whole;
    while (true) {
      const segment::WalkStep step = walker.next();
      if (!step.commit) {
        if (step.fault && step.fault->error.code == ErrorCode::newer_format) {
          return fail(Error(step.fault->error).at_path(segment.path));
        }
        if (step.fault && step.fault->crcs_match) {
          return damaged(segment.path, step.fault->offset,
                         "a whole commit has a form that is not known: " + step.fault->error.message);
        }
        break;
      }
      const segment::CommitView& commit = *step.commit;
      if (!state_.link.check(commit.header)) break;
      BATPAK_CHECK(add_leaves(commit));
      if (commit.end.tree_size != state_.tree.size()) {
        return damaged(segment.path, commit.header.offset, "the commit's tree has another size than the log");
      }
      if (commit.end.root != state_.tree.root()) {
        return damaged(segment.path, commit.header.offset, "the commit's root is not that of the events before it");
      }
      BATPAK_CHECK(builder_.take(commit, tail_.segment));
      state_.link.advance(commit.header);
      last_seal_ = commit.seal;
      whole.push_back(commit.header);
      if (commit.seal) break;
    }
    return judge_tail(whole);
  }

  // What the owner signs next covers everything before it.
  Result<void> check_unsigned() {
    if (!options_.keys.key) return {};
    BATPAK_CHECK(check_newest_signature());
    std::optional<Checkpoint> newest;
    if (state_.newest_signed) newest = state_.newest_signed->checkpoint;
    std::uint32_t number = tail_.segment;
    while (number > 0 && state_.segments[number].header.first_sequence > (newest ? newest->size : 0)) --number;
    const segment::SegmentHeader& first = state_.segments[number].header;
    BATPAK_TRY(const proof::RightEdge tree, proof::RightEdge::from(first.first_sequence, first.right_edge));
    UnsignedCheck check(newest, tree);
    for (; number < tail_.segment; ++number) {
      BATPAK_TRY(const segment::SegmentImage image, load(number));
      BATPAK_CHECK(check.take(state_.segments[number], image.bytes));
    }
    const std::uint64_t end = std::min<std::uint64_t>(state_.link.end.offset, tail_.image.bytes.size());
    return check.take(state_.segments[tail_.segment], ByteView(tail_.image.bytes).first(end));
  }

  Result<void> check_newest_signature() const {
    if (!state_.newest_signed) return {};
    const Checkpoint& newest = state_.newest_signed->checkpoint;
    const KeySpan* const span = state_.keys.in_force_at(newest.size - 1);
    if (span == nullptr || !builder_.is_signed_by(*state_.newest_signed, span->key)) {
      return damaged(state_.segments[tail_.segment].path, state_.link.end.offset,
                     "the stored checkpoint of " + std::to_string(newest.size) + " events is not signed by the store's key");
    }
    return {};
  }

  Result<void> add_leaves(const segment::CommitView& commit) {
    if (commit.header.type != segment::CommitType::events) return {};
    segment::FrameSplitter frames(commit.body);
    for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
      BATPAK_TRY(const event::FrameView view, event::FrameView::parse(frame));
      state_.tree.append(proof::leaf_hash(view.event_hash()));
    }
    return {};
  }

  Result<void> judge_tail(const std::vector<segment::CommitHeader>& whole) {
    const SegmentFile& segment = state_.segments[tail_.segment];
    const std::uint64_t end = state_.link.end.offset;
    const ByteView behind = ByteView(tail_.image.bytes).subspan(std::min<std::uint64_t>(end, tail_.image.bytes.size()));
    const bool unreadable =
        std::ranges::any_of(tail_.image.unreadable, [&](const auto& range) { return range.offset + range.length > end; });
    if (unreadable) {
      return damaged(segment.path, end, "the device cannot read what stands behind the last whole commit");
    }
    if (!base::all_zero(behind)) {
      if (const auto later = find_later_proof(tail_.image.bytes, tail_.segment, state_.link.end)) {
        return damaged(segment.path, end,
                       "a commit is broken here, and the commit at offset " + std::to_string(later->offset) +
                           " says that it was durable");
      }
      tail_.torn_bytes = written_bytes(behind);
    }
    if (whole.empty() && tail_.segment == 0) return damaged(segment.path, end, "the log has no genesis event");
    const LogPoint& covered = state_.link.durable_through;
    tail_.rewrite_from = covered.segment == tail_.segment ? covered.offset : segment::segment_header_bytes;
    tail_.commits_to_rewrite = static_cast<std::uint64_t>(std::ranges::count_if(
        whole, [&](const segment::CommitHeader& header) { return header.offset >= tail_.rewrite_from; }));
    return {};
  }

  // The tail's segment is followed by one without a whole commit.
  Result<void> check_blank_successor() {
    const SegmentFile& next = state_.segments[tail_.segment + 1];
    if (next.header.first_sequence > state_.link.end.sequence) {
      return damaged(
          state_.segments[tail_.segment].path, state_.link.end.offset,
          "the log ends here, and the next segment begins with sequence " + std::to_string(next.header.first_sequence));
    }
    if (last_seal_) {
      if (!names(*last_seal_, next.header)) {
        return damaged(state_.segments[tail_.segment].path, state_.link.end.offset,
                       "the segment's seal does not name the segment that follows");
      }
      if (!std::ranges::equal(next.header.right_edge, state_.tree.hashes())) {
        return damaged(next.path, 0, "the segment's right edge is not that of the events before it");
      }
      return {};
    }
    if (next.header.first_sequence != state_.link.end.sequence || tail_.blank_torn_bytes != 0) {
      return damaged(next.path, segment::segment_header_bytes, "the segment was written to before the one before it ended");
    }
    tail_.rotation_interrupted = true;
    return {};
  }

  Result<void> check_not_sealed() {
    if (!last_seal_) return {};
    return damaged(state_.segments[tail_.segment].path, state_.link.end.offset,
                   "the log ends in a seal whose next segment is missing");
  }

  Result<void> check_heads_are_known() {
    if (state_.unresolved.empty()) return {};
    const std::uint64_t lost = *state_.unresolved.begin();
    Error error(ErrorCode::damaged, "an event is lost that may be the last of its stream, so nothing can be linked safely");
    error.sequence = lost;
    for (const DamagedRange& range : state_.report.damage) {
      if (lost < range.first_sequence || lost >= range.next_sequence) continue;
      error.path = range.path;
      error.offset = range.offset;
    }
    return fail(std::move(error));
  }

  Result<void> check_keys() {
    BATPAK_TRY(state_.key_change,
               plan_keys(state_.keys, options_.keys, state_.meta.genesis.origin, state_.link.end.sequence));
    return {};
  }

  // From here on things are changed.
  Result<void> repair() {
    if (state_.link.durable_through == LogPoint{.segment = 0, .offset = segment::segment_header_bytes, .sequence = 0}) {
      BATPAK_CHECK(rewrite_identity());
    }
    BATPAK_CHECK(rewrite_commits());
    BATPAK_CHECK(cut_behind(tail_.segment, tail_.image.bytes, tail_.torn_bytes));
    if (tail_.rotation_interrupted) {
      BATPAK_CHECK(complete_rotation());
    } else if (tail_.segment + 1 < state_.segments.size()) {
      BATPAK_CHECK(trim_sealed());
      enter_successor();
      // Nothing of it is written again and synced, so a cut of an earlier opening may still not have reached the device.
      if (tail_.blank_torn_bytes == 0) BATPAK_CHECK(sync(state_.segments[tail_.segment + 1]));
      BATPAK_CHECK(cut_behind(tail_.segment + 1, tail_.blank.bytes, tail_.blank_torn_bytes));
    }
    return remove_leftovers();
  }

  // Nothing says yet that the store was ever synced whole.
  Result<void> rewrite_identity() {
    BATPAK_CHECK(replace_file(directory_, std::string(event::store_meta_name), state_.meta.encode()));
    BATPAK_CHECK(directory_.sync_directory(log_directory));
    return directory_.sync_parent();
  }

  // After a kill or a failed sync the page cache may show bytes that the device never got: write them again, then sync.
  Result<void> rewrite_commits() {
    const std::uint64_t end = state_.link.end.offset;
    if (tail_.rewrite_from >= end) return {};
    BATPAK_TRY(const auto file, directory_.open_file(state_.segments[tail_.segment].path, platform::OpenMode::write));
    BATPAK_CHECK(file->write_at(tail_.rewrite_from,
                                ByteView(tail_.image.bytes).subspan(tail_.rewrite_from, end - tail_.rewrite_from)));
    BATPAK_CHECK(file->sync_all());
    state_.report.commits_rewritten = tail_.commits_to_rewrite;
    return {};
  }

  // Cuts off what stands behind the end of the log, so that it can never be met again.
  Result<void> cut_behind(std::uint32_t number, ByteView image, std::uint64_t torn_bytes) {
    if (torn_bytes == 0) return {};
    SegmentFile& segment = state_.segments[number];
    const std::uint64_t end = state_.link.end.offset;
    state_.report.torn_bytes = torn_bytes;
    state_.report.torn_path = segment.path;
    if (options_.torn_tail == TornTail::quarantine) BATPAK_CHECK(quarantine(segment, image.subspan(end, torn_bytes)));
    return truncate(segment, end);
  }

  Result<void> truncate(SegmentFile& segment, std::uint64_t end) {
    BATPAK_TRY(const auto file, directory_.open_file(segment.path, platform::OpenMode::write));
    BATPAK_CHECK(file->truncate(end));
    BATPAK_CHECK(file->sync_all());
    segment.size = end;
    return {};
  }

  Result<void> sync(const SegmentFile& segment) {
    BATPAK_TRY(const auto file, directory_.open_file(segment.path, platform::OpenMode::write));
    return file->sync_all();
  }

  // A sealed segment ends with its seal; a crash may have come between the two.
  Result<void> trim_sealed() {
    SegmentFile& segment = state_.segments[tail_.segment];
    if (segment.size <= state_.link.end.offset) return {};
    return truncate(segment, state_.link.end.offset);
  }

  Result<void> quarantine(const SegmentFile& segment, ByteView bytes) {
    BATPAK_CHECK(directory_.make_directory(quarantine_directory));
    const std::string stem = std::string(quarantine_directory) + segment.path.substr(log_directory.size()) + "." +
                             std::to_string(state_.link.end.offset) + ".";
    for (std::uint64_t number = 1;; ++number) {
      std::string path = stem + std::to_string(number);
      BATPAK_TRY(const bool taken, directory_.exists(path));
      if (taken) continue;
      BATPAK_TRY(const auto file, directory_.open_file(path, platform::OpenMode::create_new));
      BATPAK_CHECK(file->write_at(0, bytes));
      BATPAK_CHECK(file->sync_all());
      BATPAK_CHECK(directory_.sync_directory(quarantine_directory));
      BATPAK_CHECK(directory_.sync_directory("."));
      state_.report.quarantine_path = std::move(path);
      return {};
    }
  }

  // A successor without a seal that names it: the successor is made anew, since its name or header may not have reached the
  // device; then the seal.
  Result<void> complete_rotation() {
    SegmentFile& segment = state_.segments[tail_.segment];
    SegmentFile& next = state_.segments[tail_.segment + 1];
    const std::string temporary(next_segment_name);
    next.header =
        successor_header(state_.store_id(), next.header.number, state_.link.end.sequence, state_.tree, *options_.entropy);
    BATPAK_TRY(const auto next_file, allocate_segment(directory_, temporary, next.size));
    BATPAK_CHECK(next_file->write_at(0, next.header.encode()));
    BATPAK_CHECK(publish_segment(directory_, *next_file, temporary, next.header.first_sequence));
    const SealedCommit seal =
        make_seal(state_.link, state_.session, state_.link.end, segment.header.salt, state_.tree, next.header, 0, {});
    BATPAK_TRY(const auto file, directory_.open_file(segment.path, platform::OpenMode::write));
    BATPAK_CHECK(file->truncate(state_.link.end.offset + seal.bytes.size()));
    BATPAK_CHECK(file->write_at(state_.link.end.offset, seal.bytes));
    BATPAK_CHECK(file->sync_all());
    segment.size = state_.link.end.offset + seal.bytes.size();
    state_.link.advance(seal.header);
    state_.ends_in_idle_mark = false;
    state_.report.rotation_completed = true;
    enter_successor();
    return {};
  }

  void enter_successor() { state_.link.enter_segment(tail_.segment + 1); }

  // What an interrupted preparation left behind; not part of the log.
  Result<void> remove_leftovers() {
    BATPAK_CHECK(directory_.remove(std::string(event::store_meta_name) + ".tmp"));
    return directory_.remove(next_segment_name);
  }

  LogState state_;
  platform::Directory& directory_;
  RecoverOptions options_;
  LogBuilder builder_;
  Tail tail_;
  std::optional<segment::Seal> last_seal_;
};

}  // namespace

Result<LogState> recover(std::shared_ptr<platform::Directory> directory, const RecoverOptions& options) {
  return Recovery(std::move(directory), options).run();
}

}  // namespace batpak::recovery
