#include "codec/wire.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace batpak::codec {
namespace {

constexpr Head cut_short{.flaw = Head::Flaw::cut_short};

// A number of `size` bytes behind the first byte; only if `bytes` has them.
std::uint64_t load_argument(const std::byte* at, std::size_t size) noexcept {
  switch (size) {
    case 1: return static_cast<std::uint8_t>(*at);
    case 2: return load_be<std::uint16_t>(at);
    case 4: return load_be<std::uint32_t>(at);
    default: return load_be<std::uint64_t>(at);
  }
}

// How many bytes hold the argument of the first bytes c4–df: c4 → 1, c5 → 2, c6 → 4, ...
constexpr std::array<std::uint8_t, 0x1C> argument_sizes{1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2,
                                                        4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4};

Head signed_head(std::uint64_t argument, std::size_t size) noexcept {
  const unsigned shift = 64 - 8 * static_cast<unsigned>(size);
  const std::int64_t value = static_cast<std::int64_t>(argument << shift) >> shift;
  constexpr std::int64_t fix_min = -32;
  // A signed form is the shortest only for what the next narrower one cannot hold.
  const std::int64_t narrower_min = size == 1 ? fix_min : -(std::int64_t{1} << (4 * size - 1));
  return {.kind = ValueKind::integer,
          .negative = value < 0,
          .shortest = value < narrower_min,
          .argument = static_cast<std::uint64_t>(value)};
}

}  // namespace

