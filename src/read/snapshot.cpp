#include "batpak/snapshot.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "event/frame_view.hpp"
#include "read/cursor.hpp"
#include "read/snapshot_state.hpp"

namespace batpak {

namespace read {

Result<EventView> SnapshotState::at(std::uint64_t sequence) const {
  if (sequence >= size_) {
    return base::fail(
        Error(ErrorCode::past_the_end, "the log has " + std::to_string(size_) + " events").at_sequence(sequence));
  }
  const index::FramePlace place = index_->place(sequence);
  BATPAK_TRY(const ByteView bytes, maps_->frame(place, sequence));
  const auto frame = event::FrameView::parse(bytes);
  if (!frame || frame->header().sequence() != sequence) {
    Error error = frame ? Error(ErrorCode::corrupt, "another event stands in its place") : frame.error();
    if (error.code == ErrorCode::malformed) error.code = ErrorCode::corrupt;
    return base::fail(std::move(error).at_path(maps_->name(place.segment)).at_offset(place.offset).at_sequence(sequence));
  }
  return EventView(frame->parts(), types_.get());
}

SnapshotState::Location SnapshotState::locate(std::uint64_t sequence) const {
  const index::FramePlace place = index_->place(sequence);
  return {.path = maps_->name(place.segment), .offset = place.offset};
}

}  // namespace read

EventRange::EventRange(std::unique_ptr<read::Cursor> cursor) : cursor_(std::move(cursor)) {}
EventRange::EventRange(EventRange&&) noexcept = default;
EventRange& EventRange::operator=(EventRange&&) noexcept = default;
EventRange::~EventRange() = default;

void EventRange::advance() { current_ = cursor_->next(); }

std::uint64_t Snapshot::size() const noexcept { return state_->size(); }
std::uint64_t Snapshot::durable_size() const noexcept { return state_->durable_size(); }

Result<EventView> Snapshot::get(const EventId& id) const {
  const auto sequence = state_->index().find(id, state_->size());
  if (!sequence) return base::fail(ErrorCode::not_found, "the log holds no event " + to_string(id));
  return state_->at(*sequence);
}

Result<EventView> Snapshot::at(std::uint64_t sequence) const { return state_->at(sequence); }

Result<EventView> Snapshot::at(const Position& position) const {
  BATPAK_TRY(const EventView event, state_->at(position.sequence));
  if (event.event_hash() != position.event_hash) {
    return base::fail(
        Error(ErrorCode::history_changed, "another event stands at this position").at_sequence(position.sequence));
  }
  return event;
}

EventRange Snapshot::read(const ReadOptions& options) const { return EventRange(read::log_cursor(state_, options)); }

EventRange Snapshot::stream(std::string_view entity, const StreamOptions& options) const {
  return EventRange(read::stream_cursor(state_, entity, options));
}

EventRange Snapshot::ancestors(const EventId& id) const { return EventRange(read::ancestor_cursor(state_, id)); }

Result<std::optional<StreamHead>> Snapshot::head(std::string_view entity, std::uint32_t lane) const {
  EventRange last = stream(entity, {.lane = lane, .from_version = {}, .direction = Direction::backwards});
  for (const Result<EventView>& event : last) {
    if (!event) return base::fail(event.error());
    return StreamHead{.version = event->stream_version(), .position = event->position()};
  }
  return std::nullopt;
}

std::vector<std::uint32_t> Snapshot::lanes(std::string_view entity) const {
  constexpr std::size_t streams_at_once = 256;  // the writer waits meanwhile
  std::vector<std::uint32_t> lanes;
  const std::uint64_t streams = state_->index().streams();
  for (std::uint64_t first = 0; first < streams; first += streams_at_once) {
    for (const index::StreamEnd& end : state_->index().stream_ends(first, streams_at_once, state_->size())) {
      if (end.entity == entity) lanes.push_back(end.lane);
    }
  }
  std::ranges::sort(lanes);
  return lanes;
}

std::optional<EventKind> Snapshot::kind_named(std::string_view name) const { return state_->types().kind_named(name); }

}  // namespace batpak
