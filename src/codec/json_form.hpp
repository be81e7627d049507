// What JSON has no word for: objects with one key that stand for another kind of value.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace batpak::codec {

enum class JsonForm : std::uint8_t { bytes, time, integer, float32, float64, map };

// Beyond it a reader that keeps numbers as 64-bit floats would alter an integer.
inline constexpr std::uint64_t plain_integer_max = std::uint64_t{1} << 53U;

// The form that an object means whose only key is `key`.
[[nodiscard]] inline std::optional<JsonForm> find_json_form(std::string_view key) noexcept {
  if (!key.starts_with('$')) return std::nullopt;
  if (key == "$bytes") return JsonForm::bytes;
  if (key == "$time") return JsonForm::time;
  if (key == "$int") return JsonForm::integer;
  if (key == "$float32") return JsonForm::float32;
  if (key == "$float64") return JsonForm::float64;
  if (key == "$map") return JsonForm::map;
  return std::nullopt;
}

}  // namespace batpak::codec
