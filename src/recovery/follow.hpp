// Reading a log without owning it, beside a live writer or without one.
#pragma once

#include "recovery/log_builder.hpp"
#include "recovery/log_state.hpp"
#include "segment/live_file.hpp"

namespace batpak::recovery {

// Reads what is durable into a LogState and goes on from there when asked. Never writes a byte, takes no lock, serves what is
// whole around damage.
//
// Threads: one at a time. Owner: the state's index, types and maps are shared with readers.
class LogFollower {
 public:
  // Errors: not_a_store, newer_format, foreign_segment, io_error; damaged only where nothing can be served.
  [[nodiscard]] static Result<std::unique_ptr<LogFollower>> open(std::shared_ptr<platform::Directory> directory,
                                                                 ReadOnlyOptions::Undurable undurable);

  // Takes in what has become durable since. Once something undurable is shown, that is the picture of one moment and stays as
  // it is: the next writer may cut it off and write something else there. Errors: io_error, newer_format.
  [[nodiscard]] Result<void> refresh();

  [[nodiscard]] const LogState& state() const noexcept { return state_; }
  // Events known to be durable; more may be visible where undurable ones are shown.
  [[nodiscard]] std::uint64_t durable() const noexcept { return durable_; }

 private:
  LogFollower(std::shared_ptr<platform::Directory> directory, ReadOnlyOptions::Undurable undurable);

  struct Limit {
    segment::LogPoint durable_through;
    bool has_owner = false;
    segment::LogPoint live = {};  // the last owner's word, where there is one for this log
  };
  // What a log looks like that nobody owns. Whoever comes and goes leaves another look, if he leaves another log.
  struct Rest {
    std::string last_segment;
    std::uint64_t last_size = 0;
    std::optional<segment::LiveRecord> live;
    friend bool operator==(const Rest&, const Rest&) = default;
  };
  // Nothing while somebody owns it.
  [[nodiscard]] Result<std::optional<Rest>> look_at_rest() const;
  [[nodiscard]] Result<Limit> find_limit() const;
  [[nodiscard]] Result<void> add_new_segments();
  [[nodiscard]] bool may_be_made_anew(std::uint64_t first_sequence) const;
  [[nodiscard]] Result<void> read_up_to(const Limit& limit);
  // Notes as lost what `live` says was durable in segments that are not there.
  void lose_missing_segments(const segment::LogPoint& live);
  [[nodiscard]] Result<std::uint64_t> count_behind() const;

  LogState state_;
  LogBuilder builder_;
  ReadOnlyOptions::Undurable undurable_;
  std::uint32_t segment_ = 0;                             // being read
  std::uint64_t offset_ = segment::segment_header_bytes;  // in it
  std::uint64_t durable_ = 0;
  bool shows_undurable_ = false;
  std::optional<Rest> rest_;  // as it was before it was read last
};

}  // namespace batpak::recovery
