#include "recovery/follow.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "recovery/log_files.hpp"
#include "recovery/recover.hpp"
#include "segment/live_file.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {
namespace {

using base::fail;
using segment::LogPoint;

// More events than this missing between two segments are not counted one by one.
constexpr std::uint64_t lost_events_max = 1ULL << 24U;

Result<segment::SegmentImage> load(platform::Directory& directory, const std::string& path) {
  BATPAK_TRY(const auto file, directory.open_file(path, platform::OpenMode::read));
  auto image = segment::SegmentImage::load(*file);
  if (!image) return fail(std::move(image).error().at_path(path));
  return image;
}

// Who the store is, from the genesis event, for a directory whose store.meta is gone or broken.
Result<event::StoreMeta> identity_from_genesis(platform::Directory& directory) {
  BATPAK_TRY(const auto names, list_segments(directory));
  if (names.empty()) return fail(ErrorCode::not_a_store, "there is neither a store.meta nor a log");
  BATPAK_TRY(const segment::SegmentImage image, load(directory, "log/" + names.front()));
  BATPAK_TRY(const segment::SegmentHeader header, segment::SegmentHeader::decode(image.bytes));
  segment::CommitWalker walker(image.bytes, header);
  const segment::WalkStep step = walker.next();
  if (!step.commit) return fail(ErrorCode::damaged, "neither store.meta nor the genesis event can be read");
  BATPAK_TRY(const ByteView frame, segment::frame_at(step.commit->body));
  BATPAK_TRY(const event::FrameView genesis, event::FrameView::parse(frame));
  if (genesis.header().kind() != event::Genesis::kind) {
    return fail(ErrorCode::damaged, "neither store.meta nor the genesis event can be read");
  }
  BATPAK_TRY(const auto decoded, event::read_genesis(genesis.payload()));
  return event::StoreMeta::make(decoded);
}

// Bytes up to the last one that is not zero.
std::uint64_t written_bytes(ByteView bytes) {
  std::size_t size = bytes.size();
  while (size > 0 && bytes[size - 1] == std::byte{0}) --size;
  return size;
}

// The end of the last whole commit that follows the one before it from `start` on.
std::uint64_t end_of_whole_commits(ByteView image, const segment::SegmentHeader& header, std::uint64_t start) {
  segment::CommitWalker walker(image, header, start);
  std::uint64_t end = start;
  std::optional<segment::CommitHeader> before;
  for (segment::WalkStep step = walker.next(); step.commit; step = walker.next()) {
    const segment::CommitHeader& commit = step.commit->header;
    if (before && commit.first_sequence != before->next_sequence()) break;
    before = commit;
    end = walker.offset();
  }
  return end;
}

// How far the log of a segment is known to have come, though not all of it is whole.
struct KnownEnd {
  std::uint64_t offset = 0;  // in the segment, if it is as long as it was
  LogPoint proven;           // what the last owner or an intact header says was durable
};

// Behind the whole commits from `start` on: what was durable, or is whole and of another form, was not torn by a crash. Anything
// else there is a write that did not finish, and so is what stands behind that.
KnownEnd known_end(ByteView image, const segment::SegmentHeader& header, std::uint64_t start, const LogPoint& live) {
  KnownEnd known{.offset = end_of_whole_commits(image, header, start), .proven = {}};
  const auto believe = [&](const LogPoint& point) {
    if (point.segment == header.number && point.offset <= limits::segment_bytes_max)
      known.proven = std::max(known.proven, point);
  };
  believe(live);
  for (auto found = segment::find_commit_header(image, header.salt, header.number, known.offset); found;
       found = segment::find_commit_header(image, header.salt, header.number, found->offset + 8)) {
    believe(found->durable_through);
  }
  if (known.proven.offset > known.offset) {
    known.offset = end_of_whole_commits(image, header, std::min<std::uint64_t>(known.proven.offset, image.size()));
  }
  while (true) {
    const segment::WalkStep step = segment::CommitWalker(image, header, known.offset).next();
    if (!step.fault || !step.fault->crcs_match) return known;
    const auto other_form = segment::find_commit_header(image, header.salt, header.number, known.offset);
    if (!other_form) return known;
    known.offset = end_of_whole_commits(image, header, other_form->offset + other_form->length);
  }
}

}  // namespace

