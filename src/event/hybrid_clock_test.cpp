#include "event/hybrid_clock.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace batpak::event {
namespace {

TEST(hybrid_clock, follows_a_wall_clock_that_goes_on) {
  HybridClock clock({.microseconds = 100, .counter = 5});
  EXPECT_EQ(clock.next(101), (Timestamp{101, 0}));
  EXPECT_EQ(clock.next(500), (Timestamp{500, 0}));
}

TEST(hybrid_clock, counts_while_the_wall_clock_stands_or_is_set_back) {
  HybridClock clock({.microseconds = 100, .counter = 0});
  EXPECT_EQ(clock.next(100), (Timestamp{100, 1}));
  EXPECT_EQ(clock.next(7), (Timestamp{100, 2}));
  EXPECT_EQ(clock.next(-7), (Timestamp{100, 3}));
  EXPECT_EQ(clock.next(101), (Timestamp{101, 0}));
  EXPECT_EQ(clock.last(), (Timestamp{101, 0}));
}

TEST(hybrid_clock, a_full_counter_moves_the_microsecond) {
  HybridClock clock({.microseconds = 100, .counter = std::numeric_limits<std::uint32_t>::max() - 1});
  EXPECT_EQ(clock.next(100), (Timestamp{100, std::numeric_limits<std::uint32_t>::max()}));
  EXPECT_EQ(clock.next(100), (Timestamp{101, 0}));
  EXPECT_EQ(clock.next(100), (Timestamp{101, 1}));
}

// Witness: clock_never_goes_back
TEST(hybrid_clock, never_stands_or_goes_back_whatever_the_wall_clock_does) {
  HybridClock clock({});
  Timestamp last = clock.last();
  std::int64_t wall = 1'000'000;
  for (int step = 0; step < 10'000; ++step) {
    wall += step * 7919 % 13 - 6;
    const Timestamp now = clock.next(wall);
    ASSERT_GT(now, last);
    ASSERT_GE(now.microseconds, wall);
    last = now;
  }
}

}  // namespace
}  // namespace batpak::event
