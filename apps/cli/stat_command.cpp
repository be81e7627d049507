#include <fmt/core.h>

#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "display_text.hpp"
#include "event_text.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "store_opening.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

struct SizeOnDisk {
  std::uint64_t log_bytes = 0;  // of the segments, space allocated ahead included
  std::uint64_t all_bytes = 0;

  static SizeOnDisk of(const std::string& directory) {
    SizeOnDisk size;
    std::error_code error;
    std::filesystem::recursive_directory_iterator entries(directory, error);
    for (; !error && entries != std::filesystem::recursive_directory_iterator(); entries.increment(error)) {
      // A file may go while we look; what cannot be asked counts nothing.
      std::error_code ignored;
      if (!entries->is_regular_file(ignored)) continue;
      const std::uintmax_t bytes = entries->file_size(ignored);
      if (ignored) continue;
      size.all_bytes += bytes;
      if (entries->path().extension() == ".seg") size.log_bytes += bytes;
    }
    return size;
  }
};

// What reading every event tells.
struct Census {
  std::uint64_t events = 0;
  std::uint64_t own_events = 0;
  std::uint64_t unreadable = 0;
  std::uint64_t event_bytes = 0;  // headers and payloads of the events that are not the store's own
  std::set<std::pair<std::string, std::uint32_t>> streams;
  std::set<std::string> entities;
  std::set<std::string, std::less<>> scopes;
  std::map<std::string, std::uint64_t, std::less<>> kinds;
  std::optional<Timestamp> first;
  std::optional<Timestamp> last;

  void count(const EventView& event) {
    if (event.kind().is_system()) {
      ++own_events;
      return;
    }
    ++events;
    event_bytes += event.header().size() + event.payload().size();
    entities.emplace(event.entity());
    streams.emplace(event.entity(), event.lane());
    if (!scopes.contains(event.scope())) scopes.emplace(event.scope());
    ++kinds[kind_text(event)];
    if (!first) first = event.time();
    last = event.time();
  }
};

Census census_of(const Snapshot& snapshot) {
  Census census;
  for (const Result<EventView>& event : snapshot.read({.store_events = StoreEvents::include})) {
    if (event) {
      census.count(*event);
    } else {
      complain(event.error());
      ++census.unreadable;
    }
  }
  return census;
}

std::string key_text(const Store& store, const KeySpan& span) {
  const Result<PublicKey> key = PublicKey::from_bytes(span.key);
  if (!key) return {};
  const Result<VerifierKey> named = VerifierKey::make(store.origin(), *key);
  return named ? to_string(*named) : std::string();
}

// The key in force, and one that a rotation declares which both keys did not sign yet: anybody could have appended that.
struct Keys {
  std::string in_force;
  std::string unfinished;
};

Keys keys_of(const Store& store) {
  Keys keys;
  for (const KeySpan& span : store.keys()) {
    const bool is_settled = span.origin != KeyOrigin::rotation || span.covered_by;
    if (is_settled) keys = {.in_force = key_text(store, span), .unfinished = {}};
    if (!is_settled) keys.unfinished = key_text(store, span);
  }
  return keys;
}

// Bytes of the log that one event takes, all overhead included.
double bytes_each(const SizeOnDisk& size, const Census& census) {
  return census.events == 0 ? 0 : static_cast<double>(size.log_bytes) / static_cast<double>(census.events);
}

struct Statistics {
  const Store& store;
  const Snapshot& snapshot;
  SizeOnDisk size;
  Census census;
  std::optional<CheckpointNote> checkpoint;
};

