// One payload with every type that a payload can have, for tests.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "batpak/codec.hpp"
#include "batpak/value.hpp"

namespace batpak::codec {

enum class Colour : std::uint8_t { red, green = 200 };

struct Point {
  std::int32_t y = 0;
  std::int32_t x = 0;
  friend bool operator==(const Point&, const Point&) = default;
};

// Stands for a type that cannot be reflected.
class Temperature {
 public:
  Temperature() = default;
  explicit Temperature(std::int32_t millikelvin) : millikelvin_(millikelvin) {}
  [[nodiscard]] std::int32_t millikelvin() const { return millikelvin_; }
  friend bool operator==(const Temperature&, const Temperature&) = default;

 private:
  std::int32_t millikelvin_ = 0;
};

struct Tree {
  std::string label;
  std::vector<Tree> children;
  friend bool operator==(const Tree&, const Tree&) = default;
};

}  // namespace batpak::codec

template <>
struct batpak::Codec<batpak::codec::Temperature> {
  static constexpr std::string_view type_name = "string";
  static void encode(Encoder& out, const codec::Temperature& value) { out.text(std::to_string(value.millikelvin()) + "mK"); }
  static Result<codec::Temperature> decode(Decoder& in) {
    const std::string_view text = in.text();
    std::int32_t millikelvin = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), millikelvin);
    if (error != std::errc{} || std::string_view(rest, text.data() + text.size()) != "mK") {
      return std::unexpected(Error(ErrorCode::malformed, "a temperature is a number of mK"));
    }
    return codec::Temperature(millikelvin);
  }
};

namespace batpak::codec {

struct Rich {
  bool on = false;
  std::int8_t i8 = 0;
  std::int16_t i16 = 0;
  std::int32_t i32 = 0;
  std::int64_t i64 = 0;
  std::uint8_t u8 = 0;
  std::uint16_t u16 = 0;
  std::uint32_t u32 = 0;
  std::uint64_t u64 = 0;
  float f32 = 0;
  double f64 = 0;
  std::string text;
  std::vector<std::byte> blob;
  std::array<std::byte, 4> tag{};
  Colour colour = Colour::red;
  std::optional<std::int32_t> maybe;
  std::optional<Point> nowhere;
  std::vector<std::string> names;
  std::vector<bool> flags;
  std::array<std::int16_t, 3> triple{};
  std::map<std::string, std::int32_t> by_name;
  std::map<std::int32_t, std::string> by_number;
  std::unordered_map<std::string, double> unordered;
  std::variant<std::monostate, std::int32_t, Point> choice;
  std::chrono::system_clock::time_point at;
  std::chrono::sys_seconds second;
  std::chrono::milliseconds took{};
  Point point;
  Temperature warmth;
  Tree tree;
  Value any;
  std::int32_t grid[2][2] = {};

  friend bool operator==(const Rich&, const Rich&) = default;
};

[[nodiscard]] inline Rich rich_example() {
  Rich rich;
  rich.on = true;
  rich.i8 = -128;
  rich.i16 = -300;
  rich.i32 = -70'000;
  rich.i64 = INT64_MIN;
  rich.u8 = 255;
  rich.u16 = 65'535;
  rich.u32 = 4'000'000'000;
  rich.u64 = UINT64_MAX;
  rich.f32 = 0.1F;
  rich.f64 = -2.5;
  rich.text = "grün \u2603";
  rich.blob = {std::byte{0}, std::byte{1}, std::byte{0xFF}};
  rich.tag = {std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
  rich.colour = Colour::green;
  rich.maybe = 7;
  rich.names = {"a", "", "long enough to need a second byte for its length"};
  rich.flags = {true, false, true};
  rich.triple = {1, -1, 1000};
  rich.by_name = {{"zwei", 2}, {"eins", 1}, {"b", 3}, {"aa", 4}};
  rich.by_number = {{-1, "minus"}, {5, "five"}, {-200, "far"}, {300, "more"}};
  rich.unordered = {{"pi", 3.125}, {"e", 2.75}, {"phi", 1.5}, {"", 0.0}};
  rich.choice = Point{.y = 2, .x = 1};
  rich.at = std::chrono::system_clock::time_point(std::chrono::nanoseconds(1'767'323'045'000'000'006));
  rich.second = std::chrono::sys_seconds(std::chrono::seconds(-5));
  rich.took = std::chrono::milliseconds(1500);
  rich.point = {.y = 4, .x = 3};
  rich.warmth = Temperature(293'150);
  rich.tree = {"root", {{"leaf", {}}, {"branch", {{"twig", {}}}}}};
  rich.any = Value::map({{"k", Value::array({1, "two", 3.0, Value()})}, {2, true}});
  rich.grid[1][0] = 9;
  return rich;
}

}  // namespace batpak::codec
