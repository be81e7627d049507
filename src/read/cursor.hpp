// Steps through events one at a time: the engine of EventRange.
#pragma once

#include <memory>
#include <optional>

#include "read/snapshot_state.hpp"

namespace batpak::read {

// Threads: one at a time.
class [[gnu::visibility("hidden")]] Cursor {
 public:
  virtual ~Cursor() = default;
  // The next event, an error in its place, or nothing at the end.
  [[nodiscard]] virtual std::optional<Result<EventView>> next() = 0;
};

using State = std::shared_ptr<const SnapshotState>;

[[nodiscard]] std::unique_ptr<Cursor> log_cursor(State state, const ReadOptions& options);
[[nodiscard]] std::unique_ptr<Cursor> stream_cursor(State state, std::string_view entity, const StreamOptions& options);
[[nodiscard]] std::unique_ptr<Cursor> ancestor_cursor(State state, const EventId& id);

}  // namespace batpak::read
