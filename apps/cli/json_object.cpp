#include "json_object.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "display_text.hpp"

namespace batpak::cli {
namespace {

// Control characters are escaped, also those that JSON would not mind: a terminal does. Precondition: the text is UTF-8.
void append_quoted(std::string& out, std::string_view text) {
  constexpr unsigned char lead_of_controls = 0xC2;  // of U+0080–U+009F, and never anything but a lead
  out += '"';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : '\0');
    if (byte == lead_of_controls && next >= 0x80 && next < 0xA0) {
      out += fmt::format("\\u{:04x}", next);
      ++i;
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  const bool is_ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_ascii) {
    append_quoted(out, text);
  } else {
    append_quoted(out, valid_utf8(text));
  }
  return out;
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) { return json(name, json_string(value)); }

JsonObject& JsonObject::seconds(std::string_view name, double value) { return json(name, fmt::format("{:.6f}", value)); }

JsonObject& JsonObject::json(std::string_view name, std::string_view value) {
  if (text_.size() > 1) text_ += ',';
  append_quoted(text_, name);
  text_ += ':';
  text_ += value;
  return *this;
}

JsonObject& JsonObject::array(std::string_view name, const std::vector<std::string>& values) {
  std::string list = "[";
  for (const std::string& value : values) {
    if (list.size() > 1) list += ',';
    list += value;
  }
  return json(name, list + ']');
}

}  // namespace batpak::cli
