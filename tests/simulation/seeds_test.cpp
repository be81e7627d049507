// Runs simulations: as tests of ctest over a bounded range of seeds, and as the program behind scripts/simulate over any.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "simulation/simulation.hpp"
#include "simulation/tasks.hpp"

namespace batpak::test {
namespace {

// The figures, in the order in which they are printed.
struct Figure {
  const char* name;
  std::uint64_t SimulationCounts::* count;
};
constexpr std::array figures = {
    Figure{"seeds", &SimulationCounts::seeds},
    Figure{"steps", &SimulationCounts::steps},
    Figure{"tasks", &SimulationCounts::tasks},
    Figure{"power losses", &SimulationCounts::power_losses},
    Figure{"kills", &SimulationCounts::kills},
    Figure{"recoveries cut short", &SimulationCounts::crashed_recoveries},
    Figure{"recoveries", &SimulationCounts::recoveries},
    Figure{"faults met", &SimulationCounts::faults},
    Figure{"events acknowledged", &SimulationCounts::acknowledged},
    Figure{"refreshes of readers", &SimulationCounts::refreshes},
    Figure{"verifications", &SimulationCounts::verifications},
    Figure{"salvages", &SimulationCounts::salvages},
    Figure{"salvages cut short", &SimulationCounts::crashed_salvages},
    Figure{"damages", &SimulationCounts::damages},
    Figure{"damages refused at opening", &SimulationCounts::damages_refused},
};

void add(SimulationCounts& sum, const SimulationCounts& more) {
  for (const Figure& figure : figures) sum.*figure.count += more.*figure.count;
}

std::optional<std::string> run_one(const SimulationOptions& options, SimulationCounts& sum) {
  Simulation simulation(options);
  auto failure = simulation.run();
  add(sum, simulation.counts());
  return failure;
}

std::string replay_line(const SimulationOptions& options) {
  std::string line = "scripts/simulate --trace --seed " + std::to_string(options.seed);
  if (options.steps != SimulationOptions().steps) line += " --steps " + std::to_string(options.steps);
  std::string separator = " --skip ";
  for (const std::uint64_t step : options.skip) {
    line += separator + std::to_string(step);
    separator = ",";
  }
  return line;
}

bool fails(const SimulationOptions& options) {
  SimulationCounts ignored;
  return run_one(options, ignored).has_value();
}

// Leaves out what the failure does not need: the steps behind it, then each one before it that can be spared.
SimulationOptions shrunk(SimulationOptions options) {
  {
    Simulation simulation(options);
    if (!simulation.run()) return options;
    options.steps = std::min(options.steps, simulation.step() + 1);
  }
  for (std::uint64_t steps = 1; steps < options.steps; ++steps) {
    SimulationOptions fewer = options;
    fewer.steps = steps;
    if (fails(fewer)) {
      options = fewer;
      break;
    }
  }
  for (std::uint64_t step = options.steps; step-- > 0;) {
    options.skip.insert(step);
    if (!fails(options)) options.skip.erase(step);
  }
  return options;
}

#if defined(BATPAK_EXPLORED)
constexpr bool has_tasks = true;

std::optional<std::string> run_tasks(const TaskOptions& options, SimulationCounts& sum) {
  auto simulation = std::make_unique<TaskSimulation>(options);
  auto failure = simulation->run();
  add(sum, simulation->counts());
  if (failure) static_cast<void>(simulation.release());  // its threads stand on it for ever
  return failure;
}
#else
constexpr bool has_tasks = false;

struct TaskOptions {
  std::uint64_t seed = 0;
  std::uint64_t writers = 0;
  std::ostream* trace = nullptr;
};
std::optional<std::string> run_tasks(const TaskOptions&, SimulationCounts&) { return "this build has no scheduler"; }
#endif

bool tasks_keep_promises(const TaskOptions& options, SimulationCounts& sum) {
  const auto failure = run_tasks(options, sum);
  if (failure) {
    std::cout << "seed " << options.seed << ": " << *failure << "\n  scripts/simulate --trace --tasks " << options.writers
              << " --seed " << options.seed << "\n"
              << std::flush;
  }
  return !failure;
}

// Prints one line for each seed that fails.
bool keeps_promises(std::uint64_t seed, SimulationCounts& sum) {
  const SimulationOptions options{.seed = seed, .skip = {}};
  const auto failure = run_one(options, sum);
  if (failure)
    std::cout << "seed " + std::to_string(seed) + ": " + *failure + "\n  " + replay_line(options) + "\n" << std::flush;
  return !failure;
}

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
Share run_share(const Plan& plan, unsigned job) {
  Share share;
  const auto begun = std::chrono::steady_clock::now();
  for (std::uint64_t seed = plan.first + job; seed <= plan.last; seed += plan.jobs) {
    if (plan.hours &&
        std::chrono::steady_clock::now() - begun > std::chrono::duration<double, std::ratio<3600>>(*plan.hours)) {
      break;
    }
    const bool kept = plan.writers ? tasks_keep_promises({.seed = seed, .writers = *plan.writers}, share.counts)
                                   : keeps_promises(seed, share.counts);
    if (kept) continue;
    if (share.failures++ == 0) share.first_failure = seed;
    if (share.failures == 20) break;
  }
  return share;
}

// A process for each job: stores start none of their own here, and a simulation that ends its process ends no other.
Share run_jobs(const Plan& plan) {
  if (plan.jobs == 1) return run_share(plan, 0);
  struct Child {
    pid_t pid = 0;
    int pipe = -1;
  };
  std::vector<Child> children;
  std::cout << std::flush;
  for (unsigned job = 0; job < plan.jobs; ++job) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) break;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(ends[0]);
      const Share share = run_share(plan, job);
      const bool told = ::write(ends[1], &share, sizeof share) == static_cast<ssize_t>(sizeof share);
      ::_exit(told ? 0 : 3);
    }
    ::close(ends[1]);
    children.push_back({.pid = pid, .pipe = ends[0]});
  }
  Share sum;
  for (const Child& child : children) {
    Share share;
    const bool told = ::read(child.pipe, &share, sizeof share) == static_cast<ssize_t>(sizeof share);
    ::close(child.pipe);
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    if (!told) {
      std::cout << "a process that ran seeds ended with the status " << status << "\n";
      share = {};
      share.failures = 1;
    }
    add(sum.counts, share.counts);
    sum.failures += share.failures;
    if (sum.first_failure == 0) sum.first_failure = share.first_failure;
  }
  return sum;
}

