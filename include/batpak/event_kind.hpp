// The type of an event as a number: a 4-bit category and a 12-bit type id.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace [[gnu::visibility("default")]] batpak {

// Category 0x0 is the store's own; 0x1 is where names without a number get theirs; 0x2–0xF are the application's.
//
// Threads: a plain value.
class EventKind {
 public:
  static constexpr std::uint8_t category_max = 0xF;
  static constexpr std::uint16_t type_id_max = 0xFFF;
  static constexpr std::uint8_t category_system = 0x0;
  static constexpr std::uint8_t category_named = 0x1;

  constexpr EventKind() = default;
  // Precondition: category <= 0xF, type_id <= 0xFFF (checked where they are constants, by EventType).
  constexpr EventKind(std::uint8_t category, std::uint16_t type_id)
      : value_(static_cast<std::uint16_t>((category << 12U) | (type_id & type_id_max))) {}
  [[nodiscard]] static constexpr EventKind from_value(std::uint16_t value) {
    EventKind kind;
    kind.value_ = value;
    return kind;
  }

  [[nodiscard]] constexpr std::uint8_t category() const { return static_cast<std::uint8_t>(value_ >> 12U); }
  [[nodiscard]] constexpr std::uint16_t type_id() const { return value_ & type_id_max; }
  [[nodiscard]] constexpr std::uint16_t value() const { return value_; }
  [[nodiscard]] constexpr bool is_system() const { return category() == category_system; }
  friend constexpr auto operator<=>(EventKind, EventKind) = default;

 private:
  std::uint16_t value_ = 0;
};

// "f:001": category, colon, type id, in hexadecimal.
[[nodiscard]] std::string to_string(EventKind kind);

// What a payload type says of itself, as `static constexpr batpak::EventType event_type{...}`.
//
//   struct PlayerMoved { static constexpr batpak::EventType event_type{.category = 0xF, .type_id = 1, .version = 1}; ... };
//   struct Paid        { static constexpr batpak::EventType event_type{.name = "account.paid"}; ... };
//
// With category and type_id the kind is fixed. With a name only, the store finds the kind that the log declared for it,
// or assigns a free type id in category 0x1. A type without event_type is named after its struct, version 1.
struct EventType {
  std::uint8_t category = 0;   // 0x2–0xF; 0 means: not given, use the name
  std::uint16_t type_id = 0;   // 0x000–0xFFF, only with a category
  std::uint16_t version = 1;   // of the payload's shape; 1–65535
  std::string_view name = {};  // by default the unqualified name of the struct
};

}  // namespace batpak
