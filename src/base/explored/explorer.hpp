// Choosers, and searches for the schedule that breaks something.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/explored/schedule.hpp"

namespace batpak::base::explored {

// Numbers that follow from a seed.
class SeededNumbers {
 public:
  explicit SeededNumbers(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() noexcept;
  // Below `bound`, which is not 0.
  std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

 private:
  std::uint64_t state_;
};

// Nobody interferes.
class FirstChooser : public Chooser {
 public:
  std::size_t choose(const Point&) override { return 0; }
};

// Any option now and then; at contended points only, where others make no difference.
class RandomChooser : public Chooser {
 public:
  explicit RandomChooser(std::uint64_t seed) : numbers_(seed) {}
  std::size_t choose(const Point& point) override;

 private:
  SeededNumbers numbers_;
};

// Threads have priorities, and the highest that can goes on; at `changes` points of about `points` the one that runs gets the
// lowest. Finds what needs few reorderings with a known likelihood, however long the run (Burckhardt et al., 2010).
class PriorityChooser : public Chooser {
 public:
  PriorityChooser(std::uint64_t seed, std::uint64_t points, std::uint64_t changes);
  std::size_t choose(const Point& point) override;

 private:
  [[nodiscard]] std::uint64_t& priority_of(ThreadNumber thread);

  SeededNumbers numbers_;
  std::vector<std::uint64_t> change_points_;  // sorted
  std::uint64_t contended_ = 0;               // points so far
  std::uint64_t lowest_;
  std::vector<std::uint64_t> priorities_;
};

// The schedule of an Outcome again.
class ReplayChooser : public Chooser {
 public:
  struct Deviation {
    std::uint64_t point = 0;
    std::size_t option = 0;
  };
  explicit ReplayChooser(std::vector<Deviation> deviations) : deviations_(std::move(deviations)) {}
  // "POINT:OPTION,..." with rising points, or "-" or nothing where nobody interferes.
  [[nodiscard]] static std::optional<std::vector<Deviation>> parse(std::string_view schedule);
  void begin() override { next_ = 0; }
  std::size_t choose(const Point& point) override;

 private:
  std::vector<Deviation> deviations_;
  std::size_t next_ = 0;
};

// Every schedule within bounds, one a run, as a walk over the tree of choices.
class DepthFirstChooser : public Chooser {
 public:
  struct Bounds {
    unsigned preemptions = 2;     // run_out too counts as one
    unsigned spurious_wakes = 0;  // wake_early
  };
  explicit DepthFirstChooser(Bounds bounds) : bounds_(bounds) {}
  void begin() override;
  std::size_t choose(const Point& point) override;
  // Goes on to the next schedule; false when there is none.
  [[nodiscard]] bool advance();

 private:
  struct Taken {
    std::vector<Option::Kind> kinds;
    std::size_t option = 0;
    bool contended = false;
    unsigned preemptions = 0;  // before it
    unsigned spurious_wakes = 0;
  };
  [[nodiscard]] bool allows(const Taken& taken, std::size_t option) const noexcept;

  Bounds bounds_;
  std::vector<Taken> path_;
  std::size_t depth_ = 0;
};

// How much is looked at, and how.
struct Search {
  DepthFirstChooser::Bounds bounds = {};
  std::uint64_t depth_first_max = 20'000;  // schedules; 0: none
  std::uint64_t first_seed = 1;            // for the rest, half at random, half by priorities
  std::uint64_t seeds = 1'000;
  std::function<bool()> is_late = {};  // ends the search between two runs
  RunOptions run = {};
};

struct Found {
  std::uint64_t schedules = 0;
  std::uint64_t depth_first = 0;  // of them
  std::uint64_t steps = 0;
  std::uint64_t points_max = 0;
  std::uint64_t threads_max = 0;
  bool exhausted = false;  // all within the bounds
  struct Failure {
    std::string what;
    std::string schedule;  // the shortest found that fails
    std::string met_by;    // how it was found first
    std::string trace;
  };
  std::optional<Failure> failure;  // ends the search
};

// Precondition: `body` gives the same run for the same choices.
[[nodiscard]] Found search(const std::function<void()>& body, const Search& search);

// What the run has chosen so far, for a program that ends in the middle of one.
[[nodiscard]] std::string_view schedule_so_far() noexcept;

// One run again, with its trace.
[[nodiscard]] Outcome replay(const std::function<void()>& body, const std::vector<ReplayChooser::Deviation>& schedule,
                             const RunOptions& options);

}  // namespace batpak::base::explored
