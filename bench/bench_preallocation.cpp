// What it wins to allocate a segment's space ahead: a loop of pwrite and fdatasync into a file that grows, into one with
// unwritten extents (fallocate), and into one that was filled with zeros and synced before. The ways take turns.
//
//   bench_preallocation DIRECTORY [ROUNDS]
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench.hpp"

namespace {

using bench::median;

constexpr std::size_t commit_bytes = 776;
constexpr std::size_t commits = 2000;
constexpr off_t segment_bytes = 64 << 20;

enum class Space { grows, unwritten_extents, zero_filled };

void need(bool ok) {
  if (!ok) {
    std::perror("bench_preallocation");
    std::exit(3);
  }
}

struct Times {
  double prepare_milliseconds = 0;
  double commit_microseconds = 0;
};

Times run(const std::string& path, Space space) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  need(file >= 0);
  if (space == Space::unwritten_extents) need(::posix_fallocate(file, 0, segment_bytes) == 0);
  if (space == Space::zero_filled) {
    const std::vector<char> zeros(1 << 20);
    for (off_t at = 0; at < segment_bytes; at += static_cast<off_t>(zeros.size())) {
      need(::pwrite(file, zeros.data(), zeros.size(), at) == static_cast<ssize_t>(zeros.size()));
    }
  }
  need(::fsync(file) == 0);
  const auto ready = Clock::now();
  const std::vector<char> commit(commit_bytes, 'c');
  for (std::size_t i = 0; i < commits; ++i) {
    need(::pwrite(file, commit.data(), commit.size(), static_cast<off_t>(i * commit_bytes)) ==
         static_cast<ssize_t>(commit_bytes));
    need(::fdatasync(file) == 0);
  }
  const auto end = Clock::now();
  ::close(file);
  ::unlink(path.c_str());
  return {std::chrono::duration<double, std::milli>(ready - begin).count(),
          std::chrono::duration<double, std::micro>(end - ready).count() / commits};
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fprintf(stderr, "usage: bench_preallocation DIRECTORY [ROUNDS]\n");
    return 2;
  }
  const int rounds = argument_count > 2 ? std::atoi(arguments[2]) : 7;
  const std::string path = std::string(arguments[1]) + "/preallocation";
  const char* names[] = {"a file that grows", "unwritten extents", "zero-filled"};
  std::vector<double> prepare[3];
  std::vector<double> commit[3];
  for (int round = 0; round < rounds; ++round) {
    for (int way = 0; way < 3; ++way) {
      const Times times = run(path, static_cast<Space>(way));
      prepare[way].push_back(times.prepare_milliseconds);
      commit[way].push_back(times.commit_microseconds);
    }
  }
  std::printf("%zu commits of %zu bytes each, %d rounds, medians\n", commits, commit_bytes, rounds);
  for (int way = 0; way < 3; ++way) {
    std::printf("%-20s %8.1f us a commit (%.1f-%.1f), made ready in %.1f ms\n", names[way], median(commit[way]),
                *std::ranges::min_element(commit[way]), *std::ranges::max_element(commit[way]), median(prepare[way]));
  }
  return 0;
}
