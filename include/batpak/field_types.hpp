// The fields of a payload type in words, as the log declares them.
//
// The grammar (docs/PAYLOADS.md): nil bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 string bytes bytes<N> time any
// enum<u8> duration<1/1000> optional<T> list<T> array<T,N> map<K,V> variant<A,B> {field:T,field:T} and ^N for the struct
// N braces further out, in types that hold themselves. A type with a Codec is called what its type_name says.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "batpak/codec.hpp"
#include "batpak/payload_shape.hpp"
#include "batpak/reflect.hpp"

namespace [[gnu::visibility("default")]] batpak {

// One field of a payload: its name on the wire and the name of its type.
struct FieldDescription {
  std::string name;
  std::string type;

  friend bool operator==(const FieldDescription&, const FieldDescription&) = default;
};

namespace codec {

// One address for each type: tells which of the structs around the current one is meant.
template <class T>
inline constexpr char type_mark = 0;

using Enclosing = std::vector<const char*>;

template <class T>
std::string describe(Enclosing& enclosing);

template <class T>
std::string describe_integer() {
  return (std::is_signed_v<T> ? "i" : "u") + std::to_string(8 * sizeof(T));
}

template <class T, std::size_t index>
std::string describe_field(Enclosing& enclosing) {
  using Field = std::tuple_element_t<index, decltype(reflect::tie(std::declval<T&>()))>;
  return describe<std::remove_reference_t<Field>>(enclosing);
}

template <class T>
std::string describe_fields(Enclosing& enclosing) {
  for (std::size_t out = 0; out < enclosing.size(); ++out) {
    if (enclosing[enclosing.size() - 1 - out] == &type_mark<T>) return "^" + std::to_string(out);
  }
  enclosing.push_back(&type_mark<T>);
  std::string text = "{";
  const auto add = [&]<std::size_t index>(std::integral_constant<std::size_t, index>) {
    if (text.size() > 1) text += ',';
    text += reflect::field_name<T, index>;
    text += ':';
    text += describe_field<T, index>(enclosing);
  };
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (add(std::integral_constant<std::size_t, key_order<T>[I]> {}), ...);
  }(std::make_index_sequence<reflect::field_count<T>>{});
  enclosing.pop_back();
  return text + "}";
}

template <class... T>
std::string describe_alternatives(std::type_identity<std::variant<T...>>, Enclosing& enclosing) {
  std::string text = "variant<";
  ((text += describe<T>(enclosing), text += ','), ...);
  text.back() = '>';
  return text;
}

template <class T>
std::string describe(Enclosing& enclosing) {
  constexpr Shape shape = shape_of<T>;
  static_assert(shape != Shape::unsupported,
                "batpak: this type cannot be part of a payload; specialize batpak::Codec for it");
  if constexpr (shape == Shape::customized)
    return std::string(Codec<T>::type_name);
  else if constexpr (shape == Shape::nil)
    return "nil";
  else if constexpr (shape == Shape::boolean)
    return "bool";
  else if constexpr (shape == Shape::integer)
    return describe_integer<T>();
  else if constexpr (shape == Shape::float32)
    return "f32";
  else if constexpr (shape == Shape::float64)
    return "f64";
  else if constexpr (shape == Shape::string)
    return "string";
  else if constexpr (shape == Shape::byte_list)
    return "bytes";
  else if constexpr (shape == Shape::byte_array)
    return "bytes<" + std::to_string(Template<T>::extent) + ">";
  else if constexpr (shape == Shape::time)
    return "time";
  else if constexpr (shape == Shape::enumeration)
    return "enum<" + describe<std::underlying_type_t<T>>(enclosing) + ">";
  else if constexpr (shape == Shape::optional)
    return "optional<" + describe<typename T::value_type>(enclosing) + ">";
  else if constexpr (shape == Shape::list)
    return "list<" + describe<typename T::value_type>(enclosing) + ">";
  else if constexpr (shape == Shape::array)
    return "array<" + describe<typename Template<T>::Element>(enclosing) + "," + std::to_string(Template<T>::extent) + ">";
  else if constexpr (shape == Shape::map)
    return "map<" + describe<typename T::key_type>(enclosing) + "," + describe<typename T::mapped_type>(enclosing) + ">";
  else if constexpr (shape == Shape::variant)
    return describe_alternatives(std::type_identity<T>{}, enclosing);
  else if constexpr (shape == Shape::duration)
    return "duration<" + std::to_string(T::period::num) + "/" + std::to_string(T::period::den) + ">";
  else if constexpr (shape == Shape::structure)
    return describe_fields<T>(enclosing);
}

template <class T>
std::vector<FieldDescription> describe_payload() {
  if constexpr (shape_of<T> == Shape::structure) {
    Enclosing enclosing{&type_mark<T>};
    std::vector<FieldDescription> fields;
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (fields.emplace_back(std::string(reflect::field_name<T, key_order<T>[I]>),
                           describe_field<T, key_order<T>[I]>(enclosing)),
       ...);
    }(std::make_index_sequence<reflect::field_count<T>>{});
    return fields;
  } else {
    Enclosing enclosing;
    return {{"", describe<T>(enclosing)}};
  }
}

}  // namespace codec

// The fields of a payload type in the order they have on the wire. A payload that is no struct is one field without a name.
// Computed once, kept until the program ends.
template <class T>
[[nodiscard]] const std::vector<FieldDescription>& field_list() {
  static const std::vector<FieldDescription> fields = codec::describe_payload<T>();
  return fields;
}

}  // namespace batpak
