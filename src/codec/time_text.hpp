// A point in time as text, exact to the nanosecond.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "batpak/unix_time.hpp"

namespace batpak::codec {

// RFC 3339 in UTC, with nine digits behind the second unless they are all zero: "2026-01-02T03:04:05.000000006Z". Outside of
// the years 0000–9999 "@" and the seconds since 1970, with the nanoseconds to be added: "@-62167219201.500000000".
[[nodiscard]] std::string time_text(UnixTime time);

// Reads both forms, with up to nine digits behind the second. Nothing for any other text, leap seconds included.
[[nodiscard]] std::optional<UnixTime> parse_time_text(std::string_view text);

}  // namespace batpak::codec
