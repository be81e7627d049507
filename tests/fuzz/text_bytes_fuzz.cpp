// Bytes written as text: base 64, hexadecimal digits, ids and times.
#include "base/base64.hpp"
#include "base/hex.hpp"
#include "batpak/event_id.hpp"
#include "batpak/hash.hpp"
#include "codec/time_text.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

void check_base64(std::string_view text) {
  const auto bytes = base::from_base64(text);
  if (bytes) require(base::to_base64(*bytes) == text, "bytes have one text in base 64");
}

void check_written(ByteView bytes) {
  const std::string base64 = base::to_base64(bytes);
  const auto back = base::from_base64(base64);
  require(back.has_value() && same_bytes(*back, bytes), "base 64 that is written is read as the same");
  const std::string digits = base::to_hex(bytes);
  Bytes read(bytes.size());
  require(base::from_hex(digits, read).has_value() && same_bytes(read, bytes), "digits that are written are read");
}

void check_hex(std::string_view text) {
  Bytes out(text.size() / 2);
  if (base::from_hex(text, out)) require(base::to_hex(out) == lower_case(text), "digits are bytes in either case");
  Bytes longer(text.size() / 2 + 1);
  require(!base::from_hex(text, longer), "digits that are missing are not made up");
}

template <class Id>
void check_id(std::string_view text) {
  const auto id = Id::from_string(text);
  if (!id) return;
  const std::string written = to_string(*id);
  const auto again = Id::from_string(written);
  require(again.has_value() && *again == *id, "an id that is written is read as the same");
  std::string digits = lower_case(text);
  std::erase(digits, '-');
  require(digits == base::to_hex(id->bytes), "an id is its digits");
}

void check_hash(std::string_view text) {
  const auto hash = Hash::from_hex(text);
  if (hash) require(to_string(*hash) == lower_case(text), "a hash is its digits");
}

void check_time(std::string_view text) {
  const auto time = codec::parse_time_text(text);
  if (!time) return;
  require(time->nanoseconds < 1'000'000'000, "a second has so many nanoseconds");
  const std::string written = codec::time_text(*time);
  const auto again = codec::parse_time_text(written);
  require(again.has_value() && *again == *time, "a time that is written is read as the same");
}

void check_written_time(Choices choices) {
  UnixTime time;
  time.seconds = static_cast<std::int64_t>(choices.number<std::uint64_t>());
  time.nanoseconds = choices.number<std::uint32_t>() % 1'000'000'000;
  const auto read = codec::parse_time_text(codec::time_text(time));
  require(read.has_value() && *read == time, "every time can be written and read");
}

// Witness: decoder_stays_in_bounds, canonical_one_form
const Target text_bytes("text_bytes", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  check_base64(text);
  check_written(input);
  check_hex(text);
  check_id<EventId>(text);
  check_id<CorrelationId>(text);
  check_hash(text);
  check_time(text);
  check_written_time(Choices(input));
});

}  // namespace
}  // namespace batpak::fuzz
