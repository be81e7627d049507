// The fields of a plain aggregate, with neither a macro nor a registration.
//
// How it works: count the fields by trying T{any, any, ...}; bind them with a structured binding; name them by printing,
// at compile time, the address of each field of an object that is never constructed.
//
//   struct Moved { int x; int y; };
//   static_assert(batpak::reflect::field_names<Moved>[1] == "y");
//
// What can be reflected: an aggregate of at most 64 fields without base classes, bit-fields, references and anonymous
// unions. Static members are no fields.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace [[gnu::visibility("default")]] batpak {
namespace reflect {

inline constexpr std::size_t fields_max = 64;

template <class T>
concept aggregate = std::is_aggregate_v<T> && !std::is_array_v<T> && !std::is_union_v<T>;

namespace detail {

// Converts to anything. Named only in unevaluated operands, so it has no body.
struct AnyValue {
  template <class U>
  operator U() const noexcept;
};

// Converts to base classes of T only.
template <class T>
struct AnyBase {
  template <class U>
    requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
  operator U() const noexcept;
};

template <std::size_t>
using AnyAt = AnyValue;

template <class T, std::size_t... I>
consteval bool takes_each(std::index_sequence<I...>) {
  return requires { T{AnyAt<I>{}...}; };
}

// T{any × count} compiles.
template <class T, std::size_t count>
inline constexpr bool takes = takes_each<T>(std::make_index_sequence<count>{});

template <class T, std::size_t... Left, std::size_t... Middle, std::size_t... Right>
consteval bool takes_nested_each(std::index_sequence<Left...>, std::index_sequence<Middle...>,
                                 std::index_sequence<Right...>) {
  return requires { T{AnyAt<Left>{}..., {AnyAt<Middle>{}...}, AnyAt<Right>{}...}; };
}

// T{any × left, {any × middle}, any × right} compiles.
template <class T, std::size_t left, std::size_t middle, std::size_t right>
inline constexpr bool takes_nested = takes_nested_each<T>(
    std::make_index_sequence<left>{}, std::make_index_sequence<middle>{}, std::make_index_sequence<right>{});

inline constexpr std::size_t initializers_max = 4 * fields_max;

// How many initializers T takes in all. A C array takes one for each of its elements. More than initializers_max where
// there are too many or one of them cannot be given.
template <class T, std::size_t count = 0>
consteval std::size_t initializer_count() {
  if constexpr (count > initializers_max)
    return count;
  else if constexpr (takes<T, count> && !takes<T, count + 1>)
    return count;
  else
    return initializer_count<T, count + 1>();
}

template <class T, std::size_t index, std::size_t extent, std::size_t total>
consteval std::size_t array_extent() {
  if constexpr (extent <= 1)
    return 1;
  else if constexpr (takes_nested<T, index, extent, total - index - extent> &&
                     !takes_nested<T, index, extent, total - index - extent + 1>)
    return extent;
  else
    return array_extent<T, index, extent - 1, total>();
}

template <class T, std::size_t index, std::size_t total>
consteval std::size_t count_from() {
  if constexpr (index >= total) return 0;
  // {} stands for the whole element: where as many follow as if it were one initializer, the element is no array.
  else if constexpr (takes_nested<T, index, 0, total - index - 1>)
    return 1 + count_from<T, index + 1, total>();
  else
    return 1 + count_from<T, index + array_extent<T, index, total - index, total>(), total>();
}

template <class T>
inline constexpr bool has_base = requires { T{AnyBase<T>{}}; };

template <class T>
consteval std::size_t checked_field_count() {
  static_assert(!has_base<T>, "batpak: a payload struct may not inherit; make the base a member");
  constexpr std::size_t initializers = initializer_count<T>();
  static_assert(initializers <= initializers_max,
                "batpak: the fields of this struct cannot be counted: it has a reference among them, or far too many");
  if constexpr (!has_base<T> && initializers <= initializers_max) {
    constexpr std::size_t count = count_from<T, 0, initializers>();
    static_assert(count <= fields_max, "batpak: a payload struct has at most 64 fields; group some in a member struct");
    return count;
  } else {
    return 0;
  }
}

}  // namespace detail

template <aggregate T>
inline constexpr std::size_t field_count = detail::checked_field_count<T>();

// References to every field, in declaration order, as a std::tuple.
template <class T>
constexpr auto tie([[maybe_unused]] T& object) {
  constexpr std::size_t count = field_count<std::remove_const_t<T>>;
  if constexpr (count == 0) return std::tuple<>{};
#define BATPAK_EIGHT(x) x##0, x##1, x##2, x##3, x##4, x##5, x##6, x##7
#define BATPAK_BIND(number, ...)                                                                                      \
  else if constexpr (count == number) {                                                                               \
    auto& [__VA_ARGS__] = object;                                                                                     \
    static_assert(                                                                                                    \
        requires { std::tie(__VA_ARGS__); }, "batpak: a payload struct may not have bit-fields or anonymous unions"); \
    return std::tie(__VA_ARGS__);                                                                                     \
  }
  BATPAK_BIND(1, a0)
  BATPAK_BIND(2, a0, a1)
  BATPAK_BIND(3, a0, a1, a2)
  BATPAK_BIND(4, a0, a1, a2, a3)
  BATPAK_BIND(5, a0, a1, a2, a3, a4)
  BATPAK_BIND(6, a0, a1, a2, a3, a4, a5)
  BATPAK_BIND(7, a0, a1, a2, a3, a4, a5, a6)
  BATPAK_BIND(8, BATPAK_EIGHT(a))
  BATPAK_BIND(9, BATPAK_EIGHT(a), b0)
  BATPAK_BIND(10, BATPAK_EIGHT(a), b0, b1)
  BATPAK_BIND(11, BATPAK_EIGHT(a), b0, b1, b2)
  BATPAK_BIND(12, BATPAK_EIGHT(a), b0, b1, b2, b3)
  BATPAK_BIND(13, BATPAK_EIGHT(a), b0, b1, b2, b3, b4)
  BATPAK_BIND(14, BATPAK_EIGHT(a), b0, b1, b2, b3, b4, b5)
  BATPAK_BIND(15, BATPAK_EIGHT(a), b0, b1, b2, b3, b4, b5, b6)
  BATPAK_BIND(16, BATPAK_EIGHT(a), BATPAK_EIGHT(b))
  BATPAK_BIND(17, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0)
  BATPAK_BIND(18, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0, c1)
  BATPAK_BIND(19, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0, c1, c2)
  BATPAK_BIND(20, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0, c1, c2, c3)
  BATPAK_BIND(21, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0, c1, c2, c3, c4)
  BATPAK_BIND(22, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0, c1, c2, c3, c4, c5)
  BATPAK_BIND(23, BATPAK_EIGHT(a), BATPAK_EIGHT(b), c0, c1, c2, c3, c4, c5, c6)
  BATPAK_BIND(24, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c))
  BATPAK_BIND(25, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0)
  BATPAK_BIND(26, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0, d1)
  BATPAK_BIND(27, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0, d1, d2)
  BATPAK_BIND(28, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0, d1, d2, d3)
  BATPAK_BIND(29, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0, d1, d2, d3, d4)
  BATPAK_BIND(30, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0, d1, d2, d3, d4, d5)
  BATPAK_BIND(31, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), d0, d1, d2, d3, d4, d5, d6)
  BATPAK_BIND(32, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d))
  BATPAK_BIND(33, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0)
  BATPAK_BIND(34, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0, e1)
  BATPAK_BIND(35, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0, e1, e2)
  BATPAK_BIND(36, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0, e1, e2, e3)
  BATPAK_BIND(37, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0, e1, e2, e3, e4)
  BATPAK_BIND(38, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0, e1, e2, e3, e4, e5)
  BATPAK_BIND(39, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), e0, e1, e2, e3, e4, e5, e6)
  BATPAK_BIND(40, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e))
  BATPAK_BIND(41, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0)
  BATPAK_BIND(42, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0, f1)
  BATPAK_BIND(43, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0, f1, f2)
  BATPAK_BIND(44, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0, f1, f2, f3)
  BATPAK_BIND(45, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0, f1, f2, f3, f4)
  BATPAK_BIND(46, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0, f1, f2, f3, f4,
              f5)
  BATPAK_BIND(47, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), f0, f1, f2, f3, f4,
              f5, f6)
  BATPAK_BIND(48, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f))
  BATPAK_BIND(49, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0)
  BATPAK_BIND(50, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0,
              g1)
  BATPAK_BIND(51, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0,
              g1, g2)
  BATPAK_BIND(52, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0,
              g1, g2, g3)
  BATPAK_BIND(53, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0,
              g1, g2, g3, g4)
  BATPAK_BIND(54, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0,
              g1, g2, g3, g4, g5)
  BATPAK_BIND(55, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f), g0,
              g1, g2, g3, g4, g5, g6)
  BATPAK_BIND(56, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g))
  BATPAK_BIND(57, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0)
  BATPAK_BIND(58, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0, h1)
  BATPAK_BIND(59, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0, h1, h2)
  BATPAK_BIND(60, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0, h1, h2, h3)
  BATPAK_BIND(61, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0, h1, h2, h3, h4)
  BATPAK_BIND(62, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0, h1, h2, h3, h4, h5)
  BATPAK_BIND(63, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), h0, h1, h2, h3, h4, h5, h6)
  BATPAK_BIND(64, BATPAK_EIGHT(a), BATPAK_EIGHT(b), BATPAK_EIGHT(c), BATPAK_EIGHT(d), BATPAK_EIGHT(e), BATPAK_EIGHT(f),
              BATPAK_EIGHT(g), BATPAK_EIGHT(h))
