#include "proven_stream.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "batpak/json.hpp"
#include "display_text.hpp"
#include "json_object.hpp"
#include "quantity.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

std::string sentence(const ProvenStream& stream) {
  const std::string entity = printable(stream.entity);
  const std::string log =
      printable(stream.declaration.checkpoint.origin) + " of " + counted(stream.log_size, "event", "events");
  if (stream.lanes.empty()) return "the log " + log + " has no event of " + entity;
  if (stream.events.size() == 1) return "this is the only event of " + entity + " in the log " + log;
  return "these are all " + grouped(stream.events.size()) + " events of " + entity + " in the log " + log;
}

std::string summary_json(const ProvenStream& stream) {
  std::vector<std::string> lanes;
  for (const ProvenStream::Lane& lane : stream.lanes) {
    JsonObject object;
    object.number("lane", lane.lane).number("events", lane.events).text("head", to_string(lane.head));
    lanes.push_back(object.finish());
  }
  const ProvenEvent& declaration = stream.declaration;
  JsonObject object;
  object.truth("verified", true).text("type", stream.lanes.empty() ? "absent" : "complete");
  object.text("origin", declaration.checkpoint.origin).number("size", declaration.checkpoint.size);
  object.text("root", to_string(declaration.checkpoint.root)).text("entity", stream.entity);
  object.number("events", stream.events.size()).array("lanes", lanes);
  object.number("log_size", stream.log_size).number("streams", stream.streams);
  object.number("declared_at", declaration.sequence).text("declared_time", to_string(declaration.time));
  return object.finish();
}

std::string event_json(const EventFields& event) {
  JsonObject object;
  object.text("type", "event").number("sequence", event.sequence).text("id", to_string(event.event_id));
  object.text("entity", event.entity).text("scope", event.scope).number("lane", event.lane);
  object.number("stream_version", event.stream_version).text("kind_number", to_string(event.kind));
  object.number("payload_version", event.payload_version).text("time", to_string(event.time));
  object.text("event_hash", to_string(event.event_hash)).text("previous_hash", to_string(event.previous_hash));
  object.text("content_hash", to_string(event.content_hash));
  if (const auto payload = payload_json(event)) object.json("payload", *payload);
  return object.finish();
}

void print_events(const ProvenStream& stream, Output& output) {
  const bool has_lanes = std::ranges::any_of(stream.lanes, [](const auto& lane) { return lane.lane != 0; });
  const bool has_payloads = std::ranges::any_of(stream.events, [](const auto& event) { return event.payload.has_value(); });
  std::vector<Table::Column> columns;
  if (has_lanes) columns.push_back({.title = "LANE", .align = Table::Align::right});
  columns.push_back({.title = "VERSION", .align = Table::Align::right});
  columns.push_back({.title = "SEQUENCE", .align = Table::Align::right});
  columns.push_back({.title = "TIME", .style = Style::dim});
  columns.push_back({.title = "KIND"});
  columns.push_back({.title = "SCOPE"});
  columns.push_back({.title = "EVENT HASH", .columns_min = 64, .style = Style::dim});
  if (has_payloads) columns.push_back({.title = "PAYLOAD"});
  output.line("");
  Table table(output, std::move(columns));
  for (const EventFields& event : stream.events) {
    std::vector<std::string> cells;
    if (has_lanes) cells.push_back(std::to_string(event.lane));
    cells.push_back(std::to_string(event.stream_version));
    cells.push_back(std::to_string(event.sequence));
    cells.push_back(to_string(event.time));
    cells.push_back(to_string(event.kind));
    cells.push_back(event.scope);
    cells.push_back(to_string(event.event_hash));
    if (has_payloads) cells.push_back(payload_json(event).value_or(""));
    table.add(std::move(cells));
  }
  table.flush();
}

}  // namespace

std::optional<std::string> payload_json(const EventFields& event) {
  if (!event.payload) return std::nullopt;
  const Result<std::string> json = json_from_messagepack(*event.payload, JsonStyle::compact);
  return json ? std::optional(*json) : std::nullopt;
}

void print_proven_stream(const ProvenStream& stream, Format format, Output& output) {
  if (format == Format::json) {
    output.line(summary_json(stream));
    for (const EventFields& event : stream.events) output.line(event_json(event));
    return;
  }
  output.line(output.paint(Style::green, "verified") + ": " + sentence(stream));
  if (!stream.events.empty()) print_events(stream, output);
  output.line("");
  const auto row = [&](std::string_view name, std::string_view value) {
    output.line(output.paint(Style::dim, fmt::format("{:<16}", name)) + std::string(value));
  };
  row("declared", to_string(stream.declaration.time) + ", as event " + std::to_string(stream.declaration.sequence));
  row("streams", std::to_string(stream.streams) + " in that log");
  row("by", "the owner; batpak verify of the log shows whether it is true");
}

}  // namespace batpak::cli
