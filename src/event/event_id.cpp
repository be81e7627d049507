#include "batpak/event_id.hpp"

#include "base/hex.hpp"
#include "base/try.hpp"

namespace batpak {
namespace {

constexpr std::size_t digits_count = 32;
constexpr std::array<std::size_t, 4> hyphens{8, 13, 18, 23};  // where the 8-4-4-4-12 form has them

[[nodiscard]] Result<std::array<std::byte, 16>> bytes_from(std::string_view text) {
  std::string digits(text);
  if (text.size() == digits_count + hyphens.size()) {
    for (std::size_t i = hyphens.size(); i > 0; --i) {
      if (text[hyphens[i - 1]] != '-') return base::fail(ErrorCode::malformed, "an id has no hyphen where one belongs");
      digits.erase(hyphens[i - 1], 1);
    }
  } else if (text.size() != digits_count) {
    return base::fail(ErrorCode::malformed, "an id has 32 hexadecimal digits, or 36 characters with its hyphens, not " +
                                                std::to_string(text.size()));
  }
  std::array<std::byte, 16> bytes;
  BATPAK_CHECK(base::from_hex(digits, bytes));
  return bytes;
}

}  // namespace

Result<EventId> EventId::from_string(std::string_view text) {
  BATPAK_TRY(const auto bytes, bytes_from(text));
  return EventId{bytes};
}

Result<CorrelationId> CorrelationId::from_string(std::string_view text) {
  BATPAK_TRY(const auto bytes, bytes_from(text));
  return CorrelationId{bytes};
}

std::string to_string(const EventId& id) {
  std::string text = base::to_hex(id.bytes);
  for (const std::size_t at : hyphens) text.insert(at, 1, '-');
  return text;
}

std::string to_string(const CorrelationId& id) { return base::to_hex(id.bytes); }

}  // namespace batpak
