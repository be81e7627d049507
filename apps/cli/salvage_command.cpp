#include "batpak/salvage.hpp"

#include <fmt/core.h>

#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "new_store.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

// `key` is that of the new store; empty where it has none.
std::string report_json(const SalvageReport& report, const std::string& key) {
  std::vector<std::string> ranges;
  ranges.reserve(report.damage.size());
  for (const DamagedRange& range : report.damage) {
    JsonObject object;
    object.text("path", range.path).number("offset", range.offset).number("first_sequence", range.first_sequence);
    ranges.push_back(object.number("next_sequence", range.next_sequence).text("reason", range.reason).finish());
  }
  JsonObject object;
  object.number("events_copied", report.events_copied).number("events_lost", report.events_lost);
  object.number("events_left", report.events_left).number("events_mended", report.events_mended);
  if (report.events_signed) object.number("events_signed", *report.events_signed);
  object.number("unfinished_bytes", report.unfinished_bytes);
  object.array("damage", ranges).text("source_origin", report.source_origin);
  object.text("destination_origin", report.destination_origin);
  if (!key.empty()) object.text("key", key);
  return object.finish();
}

void print_report(Output& output, const SalvageArguments& arguments, const SalvageReport& report) {
  Table table(output, {{.title = "FILE", .columns_max = 40},
                       {.title = "OFFSET", .align = Table::Align::right},
                       {.title = "FROM", .align = Table::Align::right},
                       {.title = "TO BEFORE", .align = Table::Align::right},
                       {.title = "WHAT IS WRONG"}});
  for (const DamagedRange& range : report.damage) {
    table.add({range.path, std::to_string(range.offset), std::to_string(range.first_sequence),
               std::to_string(range.next_sequence), range.reason});
  }
  table.flush();
  if (!report.damage.empty()) output.line("");
  output.line(fmt::format("copied {} from {} to {}; {} lost", counted(report.events_copied, "event", "events"),
                          arguments.source, arguments.destination, grouped(report.events_lost)));
  if (report.events_mended > 0) {
    output.line(fmt::format("{} got another time or id, which has to grow: the old ones stand in the events",
                            counted(report.events_mended, "event", "events")));
  }
  if (report.unfinished_bytes > 0) {
    output.line(fmt::format("{} of a write that did not finish stood behind the last whole commit, and were not copied",
                            byte_size(report.unfinished_bytes)));
  }
  output.line(fmt::format("the new store has its own identity, {}; batpak verify {} checks it", report.destination_origin,
                          arguments.destination));
}

// Whether the path is that of the new store, of what it is called while it is made, or of something in them.
bool is_at_destination(const std::string& path, std::string destination) {
  while (destination.size() > 1 && destination.ends_with('/')) destination.pop_back();
  const bool begins = path.starts_with(destination);
  const std::string_view rest = begins ? std::string_view(path).substr(destination.size()) : std::string_view();
  return begins && (rest.empty() || rest.starts_with('/') || rest == ".unfinished" || rest.starts_with(".unfinished/"));
}

// The new store's key signs what it is given: whoever trusts it should know what nobody had signed before.
void remark_on_signatures(const SalvageReport& report, bool has_key) {
  const std::uint64_t signed_before = report.events_signed.value_or(0);
  if (signed_before == report.events_copied || (!has_key && !report.events_signed)) return;
  remark(fmt::format(
      "{} of {} were covered by no signature that verifies: nothing tells whether they are as the store wrote them",
      grouped(report.events_copied - signed_before), counted(report.events_copied, "event", "events")));
}

// What cannot be salvaged is not helped by salvage.
ExitCode complain_of_salvage(const Error& error, const SalvageArguments& arguments) {
  const bool at_destination = is_at_destination(error.path, arguments.destination);
  if (at_destination && error.path.ends_with(".unfinished")) return complain(error, "");  // it says itself what to do
  switch (error.code) {
    case ErrorCode::damaged:
    case ErrorCode::corrupt: return complain(error, "restore a copy; batpak verify DIR shows what is wrong with this one");
    case ErrorCode::already_a_store: return complain(error, "choose a directory that is empty or not there yet");
    case ErrorCode::not_a_store:
      return complain(error, at_destination ? "choose a directory that is empty or not there yet"
                                            : "name a store; where its files are gone, restore a copy");
    case ErrorCode::wrong_key: return complain(error, "batpak key new FILE makes another");
    default: return complain(error);
  }
}

// A store that was signed goes on unsigned only if somebody wants it so.
void remark_on_missing_key(const SalvageReport& report, const OpenOptions& options) {
  if (!report.source_key || options.key) return;
  remark(
      "the damaged store is signed and the new one is not: no key was given; to have it signed, remove it and salvage again "
      "with --key-file FILE");
}

}  // namespace

ExitCode run(const SalvageArguments& arguments) {
  const std::expected<OpenOptions, ExitCode> options = new_store_options(arguments);
  if (!options) return options.error();
  const Result<SalvageReport> report = salvage(arguments.source, arguments.destination, *options);
  if (!report) return complain_of_salvage(report.error(), arguments);
  const std::string key = verifier_key_text(report->destination_origin, *options);
  Output output;
  if (arguments.format == Format::json) {
    output.line(report_json(*report, key));
  } else {
    print_report(output, arguments, *report);
    if (!key.empty()) output.line(fmt::format("its key for those who verify: {}", key));
  }
  output.flush();
  remark_on_recovery_key(*options);
  remark_on_missing_key(*report, *options);
  remark_on_signatures(*report, options->key != nullptr);
  const bool is_in_order = report->damage.empty() && report->events_lost == 0 && report->events_mended == 0;
  return output.finish(is_in_order ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
