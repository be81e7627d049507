// The command behind scripts/simulate: many seeds, in several processes, or one.
#pragma once

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "simulation/lives.hpp"

namespace batpak::test {

struct Plan {
  std::uint64_t first = 1;
  std::uint64_t last = 2'000;
  std::optional<double> hours;
  unsigned jobs = std::max(1U, base::Thread::hardware_count());
  std::optional<std::string> summary;
  bool shrink = false;
  std::optional<SimulationOptions> one;
  std::optional<std::uint64_t> writers;  // tasks at the same time, on the scheduler
};

// The seeds of one of several processes.
struct Share {
  SimulationCounts counts;
  std::uint64_t failures = 0;
  std::uint64_t first_failure = 0;
};
// `current` is told of each seed before it runs.
inline Share run_share(const Plan& plan, unsigned job, volatile std::uint64_t& current) {
  Share share;
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t seed = plan.first + job; seed <= plan.last; seed += plan.jobs) {
    if (plan.hours &&
        std::chrono::steady_clock::now() - begun > std::chrono::duration<double, std::ratio<3600>>(*plan.hours)) {
      break;
    }
    current = seed;
    const bool kept = plan.writers ? tasks_keep_promises({.seed = seed, .writers = *plan.writers}, share.counts)
                                   : keeps_promises(seed, share.counts);
    if (kept) continue;
    if (share.failures++ == 0) share.first_failure = seed;
    if (share.failures == 20) break;
  }
  return share;
}

// A page that processes share, for the seed that each of them is at: one that ends its process can say it no more.
class CurrentSeeds {
 public:
  static constexpr unsigned jobs_max = 256;

  CurrentSeeds() : page_(::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (page_ == MAP_FAILED) std::abort();
  }
  CurrentSeeds(const CurrentSeeds&) = delete;
  CurrentSeeds& operator=(const CurrentSeeds&) = delete;
  ~CurrentSeeds() { ::munmap(page_, bytes); }
  [[nodiscard]] volatile std::uint64_t& of(unsigned job) const { return static_cast<volatile std::uint64_t*>(page_)[job]; }

 private:
  static constexpr std::size_t bytes = jobs_max * sizeof(std::uint64_t);
  void* page_;
};

// A process for each job: stores start none of their own here, and a simulation that ends its process ends no other.
inline Share run_jobs(const Plan& plan) {
  struct Child {
    pid_t pid = 0;
    int pipe = -1;
  };
  const CurrentSeeds seeds;
  std::vector<Child> children;
  std::cout << std::flush;
  for (unsigned job = 0; job < plan.jobs; ++job) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) break;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      const Share share = run_share(plan, job, seeds.of(job));
      const bool told = ::write(ends[1], &share, sizeof share) == static_cast<ssize_t>(sizeof share);
      ::_exit(told ? 0 : 3);
    }
    ::close(ends[1]);
    children.push_back({.pid = pid, .pipe = ends[0]});
  }
  Share sum;
  for (unsigned job = 0; job < children.size(); ++job) {
    Share share;
    const bool told = ::read(children[job].pipe, &share, sizeof share) == static_cast<ssize_t>(sizeof share);
    ::close(children[job].pipe);
    int status = 0;
    ::waitpid(children[job].pid, &status, 0);
    if (!told) {
      std::cout << "seed " << seeds.of(job) << ": the process ended in the middle of it, with the status " << status << "\n";
      share = {};
      share.failures = 1;
    }
    add(sum.counts, share.counts);
    sum.failures += share.failures;
    if (sum.first_failure == 0) sum.first_failure = share.first_failure;
  }
  return sum;
}

