// The log as the model sees it: commits that take up a slot or two, in segments of a few sectors of two slots.
#pragma once

#include <compare>
#include <cstdint>

namespace batpak::model {

inline constexpr unsigned slots_per_sector = 2;
inline constexpr unsigned slots_max = 14;  // of a segment, behind its header
inline constexpr unsigned commit_slots_max = 2;
inline constexpr unsigned segments_max = 3;
inline constexpr std::uint8_t none = 255;

constexpr unsigned next_sector(unsigned slot) { return (slot + slots_per_sector - 1) / slots_per_sector * slots_per_sector; }

// A place in the log: the end of a commit, or the start of a segment's commits.
struct Point {
  std::uint8_t segment = 0;
  std::uint8_t slot = 0;
  friend constexpr auto operator<=>(const Point&, const Point&) = default;
};

enum class CommitType : std::uint8_t { events, idle_mark, seal };

// A commit that was written once, or is about to be. Which one it is stands for its CRC: no two are alike.
struct Commit {
  CommitType type = CommitType::events;
  std::uint8_t length = 1;  // slots
  Point start;
  std::uint8_t first = 0;         // events before it
  std::uint8_t events = 0;        // at most 1: a batch is as whole as its commit
  std::uint8_t previous = none;   // the commit whose CRC it names
  std::uint8_t successor = none;  // of a seal: the file that it names
  Point durable_through;
  // What the store owes, kept outside of it.
  bool promised = false;  // somebody was told that it is durable
  bool guarded = false;   // rot of it must be noticed

  [[nodiscard]] Point end() const { return {start.segment, static_cast<std::uint8_t>(start.slot + length)}; }
};

}  // namespace batpak::model
