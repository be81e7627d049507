// A payload whose type is not known when the program is written.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "batpak/codec.hpp"
#include "batpak/decoder.hpp"
#include "batpak/error.hpp"
#include "batpak/unix_time.hpp"

namespace [[gnu::visibility("default")]] batpak {

// Any value that MessagePack can hold here. It has a Codec, so it can be a payload or a field of one.
//
//   batpak::Value order = batpak::Value::map({{"item", "lamp"}, {"count", 2}, {"price", 19.5}});
//   if (const batpak::Value* count = order.find("count")) use(count->to_int64());
//
// Two values are equal if their canonical bytes are: all NaNs are one, 0.0 is not -0.0, and the order in which entries of a
// map were given does not matter. A value that cannot be encoded equals none.
//
// Threads: a plain value.
class Value {
 public:
  // The key of a map: an integer or a text.
  class Key {
   public:
    template <std::integral T>
      requires(!std::same_as<T, bool> && !std::same_as<T, char>)
    Key(T number) : negative_(std::cmp_less(number, 0)), is_text_(false), bits_(static_cast<std::uint64_t>(number)) {}
    Key(std::string text) : text_(std::move(text)) {}
    Key(std::string_view text) : text_(text) {}
    Key(const char* text) : text_(text) {}

    [[nodiscard]] const std::string* if_text() const noexcept { return is_text_ ? &text_ : nullptr; }
    [[nodiscard]] std::optional<std::int64_t> to_int64() const noexcept;
    [[nodiscard]] std::optional<std::uint64_t> to_uint64() const noexcept;

    friend bool operator==(const Key&, const Key&) = default;

   private:
    bool negative_ = false;
    bool is_text_ = true;
    std::uint64_t bits_ = 0;
    std::string text_;
  };
  struct Entry;  // a key and a value
  using Array = std::vector<Value>;
  using Map = std::vector<Entry>;
  using Bytes = std::vector<std::byte>;

  Value() noexcept;  // nil
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  Value(std::same_as<bool> auto value) : Value(Boolean{value}) {}
  template <std::integral T>
    requires(!std::same_as<T, bool> && !std::same_as<T, char>)
  Value(T value) : Value(Integer{static_cast<std::uint64_t>(value), std::cmp_less(value, 0)}) {}
  Value(float value);
  Value(double value);
  Value(std::string text);
  Value(std::string_view text);
  Value(const char* text);
  Value(Bytes bytes);
  Value(UnixTime time);
  [[nodiscard]] static Value array(Array values);
  // Entries in any order. Equal keys are found when the value is encoded (duplicate_key).
  [[nodiscard]] static Value map(Map entries);

  [[nodiscard]] ValueKind kind() const noexcept;
  [[nodiscard]] bool is_nil() const noexcept { return kind() == ValueKind::nil; }

  // What is held, or nothing if it is of another kind or, for integers, does not fit.
  [[nodiscard]] std::optional<bool> to_bool() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> to_int64() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> to_uint64() const noexcept;
  [[nodiscard]] std::optional<double> to_double() const noexcept;  // of either float width; no integers
  [[nodiscard]] std::optional<UnixTime> to_time() const noexcept;
  [[nodiscard]] const std::string* if_text() const noexcept;
  [[nodiscard]] const Bytes* if_bytes() const noexcept;
  [[nodiscard]] const Array* if_array() const noexcept;
  [[nodiscard]] const Map* if_map() const noexcept;

  // The value under a key, or nullptr if this is no map or does not have it. Linear in the number of entries.
  [[nodiscard]] const Value* find(const Key& key) const noexcept;

  friend bool operator==(const Value& left, const Value& right);

 private:
  friend struct Codec<Value>;
  struct Boolean {
    bool value;
  };
  struct Integer {
    std::uint64_t bits;
    bool negative;
  };
  explicit Value(Boolean value);
  explicit Value(Integer value);

  using Held = std::variant<std::monostate, bool, std::uint64_t, std::int64_t, float, double, std::string, Bytes, UnixTime,
                            Array, Map>;  // an integer is an int64_t only if it is negative
  Held held_;
};

struct Value::Entry {
  Key key;
  Value value;
};

template <>
struct Codec<Value> {
  static constexpr std::string_view type_name = "any";
  static void encode(Encoder& out, const Value& value);
  static Result<Value> decode(Decoder& in);
};

// The same as encode_payload and decode_payload<Value>. Errors: theirs.
[[nodiscard]] Result<std::vector<std::byte>> messagepack_from_value(const Value& value);
[[nodiscard]] Result<Value> value_from_messagepack(std::span<const std::byte> bytes);

}  // namespace batpak
