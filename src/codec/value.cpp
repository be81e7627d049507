#include "batpak/value.hpp"

#include "base/try.hpp"

namespace batpak {
namespace {

std::optional<std::int64_t> as_int64(std::uint64_t bits, bool negative) noexcept {
  if (!negative && !std::in_range<std::int64_t>(bits)) return std::nullopt;
  return static_cast<std::int64_t>(bits);
}

std::optional<std::uint64_t> as_uint64(std::uint64_t bits, bool negative) noexcept {
  if (negative) return std::nullopt;
  return bits;
}

// Precondition: what comes next was checked.
Value build(Decoder& in);

Value build_integer(Decoder& in) {
  const std::byte first = in.rest()[0];
  const bool is_signed = (first >= std::byte{0xD0} && first <= std::byte{0xD3}) || first >= std::byte{0xE0};
  if (is_signed) return in.integer<std::int64_t>();
  return in.integer<std::uint64_t>();
}

Value build_array(Decoder& in) {
  Value::Array values;
  const std::size_t count = in.begin_array();
  for (std::size_t i = 0; i < count; ++i) values.push_back(build(in));
  in.end_array();
  return Value::array(std::move(values));
}

Value::Key build_key(Decoder& in) {
  if (in.next() == ValueKind::string) return in.text();
  const Value number = build_integer(in);
  if (const auto negative = number.to_int64()) return *negative;
  return number.to_uint64().value_or(0);
}

Value build_map(Decoder& in) {
  Value::Map entries;
  const std::size_t count = in.begin_map();
  for (std::size_t i = 0; i < count; ++i) {
    Value::Key key = build_key(in);
    entries.push_back({std::move(key), build(in)});
  }
  in.end_map();
  return Value::map(std::move(entries));
}

Value build(Decoder& in) {
  switch (in.next().value_or(ValueKind::nil)) {
    case ValueKind::nil: return in.nil(), Value();
    case ValueKind::boolean: return in.boolean();
    case ValueKind::integer: return build_integer(in);
    case ValueKind::float32: return in.real<float>();
    case ValueKind::float64: return in.real<double>();
    case ValueKind::string: return in.text();
    case ValueKind::bytes: {
      const auto bytes = in.bytes();
      return Value::Bytes(bytes.begin(), bytes.end());
    }
    case ValueKind::time: return in.time();
    case ValueKind::array: return build_array(in);
    case ValueKind::map: return build_map(in);
  }
  return {};
}

}  // namespace

std::optional<std::int64_t> Value::Key::to_int64() const noexcept {
  if (is_text_) return std::nullopt;
  return as_int64(bits_, negative_);
}

std::optional<std::uint64_t> Value::Key::to_uint64() const noexcept {
  if (is_text_) return std::nullopt;
  return as_uint64(bits_, negative_);
}

Value::Value() noexcept = default;
Value::Value(const Value& other) = default;
Value::Value(Value&& other) noexcept = default;
Value& Value::operator=(const Value& other) = default;
Value& Value::operator=(Value&& other) noexcept = default;
Value::~Value() = default;

Value::Value(Boolean value) : held_(value.value) {}
Value::Value(Integer value) {
  if (value.negative)
    held_.emplace<std::int64_t>(static_cast<std::int64_t>(value.bits));
  else
    held_.emplace<std::uint64_t>(value.bits);
}
Value::Value(float value) : held_(value) {}
Value::Value(double value) : held_(value) {}
Value::Value(std::string text) : held_(std::move(text)) {}
Value::Value(std::string_view text) : held_(std::in_place_type<std::string>, text) {}
Value::Value(const char* text) : held_(std::in_place_type<std::string>, text) {}
Value::Value(Bytes bytes) : held_(std::move(bytes)) {}
Value::Value(UnixTime time) : held_(time) {}

Value Value::array(Array values) {
  Value value;
  value.held_ = std::move(values);
  return value;
}

Value Value::map(Map entries) {
  Value value;
  value.held_ = std::move(entries);
  return value;
}

ValueKind Value::kind() const noexcept {
  constexpr ValueKind kinds[] = {ValueKind::nil,     ValueKind::boolean, ValueKind::integer, ValueKind::integer,
                                 ValueKind::float32, ValueKind::float64, ValueKind::string,  ValueKind::bytes,
                                 ValueKind::time,    ValueKind::array,   ValueKind::map};
  static_assert(std::size(kinds) == std::variant_size_v<Held>);
  return kinds[held_.index()];
}

std::optional<bool> Value::to_bool() const noexcept {
  if (const bool* held = std::get_if<bool>(&held_)) return *held;
  return std::nullopt;
}

std::optional<std::int64_t> Value::to_int64() const noexcept {
  if (const auto* held = std::get_if<std::uint64_t>(&held_)) return as_int64(*held, false);
  if (const auto* held = std::get_if<std::int64_t>(&held_)) return *held;
  return std::nullopt;
}

std::optional<std::uint64_t> Value::to_uint64() const noexcept {
  if (const auto* held = std::get_if<std::uint64_t>(&held_)) return *held;
  return std::nullopt;
}

std::optional<double> Value::to_double() const noexcept {
  if (const auto* held = std::get_if<double>(&held_)) return *held;
  if (const auto* held = std::get_if<float>(&held_)) return *held;
  return std::nullopt;
}

std::optional<UnixTime> Value::to_time() const noexcept {
  if (const auto* held = std::get_if<UnixTime>(&held_)) return *held;
  return std::nullopt;
}

const std::string* Value::if_text() const noexcept { return std::get_if<std::string>(&held_); }
const Value::Bytes* Value::if_bytes() const noexcept { return std::get_if<Bytes>(&held_); }
const Value::Array* Value::if_array() const noexcept { return std::get_if<Array>(&held_); }
const Value::Map* Value::if_map() const noexcept { return std::get_if<Map>(&held_); }

const Value* Value::find(const Key& key) const noexcept {
  const Map* map = if_map();
  if (map == nullptr) return nullptr;
  for (const Entry& entry : *map) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool operator==(const Value& left, const Value& right) {
  const auto left_bytes = messagepack_from_value(left);
  const auto right_bytes = messagepack_from_value(right);
  return left_bytes && right_bytes && *left_bytes == *right_bytes;
}

void Codec<Value>::encode(Encoder& out, const Value& value) {
  switch (value.kind()) {
    case ValueKind::nil: return out.nil();
    case ValueKind::boolean: return out.boolean(*std::get_if<bool>(&value.held_));
    case ValueKind::integer:
      if (const auto* held = std::get_if<std::uint64_t>(&value.held_)) return out.integer(*held);
      return out.integer(*std::get_if<std::int64_t>(&value.held_));
    case ValueKind::float32: return out.float32(*std::get_if<float>(&value.held_));
    case ValueKind::float64: return out.float64(*std::get_if<double>(&value.held_));
    case ValueKind::string: return out.text(*value.if_text());
    case ValueKind::bytes: return out.bytes(*value.if_bytes());
    case ValueKind::time: return out.time(*std::get_if<UnixTime>(&value.held_));
    case ValueKind::array:
      out.begin_array(value.if_array()->size());
      for (const Value& element : *value.if_array()) {
        if (out.failed()) break;  // also what ends the descent into a value that is too deep
        encode(out, element);
      }
      return out.end_array();
    case ValueKind::map: {
      MapEncoder map(out, value.if_map()->size());
      for (const auto& [key, held] : *value.if_map()) {
        if (out.failed()) break;
        if (const std::string* text = key.if_text())
          map.key(*text);
        else if (const auto number = key.to_uint64())
          map.key(*number);
        else if (const auto negative = key.to_int64())
          map.key(*negative);
        encode(out, held);
      }
      return map.end();
    }
  }
}

Result<Value> Codec<Value>::decode(Decoder& in) {
  const auto bytes = in.skip();  // checks everything, so that only well-formed values without double keys are built
  if (in.failed()) return Value();
  Decoder checked(bytes);
  return build(checked);
}

Result<std::vector<std::byte>> messagepack_from_value(const Value& value) {
  std::vector<std::byte> bytes;
  BATPAK_CHECK(encode_payload(bytes, value));
  return bytes;
}

Result<Value> value_from_messagepack(std::span<const std::byte> bytes) { return decode_payload<Value>(bytes); }

}  // namespace batpak