std::string statistics_json(const Statistics& all) {
  JsonObject kinds;
  for (const auto& [name, count] : all.census.kinds) kinds.number(name, count);
  JsonObject object;
  object.text("path", all.store.path()).text("store_id", all.store.store_id()).text("origin", all.store.origin());
  object.number("events", all.census.events).number("own_events", all.census.own_events);
  object.number("unreadable_events", all.census.unreadable).number("streams", all.census.streams.size());
  object.number("entities", all.census.entities.size()).number("scopes", all.census.scopes.size());
  object.json("kinds", kinds.finish()).number("segments", all.store.open_report().segments);
  object.number("log_bytes", all.size.log_bytes).number("all_bytes", all.size.all_bytes);
  object.json("bytes_per_event", fmt::format("{:.1f}", bytes_each(all.size, all.census)));
  object.number("visible", all.snapshot.size()).number("durable", all.snapshot.durable_size());
  if (all.census.first)
    object.text("first_time", to_string(*all.census.first)).text("last_time", to_string(*all.census.last));
  const Keys keys = keys_of(all.store);
  if (!keys.in_force.empty()) object.text("key", keys.in_force);
  if (!keys.unfinished.empty()) object.text("unfinished_key", keys.unfinished);
  if (all.checkpoint) {
    object.number("checkpoint_size", all.checkpoint->checkpoint.size);
    object.text("checkpoint_root", to_string(all.checkpoint->checkpoint.root));
    object.truth("checkpoint_signed", !all.checkpoint->signatures.empty());
  }
  return object.finish();
}

void print_statistics(Output& output, const Statistics& all) {
  const auto row = [&](std::string_view name, std::string_view value) {
    output.line(output.paint(Style::dim, fmt::format("{:<12}", name)) + printable(value));
  };
  const Census& census = all.census;
  row("store", fmt::format("{}, {}", all.store.path(), all.store.store_id()));
  row("origin", all.store.origin());
  row("events", fmt::format("{}, and {} of the store's own", grouped(census.events), grouped(census.own_events)));
  if (census.unreadable > 0) row("unreadable", grouped(census.unreadable));
  row("streams",
      fmt::format("{} of {}, in {}", grouped(census.streams.size()), counted(census.entities.size(), "entity", "entities"),
                  counted(census.scopes.size(), "scope", "scopes")));
  if (census.first) {
    row("time", fmt::format("{} to {}", format_time(census.first->microseconds), format_time(census.last->microseconds)));
  }
  row("size", fmt::format("{} of log in {}, {} in all", byte_size(all.size.log_bytes),
                          counted(all.store.open_report().segments, "segment", "segments"), byte_size(all.size.all_bytes)));
  if (census.events > 0) row("per event", fmt::format("{:.0f} bytes", bytes_each(all.size, census)));
  row("frontier", fmt::format("{} visible, {} durable", grouped(all.snapshot.size()), grouped(all.snapshot.durable_size())));
  const Keys keys = keys_of(all.store);
  row("key", keys.in_force.empty() ? "none declared" : keys.in_force);
  if (!keys.unfinished.empty()) row("unfinished", "the change to " + keys.unfinished + " is not signed by both keys");
  if (all.checkpoint) {
    row("checkpoint", fmt::format("{}, root {}, {}", counted(all.checkpoint->checkpoint.size, "event", "events"),
                                  to_string(all.checkpoint->checkpoint.root),
                                  all.checkpoint->signatures.empty() ? "not signed" : "signed"));
  }
  if (census.kinds.empty()) return;
  output.line("");
  Table table(output, {{.title = "EVENTS", .align = Table::Align::right}, {.title = "KIND", .style = Style::blue}});
  for (const auto& [name, count] : census.kinds) table.add({grouped(count), name});
  table.flush();
}

}  // namespace

ExitCode run(const StatArguments& arguments) {
  Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::show);
  if (!store) return complain(store.error());
  const Result<Snapshot> snapshot = store->snapshot();
  if (!snapshot) return complain(snapshot.error());
  Statistics all{.store = *store,
                 .snapshot = *snapshot,
                 .size = SizeOnDisk::of(arguments.directory),
                 .census = census_of(*snapshot),
                 .checkpoint = std::nullopt};
  if (Result<CheckpointNote> note = store->checkpoint()) all.checkpoint = std::move(*note);
  Output output;
  if (arguments.format == Format::json) {
    output.line(statistics_json(all));
  } else {
    print_statistics(output, all);
  }
  return output.finish(all.census.unreadable == 0 ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
