// Payloads as JSON text. Every MessagePack value has a JSON form, and that form gives the same bytes again.
//
// What JSON has no word for is an object with one key:
//   {"$bytes":"AAEC"}                             bytes, base64 (RFC 4648, section 4)
//   {"$time":"2026-01-02T03:04:05.000000006Z"}    a point in time; "@seconds" outside of the years 0000–9999
//   {"$int":"9007199254740993"}                   an integer beyond ±2^53 (on input also any other)
//   {"$float32":0.1}                              a float of 32 bits; "nan", "inf", "-inf"
//   {"$float64":"nan"}                            what JSON numbers cannot say: "nan", "inf", "-inf"
//   {"$map":[[1,"a"],[2,"b"]]}                    a map with integer keys, or one that looks like one of these forms
// A JSON number with a point or an exponent is a float of 64 bits, any other an integer. docs/PAYLOADS.md has the rules.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/error.hpp"
#include "batpak/value.hpp"

namespace [[gnu::visibility("default")]] batpak {

enum class JsonStyle : std::uint8_t {
  compact,  // one line, no spaces
  pretty,   // two spaces of indentation, no newline at the end
};

// Canonical MessagePack of one JSON text (RFC 8259).
// Errors: malformed with the offset in the text, invalid_utf8, duplicate_key, out_of_range (a number beyond 64 bits),
//   too_deep, too_large, payload_too_large.
// Threads: any. Keeps a parser for each thread.
[[nodiscard]] Result<std::vector<std::byte>> messagepack_from_json(std::string_view json);

// The JSON text of any well-formed MessagePack value, with its keys in canonical order.
// Errors: those of decode_payload.
[[nodiscard]] Result<std::string> json_from_messagepack(std::span<const std::byte> bytes, JsonStyle style);

[[nodiscard]] Result<Value> value_from_json(std::string_view json);
[[nodiscard]] Result<std::string> json_from_value(const Value& value, JsonStyle style);

}  // namespace batpak
