#include "batpak/decoder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "codec/scanner.hpp"
#include "codec/wire.hpp"

namespace batpak {
namespace {

std::string_view kind_name(ValueKind kind) noexcept {
  switch (kind) {
    case ValueKind::nil: return "nil";
    case ValueKind::boolean: return "a bool";
    case ValueKind::integer: return "an integer";
    case ValueKind::float32: return "a float of 32 bits";
    case ValueKind::float64: return "a float of 64 bits";
    case ValueKind::string: return "a string";
    case ValueKind::bytes: return "bytes";
    case ValueKind::time: return "a time";
    case ValueKind::array: return "an array";
    case ValueKind::map: return "a map";
  }
  return "a value";
}

}  // namespace

Decoder::Decoder(std::span<const std::byte> bytes) : begin_(bytes.data()), at_(begin_), end_(begin_ + bytes.size()) {
  if (bytes.size() > limits::payload_bytes_max) fail(ErrorCode::payload_too_large, "a payload has at most 16 MiB");
}

// Everything behind a failure is taken away, so that later reads find nothing and need no check of their own.
void Decoder::fail(Error error) {
  if (failed()) return;
  if (!error.offset) error.offset = static_cast<std::uint64_t>(at_ - begin_);
  failure_ = std::make_unique<Error>(std::move(error));
  at_ = end_;
}

void Decoder::fail(ErrorCode code, std::string_view sentence) {
  if (!failed()) fail(Error(code, std::string(sentence)));
}

void Decoder::fail_range() { fail(ErrorCode::out_of_range, "a number does not fit the type it is read into"); }

// Something else came than was wanted, or nothing that is a value.
void Decoder::fail_type(std::string_view wanted) {
  if (failed()) return;
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole()) {
    const codec::Flaw flaw = codec::describe(head.flaw);
    return fail(flaw.code, flaw.sentence);
  }
  std::string sentence = "found ";
  sentence += kind_name(head.kind);
  sentence += " instead of ";
  sentence += wanted;
  fail(Error(ErrorCode::type_mismatch, std::move(sentence)));
}

void Decoder::name_failure(std::string_view field) {
  if (failure_->message.starts_with("field "))
    failure_->message.replace(0, 6, "field " + std::string(field) + ".");
  else
    failure_->message.insert(0, "field " + std::string(field) + ": ");
}

std::optional<ValueKind> Decoder::next() const noexcept {
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole()) return std::nullopt;
  return head.kind;
}

void Decoder::nil() {
  if (!take_nil()) fail_type("nil");
}

bool Decoder::boolean() {
  if (at_ == end_ || (*at_ != std::byte{0xC2} && *at_ != std::byte{0xC3})) {
    fail_type("a bool");
    return false;
  }
  return *at_++ == std::byte{0xC3};
}

Decoder::Integer Decoder::any_integer() {
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole() || head.kind != ValueKind::integer) {
    fail_type("an integer");
    return {};
  }
  at_ += head.size;
  return {head.argument, head.negative};
}

double Decoder::any_float64() {
  const codec::Head head = codec::read_head(rest());
  if (head.is_whole() && head.kind == ValueKind::float64) {
    at_ += head.size;
    return std::bit_cast<double>(head.argument);
  }
  if (head.is_whole() && head.kind == ValueKind::float32) {
    at_ += head.size;
    return std::bit_cast<float>(static_cast<std::uint32_t>(head.argument));
  }
  if (!head.is_whole() || head.kind != ValueKind::integer) {
    fail_type("a number");
    return 0;
  }
  // An integer is exact in 53 bits, trailing zeroes not counted.
  const std::uint64_t magnitude = head.negative ? 0 - head.argument : head.argument;
  if (magnitude != 0 && static_cast<int>(std::bit_width(magnitude)) - std::countr_zero(magnitude) > 53) {
    fail(ErrorCode::out_of_range, "an integer is not exact as a float of 64 bits");
    return 0;
  }
  at_ += head.size;
  const auto value = static_cast<double>(magnitude);
  return head.negative ? -value : value;
}

