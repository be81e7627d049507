// The event that the driver appends: its content follows from who appended it and when, so that what is read back can be
// compared without having kept it.
#pragma once

#include <batpak/batpak.hpp>

#include <cstdint>
#include <string>
#include <tuple>

namespace batpak::crash_test {

// One append of one thread of one process: the n-th of its thread, from 0.
struct StepName {
  std::uint32_t round = 0;  // which process
  std::uint32_t thread = 0;
  std::uint32_t number = 0;

  friend auto operator<=>(const StepName&, const StepName&) = default;
};

struct Step {
  static constexpr EventType event_type{.category = 0xF, .type_id = 1, .version = 1};
  std::uint32_t round = 0;
  std::uint32_t thread = 0;
  std::uint32_t number = 0;
  std::string filler;

  [[nodiscard]] StepName name() const { return {.round = round, .thread = thread, .number = number}; }
  friend bool operator==(const Step&, const Step&) = default;
};

// Rounds from this number on append large steps too, of many pages, for stores whose segments take them.
inline constexpr std::uint32_t first_round_of_large_steps = 1'000'000;

// Mostly short, now and then as long as a tenth of a small segment.
[[nodiscard]] inline Step make_step(const StepName& name) {
  const std::uint32_t mixed = (name.round * 2654435761U) ^ (name.thread * 40503U) ^ (name.number * 2246822519U);
  const bool large = name.round >= first_round_of_large_steps && mixed % 3 == 0;
  const std::uint32_t size = large ? 500'000 : mixed % 8 == 0 ? 6000 : mixed % 300;
  Step step{.round = name.round, .thread = name.thread, .number = name.number, .filler = {}};
  step.filler.reserve(size);
  for (std::uint32_t i = 0; i < size; ++i) step.filler.push_back(static_cast<char>('a' + (mixed + i * 7) % 26));
  return step;
}

// Half of the events share a stream with all other threads.
[[nodiscard]] inline Coordinate coordinate_of(const StepName& name) {
  const std::string entity = name.number % 2 == 0 ? "thread:" + std::to_string(name.thread) : "shared";
  return *Coordinate::make(entity, "round:" + std::to_string(name.round));
}

}  // namespace batpak::crash_test