inline void append_summary(const Plan& plan, const Share& share) {
  std::ofstream file(*plan.summary, std::ios::app);
  const std::string_view suite = plan.writers ? "simulation_tasks" : "simulation";
  const auto line = [&](std::string_view figure, std::uint64_t value) {
    if (value == 0 && figure != "seeds that failed") return;
    file << R"({"suite":")" << suite << R"(","figure":")" << figure << R"(","value":)" << value << "}\n";
  };
  for (const Figure& figure : figures) line(figure.name, share.counts.*figure.count);
  line("seeds that failed", share.failures);
}

inline int run_plan(const Plan& plan) {
  if (plan.one && plan.writers) {
    SimulationCounts counts;
    const TaskOptions options{.seed = plan.one->seed, .writers = *plan.writers, .trace = plan.one->trace};
    if (!tasks_keep_promises(options, counts)) return 1;
    print(counts);
    return 0;
  }
  if (plan.one) {
    SimulationCounts counts;
    const SimulationOptions options = plan.shrink ? shrunk(*plan.one) : *plan.one;
    const auto failure = run_one(options, counts);
    if (failure) std::cout << "seed " << options.seed << ": " << *failure << "\n  " << replay_line(options) << "\n";
    if (!failure) print(counts);
    return failure ? 1 : 0;
  }
  if (plan.hours)
    std::cout << "seeds from " << plan.first << " for " << *plan.hours << " hours, " << plan.jobs << " at a time\n";
  const Share share = run_jobs(plan);
  print(share.counts);
  if (plan.summary) append_summary(plan, share);
  if (share.failures == 0) return 0;
  std::cout << share.failures << " seeds failed\n";
  if (plan.shrink && share.first_failure != 0 && !plan.writers) {
    std::cout << "shrunk: " << replay_line(shrunk({.seed = share.first_failure, .skip = {}})) << "\n";
  }
  return 1;
}

template <class T>
bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

// Nothing where the arguments are none that it knows.
inline std::optional<Plan> parse(std::span<char* const> arguments) {
  Plan plan;
  SimulationOptions one;
  bool has_first = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view option = arguments[i];
    if (option == "--trace") {
      one.trace = &std::cout;
      continue;
    }
    if (option == "--shrink") {
      plan.shrink = true;
      continue;
    }
    if (++i == arguments.size()) return std::nullopt;
    const std::string_view value = arguments[i];
    bool understood = true;
    if (option == "--seed") {
      understood = read_number(value, one.seed);
      plan.one = one;
    } else if (option == "--steps") {
      understood = read_number(value, one.steps);
    } else if (option == "--skip") {
      for (std::size_t at = 0; at < value.size() && understood;) {
        const std::size_t comma = std::min(value.find(',', at), value.size());
        std::uint64_t step = 0;
        understood = read_number(value.substr(at, comma - at), step);
        one.skip.insert(step);
        at = comma + 1;
      }
    } else if (option == "--seeds") {
      const std::size_t dots = value.find("..");
      understood = dots != std::string_view::npos && read_number(value.substr(0, dots), plan.first) &&
                   read_number(value.substr(dots + 2), plan.last) && plan.first <= plan.last;
      has_first = true;
    } else if (option == "--hours") {
      plan.hours.emplace();
      understood = read_number(value, *plan.hours) && *plan.hours > 0;
    } else if (option == "--from") {
      understood = read_number(value, plan.first);
      has_first = true;
    } else if (option == "--jobs") {
      understood = read_number(value, plan.jobs) && plan.jobs > 0 && plan.jobs <= CurrentSeeds::jobs_max;
    } else if (option == "--tasks") {
      plan.writers.emplace();
      understood = has_tasks && read_number(value, *plan.writers) && *plan.writers <= 8;
    } else if (option == "--summary") {
      plan.summary = std::string(value);
    } else {
      return std::nullopt;
    }
    if (!understood) return std::nullopt;
  }
  if (plan.one) plan.one = one;
  if (plan.hours) {
    plan.last = std::numeric_limits<std::uint64_t>::max() / 2;
    if (!has_first)
      plan.first = static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch().count()) / 1000;
  }
  return plan;
}

}  // namespace batpak::test
