// The protocol keeps its laws in every state within bounds, and needs each of its precautions.
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "model/exploration.hpp"

namespace batpak::model {
namespace {

// Sanitizers take several times as long, and look for other things.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_time = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool has_time = false;
#else
constexpr bool has_time = true;
#endif
#else
constexpr bool has_time = true;
#endif

void expect_no_counterexample(const Bounds& bounds, const Rules& rules = {}) {
  const Exploration explored = explore(bounds, rules);
  EXPECT_TRUE(explored.complete);
  EXPECT_FALSE(explored.counterexample) << to_string(*explored.counterexample);
  std::cout << explored.states << " states, the farthest " << explored.moves << " moves away\n";
}

// Witness: acknowledged_durable_survives, whole_commits_only, prefix_of_attempts, readers_see_only_durable
// Witness: damage_is_not_a_tail, tail_is_not_damage, cut_is_kept_in_quarantine
TEST(Protocol, keeps_its_laws_where_directories_change_in_order) {
  expect_no_counterexample({.appends = 3, .faults = has_time ? 4U : 2U, .segments = 2});
}

TEST(Protocol, keeps_its_laws_where_directories_change_in_any_order) {
  expect_no_counterexample(
      {.appends = 3, .faults = has_time ? 3U : 2U, .segments = 2, .directories = Directories::in_any_order});
}

TEST(Protocol, keeps_its_laws_over_several_changes_of_segments) {
  expect_no_counterexample({.appends = 2, .faults = 3, .segments = 3});
}

// Witness: tail_is_not_damage
TEST(Protocol, lets_every_crash_of_longer_histories_open_again) {
  expect_no_counterexample({.appends = has_time ? 4U : 2U, .faults = 3, .segments = 2, .rots = 0});
}

// Those that are not needed for any law within the bounds, and why they are there.
struct Spare {
  Precaution precaution;
  const char* reason;
};
constexpr Spare spares[] = {
    {Precaution::sync_own_name, "each creation ends in a recovery, which syncs the parent directory again"},
    {Precaution::sync_log_again, "store.meta has its name only after log/ was synced with the first segment in it"},
};

bool is_spare(Precaution precaution) {
  return std::ranges::any_of(spares, [&](const Spare& spare) { return spare.precaution == precaution; });
}

std::vector<Precaution> all_precautions() {
  std::vector<Precaution> all;
  for (std::size_t i = 0; i < precautions_count; ++i) all.push_back(static_cast<Precaution>(i));
  return all;
}

// What is shown with little is looked for first.
std::optional<Counterexample> look_for_counterexample(const Rules& rules, bool spare) {
  std::vector<Bounds> stages = {{.appends = 1}, {.appends = 2}};
  if (!spare && has_time) stages.insert(stages.end(), {{.appends = 4, .rots = 0}, {.appends = 3}});
  for (const Bounds& stage : stages) {
    for (const Directories directories : {Directories::in_order, Directories::in_any_order}) {
      Bounds bounds = stage;
      bounds.directories = directories;
      if (auto found = explore(bounds, rules).counterexample) return found;
    }
  }
  return std::nullopt;
}

class DroppedPrecaution : public testing::TestWithParam<Precaution> {};

// The shortest way to lose something is printed.
TEST_P(DroppedPrecaution, has_a_counterexample_unless_it_is_known_to_be_spare) {
  const auto found = look_for_counterexample(Rules().drop(GetParam()), is_spare(GetParam()));
  if (!found && !has_time) GTEST_SKIP() << "it takes more events than a sanitizer has time for";
  EXPECT_EQ(found.has_value(), !is_spare(GetParam()));
  if (found) std::cout << "Without " << to_string(GetParam()) << ":\n" << to_string(*found);
}

INSTANTIATE_TEST_SUITE_P(, DroppedPrecaution, testing::ValuesIn(all_precautions()),
                         [](const auto& dropped) { return std::string(to_string(dropped.param)); });

}  // namespace
}  // namespace batpak::model
