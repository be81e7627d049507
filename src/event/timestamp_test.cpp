#include "batpak/timestamp.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace batpak {
namespace {

TEST(timestamp, is_printed_as_rfc_3339) {
  EXPECT_EQ(format_time(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_time(1'767'323'045'000'006), "2026-01-02T03:04:05.000006Z");
  EXPECT_EQ(format_time(951'782'399'999'999), "2000-02-28T23:59:59.999999Z");
  EXPECT_EQ(format_time(951'782'400'000'000), "2000-02-29T00:00:00.000000Z");
}

TEST(timestamp, before_1970_counts_downwards) {
  EXPECT_EQ(format_time(-1), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(-62'167'219'200'000'000), "0000-01-01T00:00:00.000000Z");
}

TEST(timestamp, outside_of_four_digit_years_is_the_bare_number) {
  EXPECT_EQ(format_time(253'402'300'799'999'999), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_time(253'402'300'800'000'000), "@253402300800000000");
  EXPECT_EQ(format_time(-62'167'219'200'000'001), "@-62167219200000001");
  EXPECT_EQ(format_time(std::numeric_limits<std::int64_t>::max()), "@9223372036854775807");
  EXPECT_EQ(format_time(std::numeric_limits<std::int64_t>::min()), "@-9223372036854775808");
}

TEST(timestamp, shows_its_counter_where_there_is_one) {
  EXPECT_EQ(to_string(Timestamp{.microseconds = 1, .counter = 0}), "1970-01-01T00:00:00.000001Z");
  EXPECT_EQ(to_string(Timestamp{.microseconds = 1, .counter = 7}), "1970-01-01T00:00:00.000001Z+7");
}

TEST(timestamp, is_ordered_by_time_and_then_by_counter) {
  EXPECT_LT((Timestamp{1, 9}), (Timestamp{2, 0}));
  EXPECT_LT((Timestamp{2, 0}), (Timestamp{2, 1}));
  EXPECT_LT((Timestamp{-1, 0}), (Timestamp{0, 0}));
}

}  // namespace
}  // namespace batpak
