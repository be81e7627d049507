// One JSON object as text, its members in the order they are given.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace batpak::cli {

// The text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_string(std::string_view text);

// Names are UTF-8.
//
//   JsonObject().text("entity", "player:alice").number("sequence", 7).finish()  →  {"entity":"player:alice","sequence":7}
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::integral auto value) { return json(name, std::to_string(value)); }
  JsonObject& seconds(std::string_view name, double value);
  JsonObject& truth(std::string_view name, bool value) { return json(name, value ? "true" : "false"); }
  // A value that is JSON already.
  JsonObject& json(std::string_view name, std::string_view value);
  JsonObject& array(std::string_view name, const std::vector<std::string>& values);  // of JSON values

  [[nodiscard]] std::string finish() const { return text_ + '}'; }

 private:
  std::string text_ = "{";
};

}  // namespace batpak::cli
