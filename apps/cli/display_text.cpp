#include "display_text.hpp"

#include <algorithm>
#include <cwchar>

namespace batpak::cli {
namespace {

struct Character {
  std::size_t bytes = 0;  // 0: not UTF-8
  std::size_t columns = 0;
  bool control = false;
};

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

// The first character of `text`, by the locale's UTF-8 (main sets C.UTF-8).
Character first_character(std::string_view text) {
  std::mbstate_t state{};
  wchar_t wide = 0;
  const std::size_t bytes = std::mbrtowc(&wide, text.data(), text.size(), &state);
  if (bytes == static_cast<std::size_t>(-1) || bytes == static_cast<std::size_t>(-2)) return {};
  // The C library also decodes what lies beyond Unicode, which is no UTF-8 to anybody else.
  if (wide > 0x10FFFF || (wide >= 0xD800 && wide <= 0xDFFF)) return {};
  const int columns = wcwidth(wide);
  // Those that turn the direction of what follows let a line read otherwise than it is; by those that nobody sees two names are
  // told apart that read the same. Joiners stay, which some scripts are written with.
  const bool turns = (wide >= 0x202A && wide <= 0x202E) || (wide >= 0x2066 && wide <= 0x2069) || wide == 0x200E ||
                     wide == 0x200F || wide == 0x061C;
  const bool hides = wide == 0x00AD || wide == 0x180E || wide == 0x200B || (wide >= 0x2060 && wide <= 0x2064) ||
                     wide == 0xFEFF || (wide >= 0xE0000 && wide <= 0xE007F);
  // mbrtowc counts no bytes for NUL.
  return {.bytes = std::max<std::size_t>(bytes, 1),
          .columns = static_cast<std::size_t>(std::max(columns, 0)),
          .control = columns < 0 || wide == 0 || turns || hides};
}

// The text with U+FFFD for each character that is `refused`.
std::string replaced(std::string_view text, auto refused) {
  std::string shown;
  while (!text.empty()) {
    const Character character = first_character(text);
    const std::size_t bytes = std::max<std::size_t>(character.bytes, 1);
    if (refused(character)) {
      shown += "\uFFFD";
    } else {
      shown += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return shown;
}

}  // namespace

std::string printable(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  return replaced(text, [](const Character& character) { return character.bytes == 0 || character.control; });
}

std::string valid_utf8(std::string_view text) {
  if (is_plain(text)) return std::string(text);
  return replaced(text, [](const Character& character) { return character.bytes == 0; });
}

std::size_t columns_of(std::string_view text) {
  if (is_plain(text)) return text.size();
  std::size_t columns = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    columns += character.columns;
    text.remove_prefix(std::max<std::size_t>(character.bytes, 1));
  }
  return columns;
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (text.size() <= columns || columns_of(text) <= columns) return std::string(text);
  if (columns == 0) return {};
  std::size_t taken = 0;
  std::size_t used = 0;
  while (taken < text.size()) {
    const Character character = first_character(text.substr(taken));
    if (used + character.columns > columns - 1) break;
    used += character.columns;
    taken += std::max<std::size_t>(character.bytes, 1);
  }
  return std::string(text.substr(0, taken)) + "…";
}

}  // namespace batpak::cli
