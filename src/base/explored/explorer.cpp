#include "base/explored/explorer.hpp"

#include <algorithm>
#include <charconv>

namespace batpak::base::explored {

// SplitMix64.
std::uint64_t SeededNumbers::next() noexcept {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t number = state_;
  number = (number ^ (number >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  number = (number ^ (number >> 27U)) * 0x94D049BB133111EBULL;
  return number ^ (number >> 31U);
}

std::size_t RandomChooser::choose(const Point& point) {
  if (!point.contended) return 0;
  // Longer stretches of one thread and shorter ones both find things.
  if (point.options.front().kind == Option::Kind::go_on && numbers_.below(4) != 0) return 0;
  return numbers_.below(point.options.size());
}

PriorityChooser::PriorityChooser(std::uint64_t seed, std::uint64_t points, std::uint64_t changes)
    : numbers_(seed), lowest_(changes) {
  for (std::uint64_t i = 0; i < changes; ++i) change_points_.push_back(numbers_.below(std::max<std::uint64_t>(points, 1)));
  std::ranges::sort(change_points_);
}

std::uint64_t& PriorityChooser::priority_of(ThreadNumber thread) {
  // All that are given at first are above those given at change points.
  while (priorities_.size() <= thread) priorities_.push_back(1000 + numbers_.below(1'000'000));
  return priorities_[thread];
}

std::size_t PriorityChooser::choose(const Point& point) {
  if (!point.contended) return 0;
  const std::uint64_t number = contended_++;
  if (std::ranges::binary_search(change_points_, number)) priority_of(point.running) = lowest_ == 0 ? 0 : --lowest_;
  std::size_t best = 0;
  for (std::size_t i = 0; i < point.options.size(); ++i) {
    const Option& option = point.options[i];
    const bool may_end_early = option.kind == Option::Kind::run_out || option.kind == Option::Kind::wake_early;
    if (may_end_early) {
      if (numbers_.below(32) == 0) return i;
      continue;
    }
    if (priority_of(option.thread) > priority_of(point.options[best].thread)) best = i;
  }
  return best;
}

std::optional<std::vector<ReplayChooser::Deviation>> ReplayChooser::parse(std::string_view schedule) {
  std::vector<Deviation> deviations;
  if (schedule == "-") return deviations;
  const char* at = schedule.data();
  const char* const end = at + schedule.size();
  while (at != end) {
    Deviation next;
    auto read = std::from_chars(at, end, next.point);
    if (read.ec != std::errc() || read.ptr == end || *read.ptr != ':') return std::nullopt;
    read = std::from_chars(read.ptr + 1, end, next.option);
    if (read.ec != std::errc()) return std::nullopt;
    at = read.ptr;
    if (at != end && *at != ',') return std::nullopt;
    if (at != end) ++at;
    if (!deviations.empty() && deviations.back().point >= next.point) return std::nullopt;
    deviations.push_back(next);
  }
  return deviations;
}

std::size_t ReplayChooser::choose(const Point& point) {
  if (next_ == deviations_.size() || deviations_[next_].point != point.number) return 0;
  return deviations_[next_++].option;
}

void DepthFirstChooser::begin() { depth_ = 0; }

std::size_t DepthFirstChooser::choose(const Point& point) {
  if (depth_ == path_.size()) {
    Taken taken;
    for (const Option& option : point.options) taken.kinds.push_back(option.kind);
    taken.contended = point.contended;
    if (depth_ > 0) {
      const Taken& last = path_[depth_ - 1];
      const Option::Kind chosen = last.kinds[last.option];
      taken.preemptions = last.preemptions + (chosen == Option::Kind::preempt || chosen == Option::Kind::run_out ? 1 : 0);
      taken.spurious_wakes = last.spurious_wakes + (chosen == Option::Kind::wake_early ? 1 : 0);
    }
    path_.push_back(std::move(taken));
  }
  const Taken& taken = path_[depth_++];
  const bool same = std::ranges::equal(taken.kinds, point.options, {}, {}, &Option::kind);
  if (!same) fail("the same choices gave another run: it rests on something beside its schedule");
  return taken.option;
}

bool DepthFirstChooser::allows(const Taken& taken, std::size_t option) const noexcept {
  switch (taken.kinds[option]) {
    case Option::Kind::preempt:
    case Option::Kind::run_out: return taken.contended && taken.preemptions < bounds_.preemptions;
    case Option::Kind::wake_early: return taken.contended && taken.spurious_wakes < bounds_.spurious_wakes;
    default: return true;
  }
}

bool DepthFirstChooser::advance() {
  path_.resize(std::min(path_.size(), depth_));
  while (!path_.empty()) {
    Taken& last = path_.back();
    while (++last.option < last.kinds.size()) {
      if (allows(last, last.option)) return true;
    }
    path_.pop_back();
  }
  return false;
}

Outcome replay(const std::function<void()>& body, const std::vector<ReplayChooser::Deviation>& schedule,
               const RunOptions& options) {
  ReplayChooser chooser(schedule);
  return run(body, chooser, options);
}

namespace {

class Searcher {
 public:
  Searcher(const std::function<void()>& body, const Search& search) : body_(body), search_(search), options_(search.run) {
    options_.contention = &contention_;
  }

  Found find() {
    if (!learn()) return std::move(found_);
    if (search_.depth_first_max > 0 && !go_depth_first()) return std::move(found_);
    for (std::uint64_t i = 0; i < search_.seeds && !is_late(); ++i) {
      if (!try_seed(search_.first_seed + i)) return std::move(found_);
    }
    return std::move(found_);
  }

 private:
  // What is contended, by some runs that are the same for each search. Not the bounds' business: it only says where it is
  // worth to look.
  bool learn() {
    FirstChooser first;
    if (!try_one(first, "nobody interfering")) return false;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      RandomChooser chooser(seed);
      if (!try_one(chooser, "learning " + std::to_string(seed))) return false;
    }
    return true;
  }

  bool go_depth_first() {
    // When an object turns out to be contended, points passed over before may matter: begin anew.
    for (std::uint64_t known = 0; found_.depth_first < search_.depth_first_max;) {
      DepthFirstChooser chooser(search_.bounds);
      known = contention_.count();
      do {
        if (found_.depth_first == search_.depth_first_max || is_late()) return true;
        ++found_.depth_first;
        if (!try_one(chooser, "all within bounds, number " + std::to_string(found_.depth_first))) return false;
      } while (known == contention_.count() && chooser.advance());
      if (known == contention_.count()) {
        found_.exhausted = true;
        return true;
      }
    }
    return true;
  }

  bool try_seed(std::uint64_t seed) {
    if (seed % 2 == 0) {
      RandomChooser chooser(seed);
      return try_one(chooser, "random seed " + std::to_string(seed));
    }
    PriorityChooser chooser(seed, contended_points_max_, 2 + seed / 2 % 4);
    return try_one(chooser, "priorities by seed " + std::to_string(seed));
  }

  bool try_one(Chooser& chooser, const std::string& met_by) {
    const Outcome outcome = run(body_, chooser, options_);
    ++found_.schedules;
    found_.steps += outcome.steps;
    found_.points_max = std::max(found_.points_max, outcome.points);
    found_.threads_max = std::max(found_.threads_max, outcome.threads);
    contended_points_max_ = std::max(contended_points_max_, outcome.contended_points);
    if (!outcome.failure) return true;
    explain(outcome, met_by);
    return false;
  }

  void explain(const Outcome& outcome, const std::string& met_by) {
    Found::Failure failure{.what = *outcome.failure, .schedule = outcome.schedule, .met_by = met_by, .trace = {}};
    const auto parsed = ReplayChooser::parse(outcome.schedule);
    std::vector<ReplayChooser::Deviation> schedule = parsed.value_or(std::vector<ReplayChooser::Deviation>());
    RunOptions options = search_.run;
    if (!replay(body_, schedule, options).failure) {
      failure.what += "\n(and did not fail again by the same schedule: the run rests on something beside it)";
      found_.failure = std::move(failure);
      return;
    }
    shorten(schedule);
    options.trace = [&](std::string_view line) {
      failure.trace += line;
      failure.trace += '\n';
    };
    const Outcome again = replay(body_, schedule, options);
    if (again.failure) failure.what = *again.failure;
    failure.schedule = again.schedule.empty() ? "-" : again.schedule;
    found_.failure = std::move(failure);
  }

  // Leaves out what the failure does not need.
  void shorten(std::vector<ReplayChooser::Deviation>& schedule) const {
    unsigned runs = 0;
    for (std::size_t part = std::max<std::size_t>(schedule.size() / 2, 1); part > 0; part /= 2) {
      for (std::size_t at = 0; at < schedule.size() && runs < 2000;) {
        std::vector<ReplayChooser::Deviation> shorter = schedule;
        const auto from = shorter.begin() + static_cast<std::ptrdiff_t>(at);
        shorter.erase(from, from + static_cast<std::ptrdiff_t>(std::min(part, schedule.size() - at)));
        ++runs;
        const Outcome outcome = replay(body_, shorter, search_.run);
        if (outcome.failure && !outcome.failure->contains("the schedule does not fit")) {
          schedule = std::move(shorter);
        } else {
          at += part;
        }
      }
    }
  }

  [[nodiscard]] bool is_late() const { return search_.is_late && search_.is_late(); }

  const std::function<void()>& body_;
  const Search& search_;
  RunOptions options_;
  Contention contention_;
  std::uint64_t contended_points_max_ = 0;
  Found found_;
};

}  // namespace

Found search(const std::function<void()>& body, const Search& search) { return Searcher(body, search).find(); }

}  // namespace batpak::base::explored