LogFollower::LogFollower(std::shared_ptr<platform::Directory> directory, ReadOnlyOptions::Undurable undurable)
    : builder_(state_), undurable_(undurable) {
  state_.directory = std::move(directory);
  state_.maps = std::make_shared<index::MappedSegments>(state_.directory);
}

Result<std::unique_ptr<LogFollower>> LogFollower::open(std::shared_ptr<platform::Directory> directory,
                                                       ReadOnlyOptions::Undurable undurable) {
  std::unique_ptr<LogFollower> follower(new LogFollower(std::move(directory), undurable));
  LogState& state = follower->state_;
  auto meta = read_store_meta(*state.directory);
  if (!meta && meta.error().code != ErrorCode::damaged) return fail(std::move(meta).error());
  if (meta && *meta) {
    state.meta = **std::move(meta);
  } else {
    // What an interrupted creation left is made anew by the next writer, whose store it is not yet.
    const bool is_missing = meta.has_value();
    if (is_missing) {
      BATPAK_CHECK(check_finished(*state.directory));
      BATPAK_TRY(const bool half_made, is_half_made(*state.directory));
      if (half_made) return fail(ErrorCode::not_a_store, "there is no store, or its making did not come to its end");
    }
    BATPAK_TRY(state.meta, identity_from_genesis(*state.directory));
    state.report.damage.push_back({.path = std::string(event::store_meta_name),
                                   .offset = 0,
                                   .first_sequence = 0,
                                   .next_sequence = 0,
                                   .reason = is_missing ? "store.meta is missing" : meta.error().message});
  }
  BATPAK_CHECK(follower->refresh());
  state.report.segments = state.segments.size();
  state.report.events = follower->builder_.next_sequence();
  return follower;
}

Result<void> LogFollower::refresh() {
  if (shows_undurable_) return {};
  BATPAK_TRY(std::optional<Rest> rest, look_at_rest());
  if (rest && rest == rest_) return {};
  // The limit first: what is durable now lies in segments that can be listed from now on.
  BATPAK_CHECK(add_new_segments());
  BATPAK_TRY(const Limit limit, find_limit());
  BATPAK_CHECK(add_new_segments());
  BATPAK_CHECK(read_up_to(limit));
  state_.index->publish();
  rest_ = std::move(rest);
  return {};
}

Result<std::optional<LogFollower::Rest>> LogFollower::look_at_rest() const {
  BATPAK_TRY(const bool has_owner, state_.directory->has_owner());
  if (has_owner) return std::optional<Rest>{};
  BATPAK_TRY(const auto names, list_segments(*state_.directory));
  if (names.empty()) return std::optional<Rest>{};
  Rest rest{.last_segment = names.back(), .last_size = 0, .live = {}};
  BATPAK_TRY(const auto file, state_.directory->open_file("log/" + rest.last_segment, platform::OpenMode::read));
  BATPAK_TRY(rest.last_size, file->size());
  if (auto live = segment::read_live(*state_.directory)) rest.live = *std::move(live);
  return rest;
}

