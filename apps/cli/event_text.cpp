#include "event_text.hpp"

#include <fmt/core.h>

#include "batpak/json.hpp"
#include "display_text.hpp"
#include "hexadecimal.hpp"
#include "json_object.hpp"

namespace batpak::cli {
namespace {

// Without the fraction of a second, which get shows.
std::string time_in_seconds(const Timestamp& time) {
  std::string text = format_time(time.microseconds);
  if (const std::size_t point = text.find('.'); point != std::string::npos) text.replace(point, std::string::npos, "Z");
  return text;
}

Result<std::string> metadata_json(const EventView& event) {
  const Result<Metadata> metadata = event.metadata();
  if (!metadata) return std::unexpected(metadata.error());
  JsonObject object;
  for (const auto& [name, value] : *metadata) {
    const Result<std::string> text = json_from_value(value, JsonStyle::compact);
    if (!text) return std::unexpected(text.error());
    object.json(name, *text);
  }
  return object.finish();
}

}  // namespace

std::string event_json(const EventView& event, std::uint64_t durable_size) {
  JsonObject object;
  object.number("sequence", event.sequence()).text("id", to_string(event.id()));
  object.text("entity", event.entity()).text("scope", event.scope()).text("kind", kind_text(event));
  object.text("kind_number", to_string(event.kind())).number("payload_version", event.payload_version());
  object.number("stream_version", event.stream_version()).number("lane", event.lane());
  object.text("time", to_string(event.time())).text("wall_time", format_time(event.wall_microseconds()));
  if (const auto correlation = event.correlation()) object.text("correlation", to_string(*correlation));
  if (const auto causation = event.causation()) object.text("causation", to_string(*causation));
  object.number("batch_index", event.batch_index()).number("batch_size", event.batch_size());
  object.number("previous_sequence", event.previous_sequence()).text("previous_hash", to_string(event.previous_hash()));
  object.text("event_hash", to_string(event.event_hash())).text("content_hash", to_string(event.content_hash()));
  if (!event.signature().empty()) object.text("signature", hexadecimal(event.signature()));
  if (const auto old = event.salvaged_from()) {
    const std::string hash = to_string(old->event_hash);
    object.json("salvaged_from", JsonObject().number("sequence", old->sequence).text("event_hash", hash).finish());
  }
  object.truth("durable", event.sequence() < durable_size);
  if (const Result<std::string> metadata = metadata_json(event)) {
    object.json("metadata", *metadata);
  } else {
    object.text("metadata_error", to_string(metadata.error()));
  }
  if (event.payload_erased()) {
    object.truth("payload_erased", true);
  } else if (const Result<std::string> payload = json_from_messagepack(event.payload(), JsonStyle::compact)) {
    object.json("payload", *payload);
  } else {
    object.text("payload_error", to_string(payload.error()));
  }
  return object.finish();
}

std::string kind_text(const EventView& event) {
  const std::string_view name = event.kind_name();
  return name.empty() ? to_string(event.kind()) : std::string(name);
}

std::string payload_text(const EventView& event) {
  if (event.payload_erased()) return "<erased>";
  Result<std::string> payload = json_from_messagepack(event.payload(), JsonStyle::compact);
  return payload ? std::move(*payload) : fmt::format("<{}>", to_string(payload.error()));
}

std::string version_text(std::uint64_t version, std::uint32_t lane) {
  return lane == 0 ? std::to_string(version) : fmt::format("{}  (lane {})", version, lane);
}

std::string short_hash(const Hash& hash) { return to_string(hash).substr(0, 8); }

std::vector<Table::Column> event_columns() {
  return {
      {.title = "SEQUENCE", .align = Table::Align::right},        {.title = "TIME", .columns_min = 20, .style = Style::dim},
      {.title = "KIND", .columns_max = 28, .style = Style::blue}, {.title = "ENTITY", .columns_max = 36},
      {.title = "SCOPE", .columns_max = 20, .style = Style::dim}, {.title = "PAYLOAD"}};
}

std::vector<std::string> event_cells(const EventView& event, std::uint64_t durable_size) {
  const std::string mark = event.sequence() < durable_size ? "" : "~";
  return {mark + std::to_string(event.sequence()),
          time_in_seconds(event.time()),
          kind_text(event),
          std::string(event.entity()),
          std::string(event.scope()),
          payload_text(event)};
}

std::string event_description(const EventView& event, std::uint64_t durable_size, const Output& output) {
  std::string text;
  const auto row = [&](std::string_view name, std::string_view value) {
    text += output.paint(Style::dim, fmt::format("{:<16}", name)) + printable(value) + '\n';
  };
  row("event", to_string(event.id()));
  row("sequence", std::to_string(event.sequence()) + (event.sequence() < durable_size ? "" : "  (not yet durable)"));
  row("entity", event.entity());
  row("scope", event.scope());
  row("kind", fmt::format("{}  ({}, version {})", kind_text(event), to_string(event.kind()), event.payload_version()));
  row("stream version", version_text(event.stream_version(), event.lane()));
  row("time", to_string(event.time()));
  row("wall clock", format_time(event.wall_microseconds()));
  if (const auto correlation = event.correlation()) row("correlation", to_string(*correlation));
  if (const auto causation = event.causation()) row("causation", to_string(*causation));
  if (event.batch_size() > 1) row("batch", fmt::format("{} of {}", event.batch_index() + 1, event.batch_size()));
  if (const Result<Metadata> metadata = event.metadata()) {
    for (const auto& [name, value] : *metadata) {
      row("metadata", name + " = " + json_from_value(value, JsonStyle::compact).value_or("<unreadable>"));
    }
  } else {
    row("metadata", fmt::format("<{}>", to_string(metadata.error())));
  }
  row("event hash", to_string(event.event_hash()));
  row("previous hash", fmt::format("{}  (sequence {})", to_string(event.previous_hash()), event.previous_sequence()));
  row("content hash", to_string(event.content_hash()));
  if (!event.signature().empty()) row("signature", hexadecimal(event.signature()));
  if (const auto old = event.salvaged_from()) {
    row("salvaged from", fmt::format("{}  (sequence {})", to_string(old->event_hash), old->sequence));
  }
  if (event.payload_erased()) {
    row("payload", "<erased>");
    return text;
  }
  text += output.paint(Style::dim, "payload") + '\n';
  const Result<std::string> payload = json_from_messagepack(event.payload(), JsonStyle::pretty);
  std::string_view rest = payload ? std::string_view(*payload) : std::string_view();
  if (!payload) text += printable(fmt::format("  <{}>", to_string(payload.error()))) + '\n';
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    text += "  " + printable(rest.substr(0, end)) + '\n';
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return text;
}

}  // namespace batpak::cli
