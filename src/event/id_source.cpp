#include "event/id_source.hpp"

#include <algorithm>

namespace batpak::event {
namespace {

constexpr std::uint64_t milliseconds_max = (1ULL << 48U) - 1;  // the year 10889; later times keep counting in it
constexpr std::uint64_t high_max = (1ULL << 12U) - 1;
constexpr std::uint64_t low_max = (1ULL << 62U) - 1;
constexpr std::uint64_t step_mask = 0xFFFF;  // steps are 1–65536

[[nodiscard]] std::uint64_t milliseconds_of(std::int64_t microseconds) noexcept {
  return std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0) / 1000), milliseconds_max);
}

// `count` bytes of `id` from `first`, most significant first.
[[nodiscard]] std::uint64_t load_be(const EventId& id, std::size_t first, std::size_t count) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = first; i < first + count; ++i) value = value << 8U | std::to_integer<std::uint64_t>(id.bytes[i]);
  return value;
}

void store_be(EventId& id, std::size_t first, std::size_t count, std::uint64_t value) noexcept {
  for (std::size_t i = first + count; i > first; --i) {
    id.bytes[i - 1] = static_cast<std::byte>(value & 0xFFU);
    value >>= 8U;
  }
}

}  // namespace

IdSource::IdSource(const EventId& last) noexcept
    : milliseconds_(load_be(last, 0, 6)), high_(load_be(last, 6, 2) & high_max), low_(load_be(last, 8, 8) & low_max) {
  if (load_be(last, 6, 1) >> 4U > 7 || load_be(last, 8, 1) >> 6U > 2) {
    // No id of ours, and after all of ours of its millisecond: that counts as used up.
    high_ = high_max;
    low_ = low_max;
  }
}

void IdSource::start_counter(std::uint64_t random_a, std::uint64_t random_b) noexcept {
  high_ = random_a & (high_max >> 1U);  // the top bit stays clear, so that half of the range is left to count in
  low_ = random_b & low_max;
}

// Also where the next step may use the counter up.
bool IdSource::starts_anew(std::int64_t microseconds) const noexcept {
  return milliseconds_of(microseconds) > milliseconds_ || (high_ == high_max && low_ >= low_max - step_mask);
}

EventId IdSource::next(std::int64_t microseconds, std::uint64_t random_a, std::uint64_t random_b) noexcept {
  const std::uint64_t now = milliseconds_of(microseconds);
  if (now > milliseconds_) {
    milliseconds_ = now;
    start_counter(random_a, random_b);
  } else {
    low_ += (random_a & step_mask) + 1;
    if (low_ > low_max) {
      low_ &= low_max;
      ++high_;
    }
    if (high_ > high_max) {  // used up, at 2^73 ids from its start: borrow the next millisecond
      ++milliseconds_;
      start_counter(random_a, random_b);
    }
  }
  EventId id;
  store_be(id, 0, 6, milliseconds_);
  store_be(id, 6, 2, 0x7000U | high_);
  store_be(id, 8, 8, 1ULL << 63U | low_);
  return id;
}

}  // namespace batpak::event
