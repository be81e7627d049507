#include "receipt_text.hpp"

#include <fmt/core.h>

#include "event_text.hpp"
#include "hexadecimal.hpp"
#include "json_object.hpp"

namespace batpak::cli {
namespace {

std::string_view name_of(Durability durability) { return durability == Durability::durable ? "durable" : "buffered"; }

std::string note_of(const Receipt& receipt) { return format_note(*receipt.checkpoint); }

}  // namespace

std::string receipt_json(const Receipt& receipt, std::string_view kind) {
  JsonObject object;
  object.number("sequence", receipt.sequence).text("id", to_string(receipt.event_id));
  object.text("kind", kind).text("kind_number", to_string(receipt.kind)).number("stream_version", receipt.stream_version);
  object.text("time", to_string(receipt.time)).text("wall_time", format_time(receipt.wall_microseconds));
  object.truth("clock_skew", receipt.clock_skew).text("durability", name_of(receipt.durability));
  object.text("event_hash", to_string(receipt.event_hash)).text("previous_hash", to_string(receipt.previous_hash));
  object.text("content_hash", to_string(receipt.content_hash));
  if (receipt.event_signature) object.text("event_signature", hexadecimal(*receipt.event_signature));
  if (receipt.checkpoint) object.text("checkpoint", note_of(receipt));
  return object.finish();
}

std::string receipt_description(const Receipt& receipt, const Output& output) {
  std::string text;
  const auto row = [&](std::string_view name, std::string_view value) {
    text += output.paint(Style::dim, fmt::format("{:<16}", name)) + std::string(value) + '\n';
  };
  row("event", to_string(receipt.event_id));
  row("sequence", std::to_string(receipt.sequence));
  row("stream version", std::to_string(receipt.stream_version));
  row("time", to_string(receipt.time) +
                  (receipt.clock_skew ? "  (the wall clock differs: " + format_time(receipt.wall_microseconds) + ")" : ""));
  row("durability", name_of(receipt.durability));
  row("event hash", to_string(receipt.event_hash));
  row("previous hash", to_string(receipt.previous_hash));
  row("content hash", to_string(receipt.content_hash));
  if (receipt.event_signature) row("signature", hexadecimal(*receipt.event_signature));
  if (receipt.checkpoint) text += output.paint(Style::dim, "checkpoint") + '\n' + note_of(receipt);
  return text;
}

std::vector<Table::Column> receipt_columns() {
  return {{.title = "SEQUENCE", .align = Table::Align::right},
          {.title = "VERSION", .align = Table::Align::right},
          {.title = "EVENT"},
          {.title = "DURABILITY", .style = Style::dim},
          {.title = "EVENT HASH"}};
}

std::vector<std::string> receipt_cells(const Receipt& receipt) {
  return {std::to_string(receipt.sequence), std::to_string(receipt.stream_version), to_string(receipt.event_id),
          std::string(name_of(receipt.durability)), to_string(receipt.event_hash)};
}

}  // namespace batpak::cli
