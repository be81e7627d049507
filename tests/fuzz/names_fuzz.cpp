// Names and texts that people choose: coordinates, UTF-8, names of keys, and what a terminal is shown of them.
#include <algorithm>
#include <clocale>
#include <optional>

#include "base/utf8.hpp"
#include "batpak/coordinate.hpp"
#include "crypto/key_name.hpp"
#include "display_text.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/target.hpp"
#include "proof/checkpoint.hpp"

namespace batpak::fuzz {
namespace {

// UTF-8 by its definition: decode a code point, refuse what has a shorter form. Nothing where the text is no UTF-8.
std::optional<std::u32string> code_points(std::string_view text) {
  std::u32string points;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80    ? 1
                               : lead >= 0xF8 ? 0
                               : lead >= 0xF0 ? 4
                               : lead >= 0xE0 ? 3
                               : lead >= 0xC0 ? 2
                                              : 0;
    if (length == 0 || length > text.size() - i) return std::nullopt;
    char32_t point = length == 1 ? lead : lead & (0x7FU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xC0U) != 0x80U) return std::nullopt;
      point = point << 6U | (byte & 0x3FU);
    }
    constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < smallest[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
    points += point;
    i += length;
  }
  return points;
}

bool is_control(char32_t point) { return point < 0x20 || (point >= 0x7F && point < 0xA0); }

bool is_space(char32_t point) {
  return point == 0x20 || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x2028 ||
         point == 0x2029 || point == 0x202F || point == 0x205F || point == 0x3000;
}

bool has_control(const std::u32string& points) { return std::ranges::any_of(points, is_control); }

bool is_name(std::string_view text) {
  const auto points = code_points(text);
  return points && !text.empty() && text.size() <= Coordinate::part_bytes_max && !has_control(*points);
}

void check_coordinate(std::string_view entity, std::string_view scope) {
  const auto where = Coordinate::make(entity, scope);
  const bool reserved = entity.starts_with(Coordinate::reserved_prefix);
  require(where.has_value() == (is_name(entity) && is_name(scope) && !reserved), "a coordinate is two names");
  if (where) require(where->entity() == entity && where->scope() == scope, "a coordinate keeps its names");
}

void check_shown(std::string_view text) {
  const std::string valid = cli::valid_utf8(text);
  require(base::is_utf8(valid), "what is made UTF-8 is UTF-8");
  if (base::is_utf8(text)) require(valid == text, "what is UTF-8 stays as it is");
  const std::string shown = cli::printable(text);
  const auto points = code_points(shown);
  require(points && !has_control(*points), "nothing that is shown drives the terminal");
  require(cli::printable(shown) == shown, "what can be shown stays as it is");
  for (const std::size_t columns : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{40}}) {
    const std::string shortened = cli::shortened(shown, columns);
    require(cli::columns_of(shortened) <= columns, "what is shortened fits");
    require(base::is_utf8(shortened), "no character is cut in two");
  }
}

// Witness: decoder_stays_in_bounds
const Target names("names", [](ByteView input) {
  // As main() of the command does: which characters can be shown is the locale's to say.
  static const char* const locale = std::setlocale(LC_CTYPE, "C.UTF-8");
  require(locale != nullptr, "there is a UTF-8 locale");
  const std::string_view text = base::as_text(input);
  const auto points = code_points(text);
  require(base::is_utf8(text) == points.has_value(), "UTF-8 is what the standard says");
  if (points) require(base::has_control_character(text) == has_control(*points), "control characters are found");
  const bool key_name = points && !text.empty() && text.size() <= 255 && !has_control(*points) &&
                        std::ranges::none_of(*points, [](char32_t point) { return point == '+' || is_space(point); });
  require(crypto::is_key_name(text) == key_name, "a name of keys is what the specification says");
  const bool note_key_name = points && !text.empty() && std::ranges::none_of(*points, [](char32_t point) {
                               return point < 0x20 || point == 0x85 || point == '+' || is_space(point);
                             });
  require(crypto::is_note_key_name(text) == note_key_name, "so is a name of others' keys");
  require(proof::check_origin(text).has_value() == key_name, "an origin is a name of keys");
  check_shown(text);
  Choices choices(input);
  const std::string_view entity = choices.text();
  check_coordinate(entity, base::as_text(choices.rest()));
  check_coordinate(text, "scope");
  check_coordinate("entity", text);
});

}  // namespace
}  // namespace batpak::fuzz
