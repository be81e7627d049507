// What a process said before it was killed, one line for each saying, kept by somebody else. A line is written by one call
// and is shorter than a pipe's atomic size, so that it is there whole or not at all.
//
//   round R                                    another process begins (written by who keeps the ledger)
//   will THREAD NUMBER COUNT                   is about to append COUNT steps from NUMBER on
//   told THREAD NUMBER receipt                 the append of the step returned
//   refused THREAD NUMBER COUNT code           the append of the steps returned an error
//   synced THREAD NUMBER                       a sync returned, after the thread's steps before NUMBER
//   closed                                     close() returned
//   seen SIZE DIGEST                           the store was recovered and held SIZE events with these hashes
#pragma once

#include <batpak/batpak.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "real_crash/step.hpp"

namespace batpak::crash_test {

[[nodiscard]] std::string receipt_text(const Receipt& receipt);

// What the store owes to those who were told something.
struct Ledger {
  struct Told {
    StepName step;
    Receipt receipt;
  };
  struct Seen {
    std::uint64_t size = 0;
    std::uint64_t digest = 0;
  };

  // Fails with the number of the line that is not understood.
  [[nodiscard]] static std::optional<Ledger> read(const std::string& path, std::string& complaint);

  std::vector<Told> durable;                                               // must be there, as told
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> tried;  // of (round, thread): attempts begun
  std::map<StepName, std::string> refused;                                 // and why
  std::vector<Seen> seen;
  bool closed_last = false;  // nothing happened since a close() returned
  std::uint32_t round = 0;   // the newest
};

// Over event hashes in the log's order (FNV-1a).
class Digest {
 public:
  void add(const Hash& hash) {
    for (const std::byte byte : hash.bytes) value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001B3ULL;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

}  // namespace batpak::crash_test
