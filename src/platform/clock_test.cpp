#include "platform/clock.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/sync.hpp"
#include "platform/child_process.hpp"

namespace batpak::platform {
namespace {

using Sixteen = std::array<std::byte, 16>;

Sixteen sixteen_bytes() {
  Sixteen bytes{};
  system_entropy().fill(bytes);
  return bytes;
}

TEST(SystemClock, the_wall_clock_counts_microseconds_since_1970) {
  EXPECT_GT(system_clock().wall_microseconds(), 1'700'000'000'000'000);
  EXPECT_LT(system_clock().wall_microseconds(), 100'000'000'000'000'000);
}

TEST(SystemClock, the_monotonic_clock_never_goes_back) {
  auto last = system_clock().monotonic();
  for (int i = 0; i < 1000; ++i) {
    const auto now = system_clock().monotonic();
    EXPECT_GE(now, last);
    last = now;
  }
}

TEST(SystemEntropy, never_gives_the_same_bytes_twice_across_threads_and_refills) {
  base::Mutex mutex;
  std::set<Sixteen> seen;
  {
    std::vector<base::Thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          const Sixteen bytes = sixteen_bytes();
          const base::Lock lock(mutex);
          seen.insert(bytes);
        }
      });
    }
  }
  EXPECT_EQ(seen.size(), 4000U);
}

TEST(SystemEntropy, fills_requests_of_any_size) {
  system_entropy().fill({});
  for (const std::size_t size : {1UL, 1023UL, 1024UL, 1025UL, 100'000UL}) {
    std::vector<std::byte> bytes(size);
    for (int attempt = 0; attempt < 100 && bytes.back() == std::byte{0}; ++attempt) system_entropy().fill(bytes);
    EXPECT_NE(bytes.back(), std::byte{0}) << "the last of " << size << " bytes was zero a hundred times";
  }
}

TEST(SystemEntropy, a_forked_child_does_not_repeat_its_parents_bytes) {
  static_cast<void>(sixteen_bytes());  // so that there is something read ahead to inherit
  std::array<int, 2> from_child{};
  ASSERT_EQ(::pipe(from_child.data()), 0);
  ASSERT_EQ(exit_status_of_child([&] {
              const Sixteen bytes = sixteen_bytes();
              return ::write(from_child[1], bytes.data(), bytes.size()) == 16 ? 0 : 1;
            }),
            0);
  Sixteen of_child{};
  ASSERT_EQ(::read(from_child[0], of_child.data(), of_child.size()), 16);
  EXPECT_NE(sixteen_bytes(), of_child);
  ::close(from_child[0]);
  ::close(from_child[1]);
}

}  // namespace
}  // namespace batpak::platform
