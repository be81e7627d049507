#include "fuzz/target.hpp"

#include <cstdio>
#include <cstdlib>

namespace batpak::fuzz {
namespace {

std::vector<const Target*>& known_targets() {
  static std::vector<const Target*> targets;
  return targets;
}

}  // namespace

Target::Target(std::string_view name, Check check) : name_(name), check_(check) { known_targets().push_back(this); }

const std::vector<const Target*>& Target::all() { return known_targets(); }

void require(bool holds, std::string_view law, std::source_location where) {
  if (holds) return;
  std::fprintf(stderr, "%s:%u: this does not hold: %.*s\n", where.file_name(), static_cast<unsigned>(where.line()),
               static_cast<int>(law.size()), law.data());
  std::abort();
}

}  // namespace batpak::fuzz