float Decoder::any_float32() {
  const std::byte* const before = at_;
  const codec::Head head = codec::read_head(rest());
  if (head.is_whole() && head.kind == ValueKind::float32) {
    at_ += head.size;
    return std::bit_cast<float>(static_cast<std::uint32_t>(head.argument));
  }
  const double wide = any_float64();
  if (std::isnan(wide)) return std::numeric_limits<float>::quiet_NaN();
  const bool too_wide = std::isfinite(wide) && std::abs(wide) > static_cast<double>(std::numeric_limits<float>::max());
  if (!too_wide && static_cast<double>(static_cast<float>(wide)) == wide) return static_cast<float>(wide);
  at_ = before;
  fail(ErrorCode::out_of_range, "a number is not exact as a float of 32 bits");
  return 0;
}

std::string_view Decoder::text() {
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole() || head.kind != ValueKind::string) {
    fail_type("a string");
    return {};
  }
  const std::string_view text = base::as_text({at_ + head.size, head.argument});
  if (!base::is_utf8(text)) {
    fail(ErrorCode::invalid_utf8, "a string is not UTF-8");
    return {};
  }
  at_ += head.size + head.argument;
  return text;
}

std::span<const std::byte> Decoder::bytes() {
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole() || head.kind != ValueKind::bytes) {
    fail_type("bytes");
    return {};
  }
  const ByteView bytes(at_ + head.size, head.argument);
  at_ += head.size + head.argument;
  return bytes;
}

UnixTime Decoder::time() {
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole() || head.kind != ValueKind::time) {
    fail_type("a time");
    return {};
  }
  const codec::TimeOrFlaw read = codec::read_time({at_ + head.size, head.argument});
  if (read.flaw) {
    fail(read.flaw->code, read.flaw->sentence);
    return {};
  }
  at_ += head.size + head.argument;
  return read.time;
}

std::size_t Decoder::begin_container(ValueKind kind) {
  ++depth_;  // also after a failure: every begin has its end
  const codec::Head head = codec::read_head(rest());
  if (!head.is_whole() || head.kind != kind) {
    fail_type(kind_name(kind));
    return 0;
  }
  if (depth_ > limits::codec_depth_max) {
    fail(ErrorCode::too_deep, "more than 64 arrays and maps within each other");
    return 0;
  }
  at_ += head.size;
  return head.argument;
}

std::size_t Decoder::begin_array() { return begin_container(ValueKind::array); }
std::size_t Decoder::begin_map() { return begin_container(ValueKind::map); }

void Decoder::skip_key() {
  if (failed()) return;
  codec::Scanner scanner(rest(), codec::Form::any);
  const bool passed = scanner.key();
  at_ += scanner.offset();
  if (!passed) fail(scanner.flaw().code, scanner.flaw().sentence);
}

std::span<const std::byte> Decoder::skip() {
  if (failed()) return {};
  const ByteView before = rest();
  codec::Scanner scanner(before, codec::Form::any);
  const bool passed = scanner.value(depth_);
  at_ += scanner.offset();
  if (passed) return before.first(scanner.offset());
  fail(scanner.flaw().code, scanner.flaw().sentence);
  return {};
}

void Decoder::refuse_duplicates(std::vector<std::span<const std::byte>>& keys) {
  const auto before = [](ByteView left, ByteView right) { return codec::read_key(left) < codec::read_key(right); };
  const auto same = [](ByteView left, ByteView right) { return codec::read_key(left) == codec::read_key(right); };
  std::sort(keys.begin(), keys.end(), before);
  if (!failed() && std::adjacent_find(keys.begin(), keys.end(), same) != keys.end()) {
    fail(ErrorCode::duplicate_key, "a map has a key twice");
  }
}

Result<void> Decoder::finish() {
  if (!failed() && at_ != end_) fail(ErrorCode::trailing_bytes, "more bytes follow the value");
  if (failed()) return base::fail(*failure_);
  return {};
}

}  // namespace batpak