void print(const SimulationCounts& counts) {
  for (const Figure& figure : figures) {
    if (counts.*figure.count == 0) continue;
    std::printf("%12llu %s\n", static_cast<unsigned long long>(counts.*figure.count), figure.name);
  }
}

void append_summary(const Plan& plan, const Share& share) {
  std::ofstream file(*plan.summary, std::ios::app);
  const std::string_view suite = plan.writers ? "simulation_tasks" : "simulation";
  const auto line = [&](std::string_view figure, std::uint64_t value) {
    if (value == 0 && figure != "seeds that failed") return;
    file << R"({"suite":")" << suite << R"(","figure":")" << figure << R"(","value":)" << value << "}\n";
  };
  for (const Figure& figure : figures) line(figure.name, share.counts.*figure.count);
  line("seeds that failed", share.failures);
}

int run_plan(const Plan& plan) {
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
std::optional<Plan> parse(std::span<char* const> arguments) {
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
      understood = read_number(value, plan.jobs) && plan.jobs > 0;
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

// As many as take 15 seconds on one core of the machine this was written on; fewer where sanitizers make all slower.
// BATPAK_SIMULATED_SEEDS gives another number.
std::uint64_t seeds_of_a_test() {
  if (const char* const asked = std::getenv("BATPAK_SIMULATED_SEEDS")) {
    std::uint64_t count = 0;
    if (read_number(asked, count)) return count;
  }
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 40;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  return 40;
#endif
#endif
  return 400;
}

void expect_promises_kept(std::uint64_t first, std::uint64_t count = seeds_of_a_test()) {
  std::cout << "seeds " << first << " to " << first + count - 1 << "\n";
  SimulationCounts sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) EXPECT_TRUE(keeps_promises(seed, sum));
  print(sum);
  EXPECT_GT(sum.power_losses + sum.kills, count);
}

// Witness: acknowledged_durable_survives
// Witness: prefix_of_attempts
// Witness: receipt_stays_true
// Witness: readers_see_only_durable
// Witness: clock_never_goes_back
// Witness: ids_rise
TEST(Simulation, keeps_all_promises_for_fixed_seeds) { expect_promises_kept(1); }

// Witness: whole_commits_only
// Witness: nothing_opens_that_should_refuse
// Witness: damage_is_not_a_tail
// Witness: poison_after_unknown
// Witness: recovery_is_idempotent
// Witness: one_writer
TEST(Simulation, keeps_all_promises_for_more_fixed_seeds) { expect_promises_kept(401); }

// Each commit of this repository brings others, the same for everybody who tests it.
TEST(Simulation, keeps_all_promises_for_the_seeds_of_this_commit) {
  // Builds lie within the tree.
  const std::string source = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  std::array<char, 32> text{};
  if (FILE* const git = ::popen(("git -C '" + source + "' rev-parse --short=8 HEAD 2> /dev/null").c_str(), "r")) {
    if (std::fgets(text.data(), text.size(), git) == nullptr) text[0] = '\0';
    ::pclose(git);
  }
  std::uint64_t commit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + std::string_view(text.data()).size(), commit, 16);
  if (error != std::errc()) GTEST_SKIP() << "this is no git repository";
  expect_promises_kept(10'000'000 + commit * 10'000, 3 * seeds_of_a_test());
}

TEST(Simulation, the_same_seed_lives_the_same_life) {
  const auto story = [] {
    std::ostringstream text;
    SimulationCounts ignored;
    const auto failure = run_one({.seed = 7, .skip = {}, .trace = &text}, ignored);
    EXPECT_FALSE(failure) << *failure;
    return text.str();
  };
  EXPECT_EQ(story(), story());
}

}  // namespace
}  // namespace batpak::test

int main(int count, char** arguments) {
  if (count > 1 && std::string_view(arguments[1]) == "simulate") {
    const auto rest = std::span<char* const>(arguments, static_cast<std::size_t>(count)).subspan(2);
    const auto plan = batpak::test::parse(rest);
    if (!plan) return 2;  // scripts/simulate says what it knows
    return batpak::test::run_plan(*plan);
  }
  testing::InitGoogleTest(&count, arguments);
  return RUN_ALL_TESTS();
}
