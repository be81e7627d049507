// Payloads: any plain struct to canonical MessagePack and back, with no registration.
//
//   struct PlayerMoved { std::int32_t x; std::int32_t y; };
//
//   std::vector<std::byte> bytes;
//   auto written = batpak::encode_payload(bytes, PlayerMoved{.x = 10, .y = 20});   // 82 a178 0a a179 14
//   auto moved = batpak::decode_payload<PlayerMoved>(bytes);
//
// A struct is a map of its field names. Fields may be: bool, integers of 8 to 64 bits, float, double, std::string, enums,
// bytes (std::vector<std::byte>, std::array<std::byte, N>), std::optional, std::vector, std::array, maps with integer or
// string keys, std::variant, time points of system_clock, durations, structs of these, and whatever has a Codec. The exact
// rules are in docs/PAYLOADS.md.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "batpak/decoder.hpp"
#include "batpak/encoder.hpp"
#include "batpak/error.hpp"
#include "batpak/payload_shape.hpp"
#include "batpak/reflect.hpp"

namespace [[gnu::visibility("default")]] batpak {

// Specialize this for a type that cannot be reflected, or should look otherwise to other languages. `encode` writes exactly
// one value, `decode` reads exactly one; failures of the Encoder and the Decoder need no check, they are kept and reported.
// The type must have a default value. `type_name` is how declarations call it (docs/PAYLOADS.md has the grammar).
//
//   template <>
//   struct batpak::Codec<Money> {
//     static constexpr std::string_view type_name = "string";
//     static void encode(Encoder& out, const Money& money) { out.text(to_string(money)); }
//     static Result<Money> decode(Decoder& in) { return Money::parse(in.text()); }
//   };
//
// To travel as another type that batpak knows: encode_value(out, other) and decode_value<Other>(in).
template <class T>
struct Codec;

// Whether T can be a payload, or part of one. What is inside T is checked when it is encoded.
template <class T>
concept encodable = codec::shape_of<T> != codec::Shape::unsupported;

// Appends one value of any type that can be part of a payload. Failures stay in the encoder.
template <class T>
void encode_value(Encoder& out, const T& value);

// Reads one value. Returns T{} after a failure, which stays in the decoder.
template <class T>
[[nodiscard]] T decode_value(Decoder& in);

// Appends the canonical bytes of `payload` to `out`; on error `out` is as it was.
// Errors: invalid_utf8, payload_too_large (16 MiB), too_deep (64), out_of_range (a time), duplicate_key.
// Cost: two integers in less than 20 ns if `out` has the capacity.
template <class T>
[[nodiscard]] Result<void> encode_payload(std::vector<std::byte>& out, const T& payload) {
  Encoder encoder(out);
  encode_value(encoder, payload);
  return encoder.finish();
}

// Reads a T from MessagePack, canonical or not. Fields may come in any order; those that T does not have are checked and
// passed over; those that are missing keep the value T{} gives them. Numbers must be representable exactly.
// Errors: malformed, truncated, type_mismatch, out_of_range, duplicate_key, too_deep, trailing_bytes, invalid_utf8,
//   unsupported_type, payload_too_large; the offset is that within the payload, the message names the field.
template <class T>
[[nodiscard]] Result<T> decode_payload(std::span<const std::byte> bytes) {
  Decoder decoder(bytes);
  Result<T> value = decode_value<T>(decoder);
  if (auto read = decoder.finish(); !read) return std::unexpected(std::move(read).error());
  return value;
}

// Whether `bytes` are one value in canonical form: what encode_payload gives for some value.
// Errors: those of decode_payload; malformed with "not canonical" in the sentence where only the form is wrong.
[[nodiscard]] Result<void> check_canonical(std::span<const std::byte> bytes);

namespace codec {

template <class T, std::size_t index>
inline constexpr auto field_key = [] {
  constexpr std::string_view name = reflect::field_name<T, index>;
  static_assert(name.size() <= 255, "batpak: a field name has at most 255 bytes");
  constexpr std::size_t head = name.size() < 32 ? 1 : 2;
  std::array<std::byte, head + name.size()> key{};
  key[0] = static_cast<std::byte>(head == 1 ? 0xA0 | name.size() : 0xD9);
  if (head == 2) key[1] = static_cast<std::byte>(name.size());
  for (std::size_t i = 0; i < name.size(); ++i) key[head + i] = static_cast<std::byte>(name[i]);
  return key;
}();

template <class T, std::size_t index>
void encode_field(Encoder& out, const auto& field) {
  out.encoded(field_key<T, index>);
  encode_value(out, field);
  if (out.failed()) [[unlikely]]
    out.name_failure(reflect::field_name<T, index>);
}

template <class T>
void encode_fields(Encoder& out, const T& object) {
  constexpr std::size_t count = reflect::field_count<T>;
  const auto fields = reflect::tie(object);
  out.begin_ordered_map(count);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (encode_field<T, key_order<T>[I]>(out, std::get<key_order<T>[I]>(fields)), ...);
  }(std::make_index_sequence<count>{});
  out.end_ordered_map();
}

template <class T>
void encode_elements(Encoder& out, const T& elements) {
  out.begin_array(std::size(elements));
  for (const auto& element : elements) encode_value(out, element);
  out.end_array();
}

template <class T>
void encode_map(Encoder& out, const T& map) {
  using Key = typename T::key_type;
  static_assert(plain_integer<Key> || std::is_same_v<Key, std::string>,
                "batpak: the keys of a map in a payload are integers or std::string");
  MapEncoder entries(out, map.size());
  for (const auto& [key, value] : map) {
    entries.key(key);
    encode_value(out, value);
  }
  entries.end();
}

template <class... T>
void encode_variant(Encoder& out, const std::variant<T...>& value) {
  if (value.valueless_by_exception()) return out.fail(ErrorCode::invalid_argument, "a variant holds no value");
  out.begin_array(2);
  out.integer(value.index());
  std::visit([&](const auto& held) { encode_value(out, held); }, value);
  out.end_array();
}

// A time point in units of `Period`: either whole seconds or a power-of-ten-like part of a second that nanoseconds divide.
template <class Period>
struct TimeUnit {
  static_assert(Period::den == 1 || (Period::num == 1 && 1'000'000'000 % Period::den == 0),
                "batpak: the unit of a time point is a number of seconds, or divides a second and is at least 1 ns");
  static constexpr std::int64_t seconds = Period::num;  // in one tick, if a tick is that long
  static constexpr std::int64_t ticks = Period::den;    // in one second, otherwise
  static constexpr std::int64_t nanoseconds = 1'000'000'000 / Period::den;

  static std::optional<UnixTime> to_unix(std::int64_t count) noexcept {
    if constexpr (ticks == 1) {
      std::int64_t whole = 0;
      if (__builtin_mul_overflow(count, seconds, &whole)) return std::nullopt;
      return UnixTime{whole, 0};
    } else {
      std::int64_t whole = count / ticks;
      std::int64_t part = count % ticks;
      if (part < 0) {
        part += ticks;
        --whole;
      }
      return UnixTime{whole, static_cast<std::uint32_t>(part * nanoseconds)};
    }
  }

  static std::optional<std::int64_t> from_unix(UnixTime time) noexcept {
    if (time.nanoseconds % nanoseconds != 0) return std::nullopt;
    std::int64_t whole = time.seconds;
    std::int64_t part = time.nanoseconds / nanoseconds;
    if constexpr (ticks == 1) {
      if (part != 0 || whole % seconds != 0) return std::nullopt;
      return whole / seconds;
    } else {
      if (whole < 0 && part > 0) {  // so that the product stays in range wherever the sum does
        ++whole;
        part -= ticks;
      }
      std::int64_t count = 0;
      if (__builtin_mul_overflow(whole, ticks, &count) || __builtin_add_overflow(count, part, &count)) return std::nullopt;
      return count;
    }
  }
};

template <class Duration>
void encode_time(Encoder& out, std::chrono::time_point<std::chrono::system_clock, Duration> value) {
  static_assert(plain_integer<typename Duration::rep>, "batpak: a time point in a payload counts in integers");
  const auto count = value.time_since_epoch().count();
  if (std::in_range<std::int64_t>(count)) {
    const auto time = TimeUnit<typename Duration::period>::to_unix(static_cast<std::int64_t>(count));
    if (time) return out.time(*time);
  }
  out.fail(ErrorCode::out_of_range, "a time is too far from 1970");
}

template <class T>
T decode_time(Decoder& in) {
  using Duration = typename T::duration;
  using Count = typename Duration::rep;
  static_assert(plain_integer<Count>, "batpak: a time point in a payload counts in integers");
  const auto count = TimeUnit<typename Duration::period>::from_unix(in.time());
  if (count && std::in_range<Count>(*count)) return T(Duration(static_cast<Count>(*count)));
  in.fail(ErrorCode::out_of_range, "a time does not fit the unit it is read into");
  return T{};
}

template <class T>
T decode_optional(Decoder& in) {
  using Held = typename T::value_type;
  constexpr Shape held = shape_of<Held>;
  static_assert(held != Shape::optional && held != Shape::nil,
                "batpak: an optional of what may be nil has two empty values");
  if (in.take_nil()) return std::nullopt;
  return decode_value<Held>(in);
}

template <class T>
T decode_list(Decoder& in) {
  using Element = typename T::value_type;
  constexpr std::size_t reserved_bytes_max = 4096;  // a longer list grows as it is read: a claimed length is not believed
  T list;
  const std::size_t count = in.begin_array();
  list.reserve(std::min(count, reserved_bytes_max / sizeof(Element) + 1));
  for (std::size_t i = 0; i < count && !in.failed(); ++i) list.push_back(decode_value<Element>(in));
  in.end_array();
  return list;
}

template <class T>
T decode_byte_list(Decoder& in) {
  const auto bytes = in.bytes();
  return T(bytes.begin(), bytes.end());
}

template <class T>
T decode_map(Decoder& in) {
  using Key = typename T::key_type;
  static_assert(plain_integer<Key> || std::is_same_v<Key, std::string>,
                "batpak: the keys of a map in a payload are integers or std::string");
  T map;
  const std::size_t count = in.begin_map();
  for (std::size_t i = 0; i < count && !in.failed(); ++i) {
    Key key = decode_value<Key>(in);
    typename T::mapped_type value = decode_value<typename T::mapped_type>(in);
    if (in.failed()) break;
    if (!map.emplace(std::move(key), std::move(value)).second) in.fail(ErrorCode::duplicate_key, "a map has a key twice");
  }
  in.end_map();
  return map;
}

template <class T>
T decode_variant(Decoder& in) {
  constexpr std::size_t alternatives = std::variant_size_v<T>;
  T value{};
  const std::size_t count = in.begin_array();
  if (!in.failed() && count != 2) in.fail(ErrorCode::type_mismatch, "a variant is an array of an index and a value");
  const auto index = in.template integer<std::size_t>();
  if (!in.failed() && index >= alternatives) in.fail(ErrorCode::out_of_range, "a variant has no alternative of this index");
  if (in.failed()) return value;
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto take = [&]<std::size_t at>(std::integral_constant<std::size_t, at>) {
      if (index == at) value.template emplace<at>(decode_value<std::variant_alternative_t<at, T>>(in));
    };
    (take(std::integral_constant<std::size_t, I>{}), ...);
  }(std::make_index_sequence<alternatives>{});
  in.end_array();
  return value;
}

// Fields can be C arrays, which no function returns; everything of a fixed extent is therefore read in place. Hidden: where it is not
// inlined, the library would show it for the types of its own.
template <class T>
[[gnu::visibility("hidden")]] void decode_extent(Decoder& in, T& elements) {
  constexpr std::size_t extent = Template<T>::extent;
  if constexpr (shape_of<T> == Shape::byte_array) {
    const auto bytes = in.bytes();
    if (bytes.size() == extent)
      std::copy(bytes.begin(), bytes.end(), std::begin(elements));
    else
      in.fail(ErrorCode::type_mismatch, "the bytes are not as many as the array holds");
  } else {
    const std::size_t count = in.begin_array();
    if (count != extent) in.fail(ErrorCode::type_mismatch, "the values are not as many as the array holds");
    for (auto& element : elements) {
      if (in.failed()) break;
      using Element = typename Template<T>::Element;
      if constexpr (std::is_array_v<Element>)
        decode_extent(in, element);
      else
        element = decode_value<Element>(in);
    }
    in.end_array();
  }
}

template <class T, std::size_t index>
void decode_field(Decoder& in, auto& field) {
  using Field = std::remove_reference_t<decltype(field)>;
  static_assert(!std::is_const_v<Field>, "batpak: a payload struct that is decoded may not have const fields");
  if constexpr (std::is_array_v<Field>)
    decode_extent(in, field);
  else
    field = decode_value<Field>(in);
  if (in.failed()) [[unlikely]]
    in.name_failure(reflect::field_name<T, index>);
}

template <class T>
T decode_fields(Decoder& in) {
  static_assert(requires { T{}; }, "batpak: every field of a payload struct that is decoded needs a default value");
  constexpr std::size_t count = reflect::field_count<T>;
  T object{};
  [[maybe_unused]] auto fields = reflect::tie(object);
  std::size_t left = in.begin_map();
  std::uint64_t seen = 0;
  // The order of the canonical form first: no search, and fields may be missing.
  const auto take_in_order = [&]<std::size_t field>(std::integral_constant<std::size_t, field>) {
    if (left == 0 || !in.take_key(field_key<T, field>)) return;
    decode_field<T, field>(in, std::get<field>(fields));
    seen |= std::uint64_t{1} << field;
    --left;
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (take_in_order(std::integral_constant<std::size_t, key_order<T>[I]> {}), ...);
  }(std::make_index_sequence<count>{});
  if (left > 0 && !in.failed()) [[unlikely]] {  // unknown fields, or another order
    const auto take_named = [&]<std::size_t field>(std::string_view name, std::integral_constant<std::size_t, field>) {
      if (name != reflect::field_name<T, field>) return false;
      if ((seen >> field & 1U) != 0) in.fail(ErrorCode::duplicate_key, "a field is there twice");
      seen |= std::uint64_t{1} << field;
      decode_field<T, field>(in, std::get<field>(fields));
      return true;
    };
    std::vector<std::span<const std::byte>> unknown;
    for (; left > 0 && !in.failed(); --left) {
      const auto before = in.rest();
      bool known = false;
      if (in.next() == ValueKind::string) {
        const std::string_view name = in.text();
        known = [&]<std::size_t... I>(std::index_sequence<I...>) {
          return (take_named(name, std::integral_constant<std::size_t, I>{}) || ...);
        }(std::make_index_sequence<count>{});
      } else {
        in.skip_key();
      }
      if (known || in.failed()) continue;
      unknown.push_back(before.first(before.size() - in.rest().size()));
      in.skip();
    }
    in.refuse_duplicates(unknown);
  }
  in.end_map();
  return object;
}

}  // namespace codec

