// Runs the check of one target on files, without libFuzzer: for the corpora in every build, and for looking at a finding.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/target.hpp"

namespace {

using batpak::fuzz::Target;

int usage() {
  std::fputs(
      "Usage: fuzz_replay TARGET PATH...\n"
      "       fuzz_replay --list\n\n"
      "Runs the check of TARGET on each file, and on each file in each directory. A check that fails ends the program with\n"
      "the sentence that does not hold; the file it was about is named before it.\n",
      stderr);
  return 2;
}

std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "--list") {
    for (const Target* target : Target::all()) std::printf("%s\n", std::string(target->name()).c_str());
    return 0;
  }
  if (arguments.size() < 2) return usage();
  const auto target = std::ranges::find(Target::all(), arguments[0], &Target::name);
  if (target == Target::all().end()) return usage();
  std::size_t count = 0;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (!std::filesystem::exists(arguments[i])) {
      std::fprintf(stderr, "fuzz_replay: there is no %s\n", arguments[i].c_str());
      return 2;
    }
    for (const std::filesystem::path& path : files_of(arguments[i])) {
      const std::string bytes = read_whole(path);
      std::fprintf(stderr, "%s\n", path.c_str());
      (*target)->run(batpak::base::as_bytes(bytes));
      ++count;
    }
  }
  std::printf("%s: %zu inputs\n", arguments[0].c_str(), count);
  return count == 0 ? 1 : 0;
}
