// Runs simulations: as tests of ctest over a bounded range of seeds, and as the program behind scripts/simulate over any.
#include <gtest/gtest.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "simulation/command.hpp"

namespace batpak::test {
namespace {

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

std::optional<std::uint64_t> number_of_this_commit() {
  // Builds lie within the tree.
  const std::string source = std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
  std::array<char, 32> text{};
  if (FILE* const git = ::popen(("git -C '" + source + "' rev-parse --short=8 HEAD 2> /dev/null").c_str(), "r")) {
    if (std::fgets(text.data(), text.size(), git) == nullptr) text[0] = '\0';
    ::pclose(git);
  }
  std::uint64_t commit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + std::string_view(text.data()).size(), commit, 16);
  if (error != std::errc()) return std::nullopt;
  return commit;
}

// Each commit of this repository brings others, the same for everybody who tests it.
TEST(Simulation, keeps_all_promises_for_the_seeds_of_this_commit) {
  const auto commit = number_of_this_commit();
  if (!commit) GTEST_SKIP() << "this is no git repository";
  expect_promises_kept(10'000'000 + *commit * 10'000, 3 * seeds_of_a_test());
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

#if defined(BATPAK_EXPLORED)

void expect_tasks_keep_promises(std::uint64_t first) {
  const std::uint64_t count = seeds_of_a_test() * 3 / 4;
  std::cout << "seeds " << first << " to " << first + count - 1 << "\n";
  SimulationCounts sum;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    ASSERT_TRUE(tasks_keep_promises({.seed = seed}, sum));
  }
  print(sum);
  EXPECT_GT(sum.power_losses + sum.kills, count);
}

TEST(SimulationOfTasks, keeps_all_promises_for_fixed_seeds) { expect_tasks_keep_promises(1); }

TEST(SimulationOfTasks, keeps_all_promises_for_the_seeds_of_this_commit) {
  const auto commit = number_of_this_commit();
  if (!commit) GTEST_SKIP() << "this is no git repository";
  expect_tasks_keep_promises(10'000'000 + *commit * 10'000);
}

TEST(SimulationOfTasks, the_same_seed_lives_the_same_life) {
  const auto story = [] {
    std::ostringstream text;
    SimulationCounts ignored;
    const auto failure = run_tasks({.seed = 7, .trace = &text}, ignored);
    EXPECT_FALSE(failure) << *failure;
    return text.str();
  };
  EXPECT_EQ(story(), story());
}

#else

TEST(SimulationOfTasks, keeps_all_promises) {
  GTEST_SKIP() << "needs a build with BATPAK_EXPLORED: scripts/simulate --tasks";
}

#endif

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