#undef BATPAK_BIND
#undef BATPAK_EIGHT
}

namespace detail {

// Never read: only the addresses of its fields are named, so no T is ever constructed.
template <class T>
union Storage {
  char none;
  T value;
  constexpr Storage() : none{} {}
  constexpr ~Storage() {}
};

template <class T>
inline constexpr Storage<T> external{};

// A pointer to a field is a template argument everywhere when it stands inside a struct.
template <class Pointer>
struct Wrapped {
  Pointer value;
};
template <class Pointer>
Wrapped(Pointer) -> Wrapped<Pointer>;

// Not a string_view: g++ would append the expansion of the alias to the text.
template <class T, auto field>
consteval const char* field_signature() {
  return __PRETTY_FUNCTION__;
}

template <class T>
consteval const char* type_signature() {
  return __PRETTY_FUNCTION__;
}

template <class T, std::size_t index>
consteval std::string_view printed_field() {
  static_assert(sizeof(decltype(tie(std::declval<T&>()))) > 0);  // says what cannot be bound, before its name is asked for
  return field_signature<T, Wrapped{std::addressof(std::get<index>(tie(external<T>.value)))}>();
}

constexpr bool is_identifier(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// g++:   ... {(& external<T>.Storage<T>::value.T::field)}]     clang: ... {&external.value.field}]
constexpr std::string_view last_identifier(std::string_view text) {
  std::size_t end = text.size();
  while (end > 0 && !is_identifier(text[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_identifier(text[begin - 1])) --begin;
  return text.substr(begin, end - begin);
}

// g++:   ... [with T = space::{anonymous}::Name<...>]     clang: ... [T = space::(anonymous namespace)::Name<...>]
constexpr std::string_view unqualified(std::string_view text) {
  text.remove_suffix(1);
  if (text.ends_with('>')) {  // template arguments are no part of the name; a '>' in parentheses closes nothing
    std::size_t at = text.size();
    int angles = 0;
    int parentheses = 0;
    do {
      const char c = text[--at];
      if (c == ')') ++parentheses;
      if (c == '(') --parentheses;
      if (parentheses == 0 && c == '>') ++angles;
      if (parentheses == 0 && c == '<') --angles;
    } while (at > 0 && angles > 0);
    text = text.substr(0, at);
  }
  if (text.empty() || !is_identifier(text.back())) return {};
  return last_identifier(text);
}

struct Probe {
  int first_field;
  char second_field[3];
};
static_assert(last_identifier(printed_field<Probe, 1>()) == "second_field",
              "batpak: this compiler prints the address of a field in an unknown way");
static_assert(unqualified(type_signature<Probe>()) == "Probe",
              "batpak: this compiler prints the name of a type in an unknown way");

template <class T>
consteval std::string_view checked_type_name() {
  constexpr std::string_view name = unqualified(type_signature<T>());
  static_assert(!name.empty(), "batpak: a payload type needs a name; give the struct one");
  return name;
}

}  // namespace detail

template <aggregate T, std::size_t index>
inline constexpr std::string_view field_name = detail::last_identifier(detail::printed_field<T, index>());

// In declaration order.
template <aggregate T>
inline constexpr auto field_names = []<std::size_t... I>(std::index_sequence<I...>) {
  return std::array<std::string_view, sizeof...(I)>{field_name<T, I>...};
}(std::make_index_sequence<field_count<T>>{});

// Calls visit(name, field) for every field, in declaration order.
template <class T, class Visitor>
constexpr void for_each_field(T& object, Visitor&& visit) {
  auto fields = tie(object);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (visit(field_name<std::remove_const_t<T>, I>, std::get<I>(fields)), ...);
  }(std::make_index_sequence<field_count<std::remove_const_t<T>>>{});
}

}  // namespace reflect

// The name of a struct as it was written: no namespace, no enclosing scope, no template arguments.
template <class T>
[[nodiscard]] consteval std::string_view type_name() {
  return reflect::detail::checked_type_name<T>();
}

}  // namespace batpak