template <class T>
void encode_value(Encoder& out, const T& value) {
  using codec::Shape;
  constexpr Shape shape = codec::shape_of<T>;
  static_assert(shape != Shape::unsupported,
                "batpak: this type cannot be part of a payload; specialize batpak::Codec for it");
  if constexpr (shape == Shape::customized) {
    out.expect_custom();
    Codec<T>::encode(out, value);
  } else if constexpr (shape == Shape::nil)
    out.nil();
  else if constexpr (shape == Shape::boolean)
    out.boolean(value);
  else if constexpr (shape == Shape::integer)
    out.integer(value);
  else if constexpr (shape == Shape::float32)
    out.float32(value);
  else if constexpr (shape == Shape::float64)
    out.float64(value);
  else if constexpr (shape == Shape::string)
    out.text(value);
  else if constexpr (shape == Shape::byte_list || shape == Shape::byte_array)
    out.bytes(std::span(value));
  else if constexpr (shape == Shape::enumeration)
    encode_value(out, static_cast<std::underlying_type_t<T>>(value));
  else if constexpr (shape == Shape::optional)
    value ? encode_value(out, *value) : out.nil();
  else if constexpr (shape == Shape::list || shape == Shape::array)
    codec::encode_elements(out, value);
  else if constexpr (shape == Shape::map)
    codec::encode_map(out, value);
  else if constexpr (shape == Shape::variant)
    codec::encode_variant(out, value);
  else if constexpr (shape == Shape::time)
    codec::encode_time(out, value);
  else if constexpr (shape == Shape::duration)
    encode_value(out, value.count());
  else if constexpr (shape == Shape::structure)
    codec::encode_fields(out, value);
}

