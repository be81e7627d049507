// What the store needs to know of a payload's C++ type: its kind or name, its version, and the fields it declares in the log.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "batpak/codec.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/field_types.hpp"

namespace [[gnu::visibility("default")]] batpak {

// A type with `static constexpr batpak::EventType event_type`.
template <class T>
concept has_event_type = requires {
  { T::event_type } -> std::convertible_to<EventType>;
};

// The type's EventType with its name filled in: given, or the unqualified name of the struct.
template <class T>
[[nodiscard]] constexpr EventType event_type_of() {
  EventType type;
  if constexpr (has_event_type<T>) type = T::event_type;
  if (type.name.empty()) type.name = type_name<T>();
  return type;
}

namespace detail {

// Errors: invalid_name, unless `name` can name a type of event: 1–255 bytes of UTF-8 without control characters, neither
// beginning nor ending with a space, not beginning "batpak.", and not of the form of a kind's number, as "1:000".
[[nodiscard]] Result<void> check_event_name(std::string_view name);

// One per payload type and program; its address serves as a key.
struct PayloadType {
  EventType type;
  const std::vector<FieldDescription>& (*fields)();
  bool has_valid_name;
};

template <class T>
const PayloadType& payload_type() {
  static constexpr EventType type = event_type_of<T>();
  static_assert(type.category <= EventKind::category_max && type.type_id <= EventKind::type_id_max,
                "batpak: a category is 0x0 to 0xF and a type id 0x000 to 0xFFF");
  static_assert(type.category != 0 || type.type_id == 0, "batpak: a type id needs a category");
  static_assert(type.category != EventKind::category_named,
                "batpak: category 0x1 is assigned by the store; give only a name, or a category from 0x2 to 0xF");
  static_assert(type.version >= 1, "batpak: payload versions start at 1");
  static const PayloadType instance{type, &field_list<T>, check_event_name(type.name).has_value()};
  return instance;
}

// A payload waiting to be encoded into the store's own buffer.
class PayloadSource {
 public:
  template <class T>
  explicit PayloadSource(const T& payload) : object_(&payload), encode_(&encode_as<T>) {}
  [[nodiscard]] Result<void> encode(std::vector<std::byte>& out) const { return encode_(out, object_); }

 private:
  template <class T>
  static Result<void> encode_as(std::vector<std::byte>& out, const void* object) {
    return encode_payload(out, *static_cast<const T*>(object));
  }

  const void* object_;
  Result<void> (*encode_)(std::vector<std::byte>&, const void*);
};

}  // namespace detail
}  // namespace batpak
