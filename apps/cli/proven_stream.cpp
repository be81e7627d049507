#include "proven_stream.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <span>

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

void add_bytes(JsonObject& object, std::string_view name, std::span<const std::byte> bytes) {
  const Result<std::string> json = json_from_messagepack(bytes, JsonStyle::compact);
  if (json) {
    object.json(name, *json);
  } else {
    object.text(std::string(name) + "_error", to_string(json.error()));
  }
}

std::string words_of(std::span<const std::byte> bytes) {
  const Result<std::string> json = json_from_messagepack(bytes, JsonStyle::compact);
  if (json) return *json;
  return "<" + counted(bytes.size(), "byte", "bytes") + " that cannot be read: " + to_string(json.error()) + ">";
}

// Nothing for a time that no calendar has: years up to 9999.
std::optional<std::string> calendar_time(const Cosignature& cosignature) {
  constexpr std::int64_t seconds_end = 253'402'300'800;
  const std::int64_t seconds = cosignature.time.time_since_epoch().count();
  if (seconds < 0 || seconds >= seconds_end) return std::nullopt;
  std::string text = format_time(seconds * 1'000'000);
  if (const std::size_t point = text.find('.'); point != std::string::npos) text.replace(point, std::string::npos, "Z");
  return text;
}

// The declaration is of an earlier log than the one that is signed, and speaks of that one only. Nothing where it ends the log.
std::string not_spoken_of(const ProvenStream& stream) {
  const std::uint64_t size = stream.declaration.checkpoint.size;
  if (size <= stream.log_size) return {};
  std::string text =
      "the signed log has " + counted(size, "event", "events") + "; nothing is said of " + grouped(stream.log_size);
  if (size > stream.log_size + 1) return text + " to " + grouped(size - 1);
  return text + (stream.declaration.sequence == stream.log_size ? ", the declaration itself" : "");
}

std::string summary_json(const ProvenStream& stream, OriginCheck origin) {
  std::vector<std::string> lanes;
  for (const ProvenStream::Lane& lane : stream.lanes) {
    JsonObject object;
    object.number("lane", lane.lane).number("events", lane.events).text("head", to_string(lane.head));
    lanes.push_back(object.finish());
  }
  const ProvenEvent& declaration = stream.declaration;
  JsonObject object;
  object.truth("verified", true).text("type", stream.lanes.empty() ? "absent" : "complete");
  object.text("origin", declaration.checkpoint.origin).truth("origin_checked", origin == OriginCheck::done);
  object.number("size", declaration.checkpoint.size);
  object.text("root", to_string(declaration.checkpoint.root)).text("entity", stream.entity);
  object.number("events", stream.events.size()).array("lanes", lanes);
  object.number("log_size", stream.log_size).number("streams", stream.streams);
  object.number("declared_at", declaration.sequence).text("declared_time", to_string(declaration.time));
  if (!declaration.cosignatures.empty()) object.array("cosignatures", cosignatures_json(declaration.cosignatures));
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
  add_content(object, event);
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
    if (has_payloads) cells.push_back(event.payload ? payload_words(event) : "");
    table.add(std::move(cells));
  }
  table.flush();
}

}  // namespace

void add_content(JsonObject& object, const EventFields& event) {
  if (event.payload) add_bytes(object, "payload", *event.payload);
  if (event.metadata) add_bytes(object, "metadata", *event.metadata);
  if (event.metadata_hash) object.text("metadata_hash", to_string(*event.metadata_hash));
}

std::string payload_words(const EventFields& event) { return event.payload ? words_of(*event.payload) : "not shown"; }

std::string metadata_words(const EventFields& event) {
  if (!event.metadata_hash) return "none";
  return event.metadata ? words_of(*event.metadata) : "not shown";
}

std::vector<std::string> cosignatures_json(const std::vector<Cosignature>& cosignatures) {
  std::vector<std::string> list;
  for (const Cosignature& cosignature : cosignatures) {
    JsonObject object;
    object.text("witness", cosignature.witness).text("key_name", cosignature.key_name);
    object.number("seconds", cosignature.time.time_since_epoch().count());
    if (const auto time = calendar_time(cosignature)) object.text("time", *time);
    list.push_back(object.finish());
  }
  return list;
}

std::string cosignature_words(const Cosignature& cosignature) {
  const auto seconds = cosignature.time.time_since_epoch().count();
  const auto time = calendar_time(cosignature);
  std::string when = time ? "at " + *time : "at second " + std::to_string(seconds) + " after 1970, which no calendar has";
  if (seconds == 0) when = "without a time";
  return cosignature.key_name + " (" + cosignature.witness + "), " + when;
}

void print_proven_stream(const ProvenStream& stream, OriginCheck origin, Format format, Output& output) {
  if (format == Format::json) {
    output.line(summary_json(stream, origin));
    for (const EventFields& event : stream.events) output.line(event_json(event));
    return;
  }
  output.line(output.paint(Style::green, "verified") + ": " + sentence(stream));
  if (!stream.events.empty()) print_events(stream, output);
  output.line("");
  const auto row = [&](std::string_view name, std::string_view value) {
    output.line(output.paint(Style::dim, fmt::format("{:<16}", name)) + printable(value));
  };
  row("declared", to_string(stream.declaration.time) + ", as event " + std::to_string(stream.declaration.sequence));
  row("streams", std::to_string(stream.streams) + " in that log");
  if (const std::string rest = not_spoken_of(stream); !rest.empty()) row("beyond it", rest);
  for (const Cosignature& cosignature : stream.declaration.cosignatures) row("cosigned", cosignature_words(cosignature));
  if (origin == OriginCheck::not_done) row("origin", origin_not_checked);
  row("by", "the owner; batpak verify of the log shows whether it is true");
}

}  // namespace batpak::cli