Result<void> LogFollower::add_new_segments() {
  BATPAK_TRY(const auto names, list_segments(*state_.directory));
  for (const std::string& name : names) {
    BATPAK_TRY(const std::uint64_t first_sequence, segment::parse_segment_file_name(name));
    const bool is_known = !state_.segments.empty() && first_sequence <= state_.segments.back().header.first_sequence;
    if (is_known && !may_be_made_anew(first_sequence)) continue;
    auto segment = read_segment_file(*state_.directory, name, state_.store_id());
    if (is_known) {
      if (segment) state_.segments.back() = *std::move(segment);
      continue;
    }
    if (segment) {
      // A live tail may grow into the space allocated for it, never past the largest segment.
      state_.maps->add(segment->path, std::max(segment->size, limits::segment_bytes_default));
      state_.segments.push_back(*std::move(segment));
    } else if (segment.error().code == ErrorCode::damaged) {
      const bool noted =
          std::ranges::any_of(state_.report.damage, [&](const auto& range) { return range.path == segment.error().path; });
      if (!noted) {
        state_.report.damage.push_back({.path = segment.error().path,
                                        .offset = 0,
                                        .first_sequence = first_sequence,
                                        .next_sequence = first_sequence,
                                        .reason = segment.error().message});
      }
    } else {
      return fail(std::move(segment).error());
    }
  }
  if (state_.segments.empty()) {
    if (names.size() == 1 && !state_.report.damage.empty()) {
      const DamagedRange& only = state_.report.damage.back();
      return fail(Error(ErrorCode::damaged, only.reason).at_path(only.path).at_offset(only.offset));
    }
    return fail(Error(ErrorCode::damaged, "no segment of the log can be read").at_path("log"));
  }
  return {};
}

// The last segment, of which nothing was read yet: where a change of segments was interrupted, recovery makes it anew under the
// same name, with another salt.
bool LogFollower::may_be_made_anew(std::uint64_t first_sequence) const {
  const std::size_t last = state_.segments.size() - 1;
  return first_sequence == state_.segments[last].header.first_sequence &&
         (segment_ < last || (segment_ == last && offset_ == segment::segment_header_bytes));
}

// With an owner: what it publishes. Without one: what a durable-through covers, or the last owner's word where it names the
// end of a commit of this log.
Result<LogFollower::Limit> LogFollower::find_limit() const {
  BATPAK_TRY(const bool has_owner, state_.directory->has_owner());
  const auto live = segment::read_live(*state_.directory);
  const bool live_is_ours = live && live->store_id == state_.store_id();
  if (has_owner && live_is_ours) return Limit{.durable_through = live->durable_through, .has_owner = true};
  Limit limit{.durable_through = {}, .has_owner = has_owner};
  if (live_is_ours) limit.live = live->durable_through;
  for (std::size_t back = state_.segments.size(); back-- > 0;) {
    const SegmentFile& segment = state_.segments[back];
    BATPAK_TRY(const segment::SegmentImage image, load(*state_.directory, segment.path));
    segment::CommitWalker walker(image.bytes, segment.header);
    bool any = false;
    while (true) {
      const segment::WalkStep step = walker.next();
      if (step.at_end()) break;
      if (!step.commit) {
        if (step.fault->error.code == ErrorCode::newer_format) return fail(Error(step.fault->error).at_path(segment.path));
        if (!walker.skip_fault()) break;
        continue;
      }
      any = true;
      limit.durable_through = std::max(limit.durable_through, step.commit->header.durable_through);
      if (live_is_ours && live->durable_through == step.commit->header.end()) {
        limit.durable_through = std::max(limit.durable_through, live->durable_through);
      }
    }
    if (any) break;
  }
  return limit;
}

