// What a process finds when it reads the log: recovery's judgement, and a reader's.
#pragma once

#include <vector>

#include "model/precautions.hpp"
#include "model/state.hpp"

namespace batpak::model {

// What recovery makes of the log as the page cache shows it.
struct Reading {
  const char* refusal = nullptr;      // why the store does not open
  std::vector<std::uint8_t> commits;  // of the whole log, in order
  std::uint8_t tail_segment = 0;      // holds the last whole commit
  Point end;                          // of that commit
  std::uint8_t events = 0;
  std::uint8_t previous = none;  // the last whole commit
  Point durable_through;
  std::uint8_t rewrite_from = 0;  // slot in the tail's segment
  bool torn = false;              // something stands behind the last whole commit
  bool rotation_interrupted = false;
  bool blank_successor = false;  // the tail's segment is sealed, and the next one holds no whole commit
  bool blank_torn = false;
};

[[nodiscard]] Reading read_log(const State& state, const Rules& rules);

// Whether a directory without store.meta holds nothing that a store could have promised.
[[nodiscard]] bool holds_at_most_genesis(const State& state, const Rules& rules);

// A reader in another process, with no owner there: how much of the log it shows as durable.
[[nodiscard]] Point readable_without_owner(const State& state, const Rules& rules, std::vector<std::uint8_t>& commits);

// Whether every part of it stands in its place, as far as the page cache shows.
[[nodiscard]] bool is_whole(const State& state, const SegmentFile& file, std::uint8_t commit);

}  // namespace batpak::model
