#include "event_argument.hpp"

#include <charconv>
#include <optional>

namespace batpak::cli {
namespace {

// Digits only are a sequence; a correlation of 32 digits would be one beyond any log.
std::optional<std::uint64_t> sequence_in(std::string_view text) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

}  // namespace

Result<EventView> find_event(const Snapshot& snapshot, const std::string& event) {
  if (const std::optional<std::uint64_t> sequence = sequence_in(event)) return snapshot.at(*sequence);
  const Result<EventId> id = EventId::from_string(event);
  if (!id) {
    return std::unexpected(Error(ErrorCode::invalid_argument, "\"" + event + "\" is neither an event id nor a sequence"));
  }
  return snapshot.get(*id);
}

}  // namespace batpak::cli