Result<void> LogFollower::read_up_to(const Limit& limit) {
  // Without an owner, what stands behind the limit is whole but perhaps not durable.
  const bool beyond = !limit.has_owner && undurable_ == ReadOnlyOptions::Undurable::show;
  while (segment_ < state_.segments.size()) {
    const SegmentFile& segment = state_.segments[segment_];
    const std::uint64_t number = segment.header.number;
    if (!beyond && number > limit.durable_through.segment) break;
    if (segment.header.first_sequence > builder_.next_sequence()) {
      if (segment.header.first_sequence - builder_.next_sequence() > lost_events_max) {
        return fail(Error(ErrorCode::damaged, "too much of the log is missing before this segment").at_path(segment.path));
      }
      builder_.lose_until(segment.header.first_sequence, {.path = segment.path, .reason = "events are missing before here"});
    }
    const bool is_read = !beyond && number == limit.durable_through.segment && offset_ >= limit.durable_through.offset;
    if (is_read) break;
    BATPAK_TRY(const auto file, state_.directory->open_file(segment.path, platform::OpenMode::read));
    BATPAK_TRY(segment::SegmentImage image, segment::SegmentImage::load(*file, beyond ? 0 : offset_));
    const bool last = beyond ? segment_ + 1 == state_.segments.size() : number == limit.durable_through.segment;
    std::uint64_t end = last && !beyond ? limit.durable_through.offset : image.bytes.size();
    LogPoint proven;
    if (beyond && number >= limit.durable_through.segment) {
      const std::uint64_t durable = number == limit.durable_through.segment ? limit.durable_through.offset : 0;
      const std::uint64_t whole = std::max({offset_, durable, segment::segment_header_bytes});
      const KnownEnd known =
          known_end(image.bytes, segment.header, std::min<std::uint64_t>(whole, image.bytes.size()), limit.live);
      end = known.offset;
      proven = known.proven;
    }
    const std::uint64_t begin = offset_;
    if (offset_ < end) offset_ = builder_.walk_around_damage(image.bytes, segment_, offset_, end).end;
    if (proven.sequence > builder_.next_sequence() && proven.offset > begin &&
        proven.sequence - builder_.next_sequence() <= (proven.offset - begin) / event::layout::header_bytes_min) {
      builder_.lose_until(
          proven.sequence,
          {.path = segment.path, .offset = offset_, .reason = "these events were durable, and are broken or cut off"});
    }
    if (beyond && last) {
      const std::uint64_t read = std::min<std::uint64_t>(std::max(offset_, end), image.bytes.size());
      state_.report.unfinished_bytes = written_bytes(ByteView(image.bytes).subspan(read));
    }
    // A writer that cuts a mapped tail off would end this process by a signal. What was durable once is so for good, though what
    // says so now may know less.
    const bool undurable = beyond && builder_.next_sequence() > std::max(durable_, limit.durable_through.sequence);
    if (undurable) state_.maps->keep(segment_, std::move(image.bytes));
    // A durable-through at the end of a sealed segment: the next one begins there.
    if (last) break;
    ++segment_;
    offset_ = segment::segment_header_bytes;
  }
  if (state_.refused && state_.refused->code == ErrorCode::newer_format) return fail(*state_.refused);
  if (beyond) lose_missing_segments(limit.live);
  durable_ = std::max(durable_, std::min(builder_.next_sequence(), limit.durable_through.sequence));
  shows_undurable_ = builder_.next_sequence() > durable_;
  if (limit.has_owner) return {};
  BATPAK_TRY(const std::uint64_t behind, count_behind());
  state_.report.undurable_events = builder_.next_sequence() - durable_ + behind;
  return {};
}

void LogFollower::lose_missing_segments(const LogPoint& live) {
  const SegmentFile& last = state_.segments.back();
  if (live.segment <= last.header.number || live.sequence <= builder_.next_sequence()) return;
  const DamagedRange where{.path = "log", .reason = "the segments behind " + last.path + " are missing"};
  if (live.sequence - builder_.next_sequence() <= lost_events_max) builder_.lose_until(live.sequence, where);
}

// Events of whole commits behind what was read.
Result<std::uint64_t> LogFollower::count_behind() const {
  std::uint64_t events = 0;
  std::uint64_t start = offset_;
  for (std::uint32_t number = segment_; number < state_.segments.size(); ++number) {
    const SegmentFile& segment = state_.segments[number];
    BATPAK_TRY(const segment::SegmentImage image, load(*state_.directory, segment.path));
    segment::CommitWalker walker(image.bytes, segment.header, start);
    for (segment::WalkStep step = walker.next(); step.commit; step = walker.next()) events += step.commit->header.count;
    start = segment::segment_header_bytes;
  }
  return events;
}

}  // namespace batpak::recovery