template <class T>
T decode_value(Decoder& in) {
  using codec::Shape;
  constexpr Shape shape = codec::shape_of<T>;
  static_assert(shape != Shape::unsupported,
                "batpak: this type cannot be part of a payload; specialize batpak::Codec for it");
  if constexpr (shape == Shape::customized) {
    Result<T> value = Codec<T>::decode(in);
    if (value) return *std::move(value);
    in.fail(std::move(value).error());
    return T{};
  } else if constexpr (shape == Shape::nil)
    return in.nil(), T{};
  else if constexpr (shape == Shape::boolean)
    return in.boolean();
  else if constexpr (shape == Shape::integer)
    return in.template integer<T>();
  else if constexpr (shape == Shape::float32 || shape == Shape::float64)
    return in.template real<T>();
  else if constexpr (shape == Shape::string)
    return T(in.text());
  else if constexpr (shape == Shape::byte_list)
    return codec::decode_byte_list<T>(in);
  else if constexpr (shape == Shape::enumeration)
    return static_cast<T>(decode_value<std::underlying_type_t<T>>(in));
  else if constexpr (shape == Shape::optional)
    return codec::decode_optional<T>(in);
  else if constexpr (shape == Shape::list)
    return codec::decode_list<T>(in);
  else if constexpr (shape == Shape::array || shape == Shape::byte_array) {
    T array{};
    codec::decode_extent(in, array);
    return array;
  } else if constexpr (shape == Shape::map)
    return codec::decode_map<T>(in);
  else if constexpr (shape == Shape::variant)
    return codec::decode_variant<T>(in);
  else if constexpr (shape == Shape::time)
    return codec::decode_time<T>(in);
  else if constexpr (shape == Shape::duration)
    return T(decode_value<typename T::rep>(in));
  else if constexpr (shape == Shape::structure)
    return codec::decode_fields<T>(in);
}

}  // namespace batpak
