#include "batpak/timestamp.hpp"

#include <chrono>

namespace batpak {
namespace {

constexpr std::int64_t microseconds_per_second = 1'000'000;
constexpr std::int64_t first_shown = -62'167'219'200 * microseconds_per_second;     // 0000-01-01T00:00:00Z
constexpr std::int64_t last_shown = 253'402'300'800 * microseconds_per_second - 1;  // the end of the year 9999

void append_digits(std::string& text, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  text.append(width - digits.size(), '0');
  text += digits;
}

}  // namespace

std::string format_time(std::int64_t microseconds_since_1970) {
  if (microseconds_since_1970 < first_shown || microseconds_since_1970 > last_shown) {
    return "@" + std::to_string(microseconds_since_1970);
  }
  const std::chrono::sys_time<std::chrono::microseconds> time{std::chrono::microseconds{microseconds_since_1970}};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  std::string text;
  append_digits(text, int{date.year()}, 4);
  text += '-';
  append_digits(text, unsigned{date.month()}, 2);
  text += '-';
  append_digits(text, unsigned{date.day()}, 2);
  text += 'T';
  append_digits(text, clock.hours().count(), 2);
  text += ':';
  append_digits(text, clock.minutes().count(), 2);
  text += ':';
  append_digits(text, clock.seconds().count(), 2);
  text += '.';
  append_digits(text, clock.subseconds().count(), 6);
  text += 'Z';
  return text;
}

std::string to_string(const Timestamp& time) {
  std::string text = format_time(time.microseconds);
  if (time.counter != 0) text += "+" + std::to_string(time.counter);
  return text;
}

}  // namespace batpak
