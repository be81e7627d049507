#include <algorithm>
#include <charconv>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_text.hpp"
#include "output.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

// Digits only are a sequence; a correlation of 32 digits would be one beyond any log.
std::optional<std::uint64_t> sequence_in(std::string_view text) {
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return sequence;
}

Result<EventView> find(const Snapshot& snapshot, const std::string& event) {
  if (const std::optional<std::uint64_t> sequence = sequence_in(event)) return snapshot.at(*sequence);
  const Result<EventId> id = EventId::from_string(event);
  if (!id) {
    return std::unexpected(Error(ErrorCode::invalid_argument, "\"" + event + "\" is neither an event id nor a sequence"));
  }
  return snapshot.get(*id);
}

}  // namespace

ExitCode run(const GetArguments& arguments) {
  Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::show);
  if (!store) return complain(store.error());
  const Result<Snapshot> snapshot = store->snapshot();
  if (!snapshot) return complain(snapshot.error());
  const Result<EventView> event = find(*snapshot, arguments.event);
  if (!event) return complain(event.error());
  Output output;
  if (arguments.format == Format::json) {
    output.line(event_json(*event, snapshot->durable_size()));
  } else {
    output.write(event_description(*event, snapshot->durable_size(), output));
  }
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
