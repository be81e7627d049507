// The process that is killed: it opens a store and appends from several threads, saying on standard output what it does.
#pragma once

#include <batpak/batpak.hpp>

#include <cstdint>
#include <string>

namespace batpak::crash_test {

struct WriteOptions {
  std::string directory;
  OpenOptions open;
  std::uint32_t round = 0;
  std::uint32_t threads = 1;
  std::uint32_t operations = 0;  // of each thread; 0: until killed
  std::uint32_t seed = 1;
};

// Exit code: 0 when it closed the store, 3 when something was refused.
[[nodiscard]] int write_steps(const WriteOptions& options);

}  // namespace batpak::crash_test
