// An event as a line of JSON, the form that import and append read:
//
//   {"entity":"file:a.cpp","scope":"repo:x","kind":"file.changed","payload":{…}}
//
// Optional members: "correlation" (32 hexadecimal digits), "causation" (an event id), "meta" (an object),
// "occurred_at" (unix seconds; kept as metadata of that name). Others are refused, so that nothing is dropped unnoticed.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "batpak/append_options.hpp"
#include "batpak/batch.hpp"
#include "batpak/coordinate.hpp"

namespace batpak::cli {

struct EventLine {
  Coordinate where;
  std::string kind;
  std::string payload;            // JSON
  std::size_t payload_begin = 0;  // where it stands in the line
  EventOptions options;
};

// The payload is not read here: reading it (Batch::add_json) tells whether it is JSON.
// Errors: malformed, and those of reading JSON and of Coordinate::make.
[[nodiscard]] Result<EventLine> parse_event_line(std::string_view line);

// Errors: those of Batch::add_json, their offsets counted from the beginning of the line.
[[nodiscard]] Result<void> add_to(Batch& batch, const EventLine& event);

// "name=text" or "name:=JSON". Errors: malformed, invalid_metadata for names that are the store's own.
[[nodiscard]] Result<std::pair<std::string, Value>> parse_metadata_argument(std::string_view argument);

// Where import keeps what it read an event from.
inline constexpr std::string_view import_source_name = "$batpak.import.source";
inline constexpr std::string_view import_line_name = "$batpak.import.line";

}  // namespace batpak::cli