Head read_head(ByteView bytes) noexcept {
  if (bytes.empty()) return cut_short;
  const auto first = static_cast<std::uint8_t>(bytes[0]);
  Head head{.size = 1};
  if (first <= 0x7F) {
    head.kind = ValueKind::integer;
    head.argument = first;
    return head;
  }
  if (first >= 0xE0) {
    head.kind = ValueKind::integer;
    head.negative = true;
    head.argument = static_cast<std::uint64_t>(static_cast<std::int64_t>(static_cast<std::int8_t>(first)));
    return head;
  }
  if (first <= 0xBF) {
    head.kind = first <= 0x8F ? ValueKind::map : first <= 0x9F ? ValueKind::array : ValueKind::string;
    head.argument = first <= 0x9F ? first & 0x0FU : first & 0x1FU;
  } else if (first <= 0xC3) {
    if (first == 0xC1) return {.flaw = Head::Flaw::never_used};
    head.kind = first == 0xC0 ? ValueKind::nil : ValueKind::boolean;
    head.argument = first & 1U;
    return head;
  } else {
    const std::size_t size = argument_sizes[first - 0xC4U];
    if (bytes.size() <= size) return cut_short;
    const std::uint64_t argument = size == 0 ? std::uint64_t{1} << (first - 0xD4U) : load_argument(bytes.data() + 1, size);
    head.size = static_cast<std::uint8_t>(1 + size);
    head.argument = argument;
    switch (first) {
      case 0xC4:
      case 0xC5:
      case 0xC6:
        head.kind = ValueKind::bytes;
        head.shortest = first == 0xC4 || argument > (first == 0xC5 ? 0xFFU : 0xFFFFU);
        break;
      case 0xCA:
      case 0xCB: head.kind = first == 0xCA ? ValueKind::float32 : ValueKind::float64; return head;
      case 0xCC:
      case 0xCD:
      case 0xCE:
      case 0xCF:
        head.kind = ValueKind::integer;
        head.shortest = argument > (first == 0xCC ? 0x7FU : first == 0xCD ? 0xFFU : first == 0xCE ? 0xFFFFU : 0xFFFF'FFFFU);
        return head;
      case 0xD0:
      case 0xD1:
      case 0xD2:
      case 0xD3: {
        const std::uint8_t head_size = head.size;
        head = signed_head(argument, size);
        head.size = head_size;
        return head;
      }
      case 0xD9:
      case 0xDA:
      case 0xDB:
        head.kind = ValueKind::string;
        head.shortest = argument > (first == 0xD9 ? 31U : first == 0xDA ? 0xFFU : 0xFFFFU);
        break;
      case 0xDC:
      case 0xDD:
        head.kind = ValueKind::array;
        head.shortest = argument > (first == 0xDC ? 15U : 0xFFFFU);
        break;
      case 0xDE:
      case 0xDF:
        head.kind = ValueKind::map;
        head.shortest = argument > (first == 0xDE ? 15U : 0xFFFFU);
        break;
      default:  // extensions: one more byte says which
        if (bytes.size() <= head.size) return cut_short;
        if (static_cast<std::uint8_t>(bytes[head.size]) != timestamp_type) {
          return {.flaw = Head::Flaw::unknown_extension};
        }
        head.kind = ValueKind::time;
        ++head.size;
        // 4 and 8 bytes have heads of their own, 12 have not.
        head.shortest = size == 0 || (first == 0xC7 && argument == 12);
        break;
    }
  }
  const std::size_t left = bytes.size() - head.size;
  const std::uint64_t needed = head.kind == ValueKind::map ? 2 * head.argument : head.argument;
  if (needed > left) return cut_short;
  return head;
}

Flaw describe(Head::Flaw flaw) noexcept {
  switch (flaw) {
    case Head::Flaw::never_used: return {ErrorCode::malformed, "the byte 0xc1 begins no value"};
    case Head::Flaw::unknown_extension: return {ErrorCode::unsupported_type, "an extension type that batpak does not know"};
    default: return {ErrorCode::truncated, "the value is cut short"};
  }
}

TimeOrFlaw read_time(ByteView content) noexcept {
  TimeOrFlaw read;
  if (content.size() == 4) {
    read.time.seconds = load_be<std::uint32_t>(content.data());
  } else if (content.size() == 8) {
    const std::uint64_t both = load_be<std::uint64_t>(content.data());
    read.time.seconds = static_cast<std::int64_t>(both & 0x3'FFFF'FFFFULL);
    read.time.nanoseconds = static_cast<std::uint32_t>(both >> 34U);
    read.shortest = read.time.nanoseconds != 0 || read.time.seconds > 0xFFFF'FFFFLL;
  } else if (content.size() == 12) {
    read.time.nanoseconds = load_be<std::uint32_t>(content.data());
    read.time.seconds = static_cast<std::int64_t>(load_be<std::uint64_t>(content.data() + 4));
    read.shortest = read.time.seconds < 0 || read.time.seconds > 0x3'FFFF'FFFFLL;
  } else {
    read.flaw = Flaw{ErrorCode::malformed, "a timestamp has 4, 8 or 12 bytes"};
  }
  if (read.time.nanoseconds > UnixTime::nanoseconds_max) {
    read.flaw = Flaw{ErrorCode::malformed, "a timestamp has a second of nanoseconds or more"};
  }
  return read;
}

Key read_key(ByteView bytes) noexcept {
  const Head head = read_head(bytes);
  if (!head.is_whole()) return {};
  if (head.kind == ValueKind::string) return {true, false, 0, base::as_text(bytes.subspan(head.size, head.argument))};
  return {false, head.negative, head.argument, {}};
}

int compare_keys(ByteView left, ByteView right) noexcept {
  const auto text = [](ByteView key) -> std::optional<ByteView> {
    const auto first = static_cast<std::uint8_t>(key[0]);
    if (first >= 0xA0 && first <= 0xBF) return key.subspan(1);
    if (first >= 0xD9 && first <= 0xDB) return key.subspan(first == 0xD9 ? 2 : first == 0xDA ? 3 : 5);
    return std::nullopt;
  };
  const auto left_text = text(left);
  const auto right_text = text(right);
  if (left_text.has_value() != right_text.has_value()) return left_text ? 1 : -1;
  if (left_text) {
    left = *left_text;
    right = *right_text;
  }
  const std::size_t common = std::min(left.size(), right.size());
  const int order = common == 0 ? 0 : std::memcmp(left.data(), right.data(), common);
  if (order != 0) return order;
  return left.size() < right.size() ? -1 : left.size() > right.size() ? 1 : 0;
}

}  // namespace batpak::codec
