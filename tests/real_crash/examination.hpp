// Looks at a store whose owner was killed: at what it shows as it lies there, at what recovery makes of it, and whether that
// is what the ledger says it must be.
#pragma once

#include <batpak/batpak.hpp>
#include <batpak/verify.hpp>

#include <string>

namespace batpak::crash_test {

struct ExamineOptions {
  std::string directory;
  OpenOptions open;
  std::string ledger;
  // Whether readers must be shown all that was acknowledged. Not where writing `live` may have failed: then they see less.
  enum class Readers : std::uint8_t { see_all, may_lag } readers = Readers::see_all;
};

// Prints the "seen" line for the ledger, and to standard error each promise that was broken and what opening found.
// Exit code: 0 when all held, 1 otherwise.
[[nodiscard]] int examine(const ExamineOptions& options);

}  // namespace batpak::crash_test
