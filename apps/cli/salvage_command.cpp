#include "batpak/salvage.hpp"

#include <fmt/core.h>

#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "store_opening.hpp"
#include "table.hpp"

namespace batpak::cli {
namespace {

std::string report_json(const SalvageReport& report) {
  std::vector<std::string> ranges;
  ranges.reserve(report.damage.size());
  for (const DamagedRange& range : report.damage) {
    JsonObject object;
    object.text("path", range.path).number("offset", range.offset).number("first_sequence", range.first_sequence);
    ranges.push_back(object.number("next_sequence", range.next_sequence).text("reason", range.reason).finish());
  }
  JsonObject object;
  object.number("events_copied", report.events_copied).number("events_lost", report.events_lost);
  object.array("damage", ranges).text("source_origin", report.source_origin);
  return object.text("destination_origin", report.destination_origin).finish();
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
  output.line(fmt::format("the new store has its own identity, {}; batpak verify {} checks it", report.destination_origin,
                          arguments.destination));
}

// What cannot be salvaged is not helped by salvage.
ExitCode complain_of_salvage(const Error& error, const SalvageArguments& arguments) {
  const bool at_destination = error.path.starts_with(arguments.destination);
  switch (error.code) {
    case ErrorCode::damaged:
    case ErrorCode::corrupt: return complain(error, "restore a copy; batpak verify DIR shows what is wrong with this one");
    case ErrorCode::not_a_store:
      return complain(error, at_destination ? "choose a directory that is empty or not there yet"
                                            : "name a store; where its files are gone, restore a copy");
    default: return complain(error);
  }
}

}  // namespace

ExitCode run(const SalvageArguments& arguments) {
  const Result<OpenOptions> options = open_options(arguments.signing, {}, Create::always);
  if (!options) return complain(options.error());
  const Result<SalvageReport> report = salvage(arguments.source, arguments.destination, *options);
  if (!report) return complain_of_salvage(report.error(), arguments);
  Output output;
  if (arguments.format == Format::json) {
    output.line(report_json(*report));
  } else {
    print_report(output, arguments, *report);
  }
  return output.finish(report->damage.empty() && report->events_lost == 0 ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
