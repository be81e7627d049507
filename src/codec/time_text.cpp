#include "codec/time_text.hpp"

#include <charconv>
#include <chrono>
#include <cstddef>

namespace batpak::codec {
namespace {

constexpr std::int64_t first_second = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr std::int64_t last_second = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr std::int64_t day_seconds = 86'400;

void append_digits(std::string& out, std::uint64_t number, std::size_t width) {
  std::string digits(width, '0');
  for (std::size_t i = width; i > 0; --i, number /= 10) digits[i - 1] = static_cast<char>('0' + number % 10);
  out += digits;
}

// Takes a number of exactly `width` digits from the front.
std::optional<std::uint32_t> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : text.substr(0, width)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  text.remove_prefix(width);
  return number;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

// Takes "." and one to nine digits, if there are any, as nanoseconds.
std::optional<std::uint32_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::size_t width = 0;
  while (width < text.size() && text[width] >= '0' && text[width] <= '9') ++width;
  if (width == 0 || width > 9) return std::nullopt;
  auto fraction = take_digits(text, width);
  for (; fraction && width < 9; ++width) *fraction *= 10;
  return fraction;
}

std::optional<UnixTime> parse_seconds(std::string_view text) {
  UnixTime time;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, time.seconds);
  if (error != std::errc{}) return std::nullopt;
  text = {rest, end};
  const auto fraction = take_fraction(text);
  if (!fraction || !text.empty()) return std::nullopt;
  time.nanoseconds = *fraction;
  return time;
}

}  // namespace

std::string time_text(UnixTime time) {
  std::string text;
  const bool civil = time.seconds >= first_second && time.seconds <= last_second;
  if (civil) {
    const std::int64_t day = (time.seconds - first_second) / day_seconds + first_second / day_seconds;
    const auto second = static_cast<std::uint64_t>(time.seconds - day * day_seconds);
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    append_digits(text, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
    text += '-';
    append_digits(text, static_cast<unsigned>(date.month()), 2);
    text += '-';
    append_digits(text, static_cast<unsigned>(date.day()), 2);
    text += 'T';
    append_digits(text, second / 3600, 2);
    text += ':';
    append_digits(text, second / 60 % 60, 2);
    text += ':';
    append_digits(text, second % 60, 2);
  } else {
    text = "@" + std::to_string(time.seconds);
  }
  if (time.nanoseconds != 0) {
    text += '.';
    append_digits(text, time.nanoseconds, 9);
  }
  if (civil) text += 'Z';
  return text;
}

std::optional<UnixTime> parse_time_text(std::string_view text) {
  if (take(text, '@')) return parse_seconds(text);
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || !take(text, 'T')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction || text != "Z") return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return UnixTime{days * day_seconds + std::int64_t{*hour} * 3600 + std::int64_t{*minute} * 60 + *second, *fraction};
}

}  // namespace batpak::codec
