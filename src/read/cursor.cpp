#include "read/cursor.hpp"

#include <string>
#include <vector>

#include "base/try.hpp"

namespace batpak::read {
namespace {

// Over the whole log. `next_` is the sequence to read; backwards it ends below 0, which wraps and is never below the size.
class LogCursor : public Cursor {
 public:
  LogCursor(State state, const ReadOptions& options) : state_(std::move(state)), options_(options) {
    const std::uint64_t last = state_->size() - 1;  // a log always has its genesis; of an empty snapshot this wraps too
    next_ = options.direction == Direction::forwards ? options.from.value_or(0) : options.from.value_or(last);
    if (options.direction == Direction::backwards && next_ > last) next_ = last;
  }

  std::optional<Result<EventView>> next() override {
    while (next_ < state_->size()) {
      Result<EventView> event = state_->at(next_);
      next_ += options_.direction == Direction::forwards ? 1 : ~std::uint64_t{0};
      if (event && options_.store_events == StoreEvents::skip && event->kind().is_system()) continue;
      return event;
    }
    return std::nullopt;
  }

 private:
  State state_;
  ReadOptions options_;
  std::uint64_t next_ = 0;
};

class StreamCursor : public Cursor {
 public:
  StreamCursor(State state, std::string_view entity, const StreamOptions& options)
      : state_(std::move(state)), entity_(entity), options_(options) {
    size_ = state_->index().stream_size(entity_, options.lane, state_->size());
    next_ = options.direction == Direction::forwards ? options.from_version.value_or(0)
                                                     : options.from_version.value_or(size_ - 1);
    if (options.direction == Direction::backwards && next_ >= size_) next_ = size_ - 1;
  }

  std::optional<Result<EventView>> next() override {
    if (next_ >= size_) return std::nullopt;
    if (next_ < page_first_ || next_ - page_first_ >= page_.size()) load_page();
    Result<EventView> event = state_->at(page_[next_ - page_first_]);
    next_ += options_.direction == Direction::forwards ? 1 : ~std::uint64_t{0};
    return event;
  }

 private:
  static constexpr std::size_t page_events = 256;

  void load_page() {
    page_first_ = next_;
    if (options_.direction == Direction::backwards) page_first_ = next_ < page_events ? 0 : next_ - (page_events - 1);
    page_ = state_->index().stream_sequences(entity_, options_.lane, page_first_, page_events, state_->size());
  }

  State state_;
  std::string entity_;
  StreamOptions options_;
  std::uint64_t size_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t page_first_ = 0;
  std::vector<std::uint64_t> page_;
};

// Follows the links to previous events, until the first of the lane it ends in: one whose version is 0 in lane 0.
class AncestorCursor : public Cursor {
 public:
  AncestorCursor(State state, const EventId& id) : state_(std::move(state)) {
    next_ = state_->index().find(id, state_->size());
    if (!next_) missing_ = Error(ErrorCode::not_found, "the log holds no event " + to_string(id));
  }

  std::optional<Result<EventView>> next() override {
    if (missing_) {
      Result<EventView> error = base::fail(*std::move(missing_));
      missing_.reset();
      return error;
    }
    if (!next_) return std::nullopt;
    Result<EventView> event = state_->at(*next_);
    next_.reset();
    if (event && (event->stream_version() != 0 || event->lane() != 0)) next_ = event->previous_sequence();
    return event;
  }

 private:
  State state_;
  std::optional<std::uint64_t> next_;
  std::optional<Error> missing_;
};

}  // namespace

std::unique_ptr<Cursor> log_cursor(State state, const ReadOptions& options) {
  return std::make_unique<LogCursor>(std::move(state), options);
}

std::unique_ptr<Cursor> stream_cursor(State state, std::string_view entity, const StreamOptions& options) {
  return std::make_unique<StreamCursor>(std::move(state), entity, options);
}

std::unique_ptr<Cursor> ancestor_cursor(State state, const EventId& id) {
  return std::make_unique<AncestorCursor>(std::move(state), id);
}

}  // namespace batpak::read
