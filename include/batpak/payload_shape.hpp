// How a C++ type travels in a payload, decided in one place for encoding, decoding and describing it.
#pragma once

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "batpak/reflect.hpp"

namespace [[gnu::visibility("default")]] batpak {

// The customization point; see codec.hpp.
template <class T>
struct Codec;

namespace codec {

enum class Shape {
  unsupported,
  customized,
  nil,
  boolean,
  integer,
  float32,
  float64,
  string,
  byte_list,
  byte_array,
  enumeration,
  optional,
  list,
  array,
  map,
  variant,
  time,
  duration,
  structure,
};

template <class T>
concept customized = requires { sizeof(Codec<T>); };

// char and its relatives say neither text nor number; std::byte is no number.
template <class T>
concept plain_integer =
    std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, bool> && !std::same_as<T, char> && !std::same_as<T, wchar_t> &&
    !std::same_as<T, char8_t> && !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

// std::map, std::unordered_map and what looks like them: unique keys.
template <class T>
concept map_like = requires(T map, typename T::key_type key, typename T::mapped_type value) {
  { map.emplace(std::move(key), std::move(value)).second } -> std::convertible_to<bool>;
  { map.size() } -> std::convertible_to<std::size_t>;
  map.begin()->second;
};

template <class T>
struct Template {
  static constexpr Shape shape = Shape::unsupported;
};
template <class T, class A>
struct Template<std::vector<T, A>> {
  static constexpr Shape shape = std::is_same_v<T, std::byte> ? Shape::byte_list : Shape::list;
};
template <class T, std::size_t size>
struct Template<std::array<T, size>> {
  using Element = T;
  static constexpr std::size_t extent = size;
  static constexpr Shape shape = std::is_same_v<T, std::byte> ? Shape::byte_array : Shape::array;
};
template <class T, std::size_t size>
struct Template<T[size]> {
  using Element = T;
  static constexpr std::size_t extent = size;
  static constexpr Shape shape = std::is_same_v<T, std::byte> ? Shape::byte_array : Shape::array;
};
template <class T>
struct Template<std::optional<T>> {
  static constexpr Shape shape = Shape::optional;
};
template <class... T>
struct Template<std::variant<T...>> {
  static constexpr Shape shape = Shape::variant;
};
template <class D>
struct Template<std::chrono::time_point<std::chrono::system_clock, D>> {
  static constexpr Shape shape = Shape::time;
};
template <class R, class P>
struct Template<std::chrono::duration<R, P>> {
  static constexpr Shape shape = Shape::duration;
};

template <class T>
consteval Shape find_shape() {
  if constexpr (customized<T>)
    return Shape::customized;
  else if constexpr (std::is_same_v<T, std::monostate>)
    return Shape::nil;
  else if constexpr (std::is_same_v<T, bool>)
    return Shape::boolean;
  else if constexpr (plain_integer<T>)
    return Shape::integer;
  else if constexpr (std::is_same_v<T, float>)
    return Shape::float32;
  else if constexpr (std::is_same_v<T, double>)
    return Shape::float64;
  else if constexpr (std::is_same_v<T, std::string>)
    return Shape::string;
  else if constexpr (std::is_enum_v<T> && !std::is_same_v<T, std::byte>)
    return Shape::enumeration;
  else if constexpr (Template<T>::shape != Shape::unsupported)
    return Template<T>::shape;
  else if constexpr (map_like<T>)
    return Shape::map;
  else if constexpr (reflect::aggregate<T>)
    return Shape::structure;
  else
    return Shape::unsupported;
}

template <class T>
inline constexpr Shape shape_of = find_shape<T>();

// The index of each field in declaration order, listed in the byte order of the names: the order on the wire.
template <class T>
inline constexpr auto key_order = [] {
  constexpr std::size_t count = reflect::field_count<T>;
  constexpr auto names = reflect::field_names<T>;
  std::array<std::size_t, count> order{};
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t at = i;
    for (; at > 0 && names[i] < names[order[at - 1]]; --at) order[at] = order[at - 1];
    order[at] = i;
  }
  return order;
}();

}  // namespace codec
}  // namespace batpak
