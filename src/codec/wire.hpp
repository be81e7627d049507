// The heads of MessagePack values: what the first bytes of a value say about it.
//
//   00–7f        integer 0–127          c0            nil                 d4–d8       ext of 1 2 4 8 16 bytes
//   80–8f        map of 0–15 entries    c1            never used          d9 da db    string, length in 1 2 4 bytes
//   90–9f        array of 0–15 values   c2 c3         false true          dc dd       array, count in 2 4 bytes
//   a0–bf        string of 0–31 bytes   c4 c5 c6      bytes, length in    de df       map, count in 2 4 bytes
//   e0–ff        integer -32–-1                       1 2 4 bytes         cc cd ce cf unsigned integer of 1 2 4 8 bytes
//                                       c7 c8 c9      ext, likewise       d0 d1 d2 d3 signed integer of 1 2 4 8 bytes
//                                       ca cb         float of 4 8 bytes
// Numbers are big-endian. Of the extensions only the timestamp, type -1, is known here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.hpp"
#include "batpak/decoder.hpp"
#include "batpak/error.hpp"
#include "batpak/unix_time.hpp"

namespace batpak::codec {

inline constexpr std::uint8_t timestamp_type = 0xFF;  // -1 as the format has it, in two's complement

template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(const std::byte* at) noexcept {
  return std::byteswap(base::load_le<T>(at));
}

// What went wrong, in words that live as long as the program: building an Error is left to whoever keeps it.
struct Flaw {
  ErrorCode code = ErrorCode::malformed;
  std::string_view sentence;
};

// The head of one value. The whole value is there too unless it is an array or a map; of those each entry is known to have
// at least one byte (a map's two), so that no count promises more than the input can hold.
// Small enough to be returned in two registers, which is why a flaw is told by number.
struct Head {
  enum class Flaw : std::uint8_t { none, cut_short, never_used, unknown_extension };

  ValueKind kind = ValueKind::nil;
  Flaw flaw = Flaw::none;      // if there is one, nothing else holds
  bool negative = false;       // of an integer: `argument` is the two's complement
  bool shortest = true;        // no shorter head could say the same
  std::uint8_t size = 0;       // bytes of the head, up to the content of a string, bytes, time, array or map
  std::uint64_t argument = 0;  // an integer, bits of a float, a truth, a length in bytes, a number of values or entries

  [[nodiscard]] bool is_whole() const noexcept { return flaw == Flaw::none; }
};

static_assert(sizeof(Head) == 16);

// Reads the head at the front of `bytes`.
[[nodiscard]] Head read_head(ByteView bytes) noexcept;

// What is wrong with a head. Precondition: something is.
[[nodiscard]] Flaw describe(Head::Flaw flaw) noexcept;

// The content of a timestamp: 4, 8 or 12 bytes.
struct TimeOrFlaw {
  UnixTime time;
  bool shortest = true;
  std::optional<Flaw> flaw;
};
[[nodiscard]] TimeOrFlaw read_time(ByteView content) noexcept;

// A key of a map: an integer or a text, apart from how it was written.
struct Key {
  bool is_text = false;
  bool negative = false;
  std::uint64_t bits = 0;
  std::string_view text;

  friend auto operator<=>(const Key&, const Key&) = default;
};

// Precondition: `bytes` begin with one well-formed integer or string.
[[nodiscard]] Key read_key(ByteView bytes) noexcept;

// The canonical order of keys: integers before texts, integers in the order of their encoded bytes, texts in the order of
// their own. Negative, zero or positive. Precondition: both are canonical integers or strings.
[[nodiscard]] int compare_keys(ByteView left, ByteView right) noexcept;

}  // namespace batpak::codec
