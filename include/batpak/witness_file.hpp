// Memory outside of the store: a file, kept elsewhere, that remembers how far the log had come.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "batpak/checkpoint.hpp"

namespace [[gnu::visibility("default")]] batpak {

// A store alone cannot tell that it was put back to an older copy of itself, or that another history stands in its place. With a
// witness file opening proves that today's log goes on from the last checkpoint that the file remembers, and refuses otherwise.
// Keep it where whoever restores or copies the store's directory does not take it along: on another volume, another machine's
// share. One file is for one store.
//
// Threads: a plain value.
struct WitnessFile {
  // Its directory must exist, and not be the store's or one in it. Where it is a symbolic link, the file is what that leads to.
  std::string path;

  // When a durable checkpoint is written to it.
  enum class Persist : std::uint8_t {
    // Beside the writer, not later than `lag_max` after it was durable, and when the store is closed. What a crash or a rollback
    // takes away of that time goes unnoticed. Costs appends nothing. An error is tried again; close() tells the last one.
    soon,
    // Before the appends that it covers return. Each group of appends then pays for another file and its name: two
    // syncs more. An error poisons the store.
    before_acknowledgement,
  };
  Persist persist = Persist::soon;
  std::chrono::microseconds lag_max = std::chrono::seconds(1);  // > 0

  // What to do where the file is not there: witness_missing, or make it, which begins to remember with today's log.
  enum class WhenMissing : std::uint8_t { refuse, create };
  WhenMissing when_missing = WhenMissing::refuse;

  // What to do where today's log does not go on from what the file remembers: rolled_back or forked, or accept it, which an
  // event of the store's own in the log says for ever, with the checkpoint that is given up.
  enum class WhenNotExtended : std::uint8_t { refuse, accept_restore };
  WhenNotExtended when_not_extended = WhenNotExtended::refuse;
};

// What such a file holds.
//
// Threads: plain values and free functions.
struct WitnessRecord {
  static constexpr std::size_t bytes_max = CheckpointNote::bytes_max + 256;

  std::array<std::byte, 16> store_id{};
  CheckpointNote note;  // without signatures where the store has no key

  friend bool operator==(const WitnessRecord&, const WitnessRecord&) = default;
};

// "batpak-witness@v1", "store <32 hexadecimal digits>", then the checkpoint as a note, which may end behind its empty line.
[[nodiscard]] std::string format_witness_record(const WitnessRecord& record);
// Errors: malformed, with the number of the line; too_large.
[[nodiscard]] Result<WitnessRecord> parse_witness_record(std::string_view text);

}  // namespace batpak
