// An event as the commands show it.
#pragma once

#include <cstdint>
#include <string>

#include "batpak/event.hpp"
#include "table.hpp"

namespace batpak::cli {

// One JSON object; batpak(1) documents its members. `durable_size` is the snapshot's.
[[nodiscard]] std::string event_json(const EventView& event, std::uint64_t durable_size);

// The declared name, or the number ("f:001") where there is none.
[[nodiscard]] std::string kind_text(const EventView& event);

// Compact JSON; a sentence in <> where there is none to show.
[[nodiscard]] std::string payload_text(const EventView& event);

// A version of a stream, and in which lane of its entity it is, where that is not the first.
[[nodiscard]] std::string version_text(std::uint64_t version, std::uint32_t lane);

// The first eight hexadecimal digits.
[[nodiscard]] std::string short_hash(const Hash& hash);

// As one line of a table, and the columns of that table.
[[nodiscard]] std::vector<Table::Column> event_columns();
[[nodiscard]] std::vector<std::string> event_cells(const EventView& event, std::uint64_t durable_size);

// Everything about it, over several lines.
[[nodiscard]] std::string event_description(const EventView& event, std::uint64_t durable_size, const Output& output);

}  // namespace batpak::cli
