// A moment of the log, and every way to read it.
#pragma once

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "batpak/event.hpp"

namespace [[gnu::visibility("default")]] batpak {

namespace read {
class SnapshotState;
class Cursor;
}  // namespace read

enum class Direction : std::uint8_t { forwards, backwards };

enum class StoreEvents : std::uint8_t {
  skip,  // leave out the store's own events (category 0x0)
  include,
};

struct ReadOptions {
  // Where to begin, inclusive. By default the first event forwards and the last one backwards.
  std::optional<std::uint64_t> from = {};
  Direction direction = Direction::forwards;
  StoreEvents store_events = StoreEvents::skip;
};

struct StreamOptions {
  std::uint32_t lane = 0;
  std::optional<std::uint64_t> from_version = {};  // inclusive
  Direction direction = Direction::forwards;
};

// Events one after the other, read as they are asked for, in commit order or against it. An event that cannot be read is an
// element with an error that names it (corrupt); the range goes on behind it.
//
//   for (const batpak::Result<batpak::EventView>& event : snapshot.read()) {
//     if (!event) { std::cerr << event.error() << '\n'; continue; }
//     std::cout << event->sequence() << ' ' << event->entity() << '\n';
//   }
//
// Owner: keeps its snapshot. Threads: one at a time; single pass.
class EventRange {
 public:
  class Iterator {
   public:
    using value_type = Result<EventView>;
    using difference_type = std::ptrdiff_t;
    explicit Iterator(EventRange* range) : range_(range) {}
    const Result<EventView>& operator*() const { return *range_->current_; }
    const Result<EventView>* operator->() const { return &*range_->current_; }
    Iterator& operator++() {
      range_->advance();
      return *this;
    }
    void operator++(int) { range_->advance(); }
    [[nodiscard]] bool at_end() const { return !range_->current_.has_value(); }
    friend bool operator==(const Iterator& at, std::default_sentinel_t) { return at.at_end(); }

   private:
    EventRange* range_;
  };

  explicit EventRange(std::unique_ptr<read::Cursor> cursor);
  EventRange(EventRange&&) noexcept;
  EventRange& operator=(EventRange&&) noexcept;
  ~EventRange();

  [[nodiscard]] Iterator begin() {
    advance();
    return Iterator(this);
  }
  [[nodiscard]] std::default_sentinel_t end() const { return {}; }

 private:
  void advance();

  std::unique_ptr<read::Cursor> cursor_;
  std::optional<Result<EventView>> current_;
};

// What stands at the end of a stream.
struct StreamHead {
  std::uint64_t version = 0;  // of the last event; the stream has version + 1 events
  Position position;
};

// Sees the log as it was when it was taken, however long the writer goes on: whole commits, in order.
//
// Owner: keeps what it needs of the store alive, also after the store is closed. Copies are cheap.
// Threads: any. Errors: corrupt names the place; not_found where there is none.
class Snapshot {
 public:
  explicit Snapshot(std::shared_ptr<const read::SnapshotState> state) : state_(std::move(state)) {}

  [[nodiscard]] std::uint64_t size() const noexcept;          // events visible, the store's own included
  [[nodiscard]] std::uint64_t durable_size() const noexcept;  // of them, those known to be durable

  [[nodiscard]] Result<EventView> get(const EventId& id) const;
  [[nodiscard]] Result<EventView> at(std::uint64_t sequence) const;
  // The event at a position kept earlier. Errors: history_changed when another one stands there; past_the_end.
  [[nodiscard]] Result<EventView> at(const Position& position) const;

  [[nodiscard]] EventRange read(const ReadOptions& options = {}) const;
  [[nodiscard]] EventRange stream(std::string_view entity, const StreamOptions& options = {}) const;
  // The event itself, the one before it in its stream, and so on to the stream's beginning.
  [[nodiscard]] EventRange ancestors(const EventId& id) const;
  // Nothing where the stream has no event.
  [[nodiscard]] Result<std::optional<StreamHead>> head(std::string_view entity, std::uint32_t lane = 0) const;
  // The lanes in which the entity has events, ascending. It looks at the name of every stream of the log.
  [[nodiscard]] std::vector<std::uint32_t> lanes(std::string_view entity) const;
  // The kind that the log declares for a name, or for T.
  [[nodiscard]] std::optional<EventKind> kind_named(std::string_view name) const;

  [[nodiscard]] const std::shared_ptr<const read::SnapshotState>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<const read::SnapshotState> state_;
};

}  // namespace batpak
