// The name of an event for callers: a UUID version 7, assigned by the writer, increasing in commit order.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include "batpak/error.hpp"

namespace [[gnu::visibility("default")]] batpak {

// RFC 9562, section 5.7. The first 48 bits are milliseconds since 1970 of the event's hybrid time; the rest is a counter
// that starts at random in every millisecond, so ids of one store sort as its log does.
//
// Threads: a plain value.
struct EventId {
  std::array<std::byte, 16> bytes{};

  // From the usual 8-4-4-4-12 form or 32 hexadecimal digits, of either case. Fails with malformed.
  [[nodiscard]] static Result<EventId> from_string(std::string_view text);

  [[nodiscard]] bool is_zero() const noexcept { return *this == EventId{}; }
  friend auto operator<=>(const EventId&, const EventId&) = default;
};

// The 8-4-4-4-12 form in lower case.
[[nodiscard]] std::string to_string(const EventId& id);

// What groups the events of one story. Any 16 bytes that the caller chooses; printed and parsed as 32 hexadecimal digits.
struct CorrelationId {
  std::array<std::byte, 16> bytes{};

  // From 32 hexadecimal digits or the 8-4-4-4-12 form. Fails with malformed.
  [[nodiscard]] static Result<CorrelationId> from_string(std::string_view text);

  friend auto operator<=>(const CorrelationId&, const CorrelationId&) = default;
};

// 32 lower-case hexadecimal digits.
[[nodiscard]] std::string to_string(const CorrelationId& id);

}  // namespace batpak
