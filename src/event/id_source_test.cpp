#include "event/id_source.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace batpak::event {
namespace {

constexpr std::uint64_t ones = std::numeric_limits<std::uint64_t>::max();

void expect_version_7(const EventId& id) {
  EXPECT_EQ(id.bytes[6] & std::byte{0xF0}, std::byte{0x70});
  EXPECT_EQ(id.bytes[8] & std::byte{0xC0}, std::byte{0x80});
}

TEST(id_source, a_new_millisecond_starts_with_its_time_and_the_random_numbers) {
  // The example of RFC 9562, appendix A.6, but for the top bit of its counter, which ours leaves clear.
  IdSource source(EventId{});
  const EventId id = source.next(1'645'557'742'000'999, 0xCC3, 0x18C4DC0C0C07398F);
  EXPECT_EQ(to_string(id), "017f22e2-79b0-74c3-98c4-dc0c0c07398f");
}

TEST(id_source, within_a_millisecond_the_counter_grows_by_a_random_step) {
  IdSource source(EventId{});
  EXPECT_EQ(to_string(source.next(5000, 0, 0)), "00000000-0005-7000-8000-000000000000");
  EXPECT_EQ(to_string(source.next(5999, 0, ones)), "00000000-0005-7000-8000-000000000001");
  EXPECT_EQ(to_string(source.next(5999, 0xFFFF, 0)), "00000000-0005-7000-8000-000000010001");
  EXPECT_EQ(to_string(source.next(6000, 0x7FF, 1)), "00000000-0006-77ff-8000-000000000001");
}

TEST(id_source, goes_on_counting_behind_an_id_of_the_future) {
  const auto last = EventId::from_string("00000000-0009-7001-8000-000000000041");
  ASSERT_TRUE(last);
  IdSource source(*last);
  EXPECT_EQ(to_string(source.next(5000, 1, ones)), "00000000-0009-7001-8000-000000000043");
  EXPECT_EQ(to_string(source.next(-5000, 1, ones)), "00000000-0009-7001-8000-000000000045");
}

TEST(id_source, goes_on_behind_an_id_that_is_none_of_ours) {
  for (const char* const text : {"00000000-0009-f000-8000-000000000000", "00000000-0009-7000-ffff-ffffffffffff",
                                 "00000000-0009-8fff-8000-000000000000", "00000000-0009-0000-0000-000000000000"}) {
    const auto last = EventId::from_string(text);
    ASSERT_TRUE(last) << text;
    IdSource source(*last);
    const EventId next = source.next(9000, 0, 0);
    EXPECT_GT(next, *last) << text;
    expect_version_7(next);
  }
}

TEST(id_source, the_counter_carries_over_the_variant_bits) {
  const auto last = EventId::from_string("00000000-0009-7001-bfff-ffffffffffff");
  ASSERT_TRUE(last);
  EXPECT_EQ(to_string(IdSource(*last).next(9000, 0, 0)), "00000000-0009-7002-8000-000000000000");
}

TEST(id_source, a_counter_used_up_borrows_the_next_millisecond) {
  const auto last = EventId::from_string("00000000-0009-7fff-bfff-ffffffffffff");
  ASSERT_TRUE(last);
  EXPECT_EQ(to_string(IdSource(*last).next(9000, 0x123, 0x456)), "00000000-000a-7123-8000-000000000456");
}

TEST(id_source, times_outside_of_48_bits_still_give_ids_in_order) {
  IdSource source(EventId{});
  const EventId before_1970 = source.next(std::numeric_limits<std::int64_t>::min(), 0, 0);
  const EventId last_time = source.next(std::numeric_limits<std::int64_t>::max(), 0, 0);
  const EventId behind_it = source.next(std::numeric_limits<std::int64_t>::max(), 0, 0);
  EXPECT_EQ(to_string(last_time), "ffffffff-ffff-7000-8000-000000000000");
  EXPECT_LT(before_1970, last_time);
  EXPECT_LT(last_time, behind_it);
}

// Witness: ids_rise
TEST(id_source, ids_are_of_version_7_and_strictly_increase_whatever_the_clock_does) {
  std::mt19937_64 random(7);
  IdSource source(EventId{});
  EventId last;
  std::int64_t now = 1'700'000'000'000'000;
  for (int step = 0; step < 100'000; ++step) {
    now += static_cast<std::int64_t>(random() % 2001) - 900;
    const EventId id = source.next(now, random(), random());
    ASSERT_GT(id, last);
    expect_version_7(id);
    last = id;
    if (step % 1000 == 0) source = IdSource(last);  // as after reopening
  }
}

}  // namespace
}  // namespace batpak::event
