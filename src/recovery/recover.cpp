#include "recovery/recover.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "recovery/log_builder.hpp"
#include "recovery/log_files.hpp"
#include "recovery/repair.hpp"
#include "recovery/unsigned_check.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {
namespace {

constexpr std::uint64_t session_max = 1ULL << 63U;

using base::fail;
using segment::LogPoint;

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
    BATPAK_CHECK(repair(state_, tail_, options_));
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
    auto image = segment::SegmentImage::load(*file);
    if (!image) return fail(std::move(image).error().at_path(state_.segments[number].path));
    return image;
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
    UnsignedCheck check(newest, tree, state_.keys, state_.meta.genesis.origin);
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
    std::uint64_t offset = commit.header.offset + segment::commit_header_bytes;
    for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
      const auto view = event::FrameView::parse(frame);
      if (!view) {
        Error error = view.error();
        if (error.code != ErrorCode::newer_format) error.code = ErrorCode::damaged;
        return fail(std::move(error).at_path(state_.segments[tail_.segment].path).at_offset(offset));
      }
      state_.tree.append(proof::leaf_hash(view->event_hash()));
      offset += frame.size();
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
