#include <fmt/core.h>

#include "commands.hpp"
#include "complaint.hpp"
#include "key_span_text.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "table.hpp"
#include "verification.hpp"
#include "verify_text.hpp"

namespace batpak::cli {
namespace {

void print_findings(Output& output, const VerifyReport& report) {
  Table table(output, {{.title = "LAW", .style = Style::red},
                       {.title = "FILE", .columns_max = 40},
                       {.title = "OFFSET", .align = Table::Align::right},
                       {.title = "SEQUENCE", .align = Table::Align::right},
                       {.title = "WHAT IS WRONG"}});
  const auto number = [](const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : std::string("-");
  };
  for (const Finding& finding : report.findings) {
    // What somebody kept elsewhere stands in no file of the store.
    table.add({std::string(to_string(finding.law)), finding.path.empty() ? "-" : finding.path, number(finding.offset),
               number(finding.sequence), finding.message});
  }
  table.flush();
  if (report.findings_omitted > 0) output.line(fmt::format("and {} more", grouped(report.findings_omitted)));
  if (!report.findings.empty()) output.line("");
}

// `against`: how many known checkpoints were asked for.
void print_report(Output& output, const VerifyReport& report, std::size_t against) {
  print_findings(output, report);
  const std::uint64_t findings = report.findings.size() + report.findings_omitted;
  output.line(report.clean() ? output.paint(Style::green, "clean")
                             : output.paint(Style::red, counted(findings, "finding", "findings")));
  const auto row = [&](std::string_view name, std::string_view value) {
    output.line(output.paint(Style::dim, fmt::format("{:<11}", name)) + std::string(value));
  };
  row("events", fmt::format("{} in {}, {}, {}", grouped(report.events), counted(report.streams, "stream", "streams"),
                            counted(report.commits, "commit", "commits"), counted(report.segments, "segment", "segments")));
  if (report.checkpoint) {
    row("root",
        fmt::format("{} of {}", to_string(report.checkpoint->root), counted(report.checkpoint->size, "event", "events")));
  }
  row("signatures", signatures_text(report));
  if (const std::size_t keys = keys_of(report.keys).size(); keys > 1) {
    row("keys", fmt::format("{}, one after the other: batpak key history lists them", grouped(keys)));
  }
  for (const std::string& revocation : revocation_texts(report)) row("revoked", revocation);
  if (const std::string unfinished = unfinished_text(report); !unfinished.empty()) row("unfinished", unfinished);
  for (const std::string& restore : restore_texts(report)) row("restored", restore);
  for (const std::string& salvage : salvage_texts(report)) row("salvage", salvage);
  if (against > 0) {
    std::string text = fmt::format("goes on from {} of {}", report.known_checkpoints_held.size(),
                                   counted(against, "known checkpoint", "known checkpoints"));
    const bool checked = report.signatures != SignatureCheck::not_checked;
    text += checked
                ? fmt::format(", {} verified", counted(report.known_signatures_verified.size(), "signature", "signatures"))
                : ", signatures not checked";
    row("against", text);
  }
  if (report.tail == TailState::in_flight) {
    row("tail", byte_size(report.tail_bytes) + " being written by a live writer, which is no finding");
  }
  if (report.clock_skews > 0)
    row("clock", counted(report.clock_skews, "event", "events") + " whose time is far from the wall clock");
  row("read", fmt::format("{} in {}", byte_size(report.bytes), duration_text(report.elapsed)));
}

}  // namespace

ExitCode run(const VerifyArguments& arguments) {
  const Result<VerifyOptions> options = verify_options(arguments.trust, arguments.threads);
  if (!options) return complain(options.error());
  const Result<VerifyReport> report = verify_with_progress(arguments.directory, *options, "verifying");
  if (!report) return complain(report.error());
  Output output;
  if (arguments.format == Format::json) {
    for (const Finding& finding : report->findings) output.line(finding_json(finding));
    output.line(report_json(*report));
  } else {
    print_report(output, *report, options->against.size());
  }
  return output.finish(report->clean() ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
