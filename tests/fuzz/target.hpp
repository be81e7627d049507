// What a fuzz target is: the name of a parser and a check that holds for whatever bytes it is given.
//
// Each source <name>_fuzz.cpp beside this file defines one. With fuzzer_main.cpp it is a libFuzzer program, fuzz_<name>; all
// of them with replay_main.cpp are fuzz_replay, an ordinary program that runs the checks on files.
#pragma once

#include <source_location>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace batpak::fuzz {

class Target {
 public:
  using Check = void (*)(ByteView input);

  // Makes the target known to all(). The name is that of the folder in tests/fuzz/corpus/.
  Target(std::string_view name, Check check);

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  void run(ByteView input) const { check_(input); }

  [[nodiscard]] static const std::vector<const Target*>& all();

 private:
  std::string_view name_;
  Check check_;
};

// Ends the process with the law that did not hold: to a fuzzer that is a crash.
void require(bool holds, std::string_view law, std::source_location where = std::source_location::current());

[[nodiscard]] inline bool same_bytes(ByteView left, ByteView right) noexcept {
  return left.size() == right.size() && (left.empty() || std::memcmp(left.data(), right.data(), left.size()) == 0);
}

}  // namespace batpak::fuzz
