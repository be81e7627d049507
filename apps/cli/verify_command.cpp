#include <fmt/core.h>

#include "batpak/verify.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "quantity.hpp"
#include "table.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {
namespace {

std::string_view name_of(SignatureCheck check) {
  switch (check) {
    case SignatureCheck::not_checked: return "not_checked";
    case SignatureCheck::no_signatures: return "no_signatures";
    case SignatureCheck::checked: return "checked";
  }
  return "unknown";
}

std::string_view name_of(TailState tail) {
  switch (tail) {
    case TailState::clean: return "clean";
    case TailState::in_flight: return "in_flight";
    case TailState::unfinished: return "unfinished";
  }
  return "unknown";
}

std::string finding_json(const Finding& finding) {
  JsonObject object;
  object.text("type", "finding").text("law", to_string(finding.law)).text("message", finding.message);
  object.text("path", finding.path);
  if (finding.offset) object.number("offset", *finding.offset);
  if (finding.sequence) object.number("sequence", *finding.sequence);
  return object.finish();
}

std::string report_json(const VerifyReport& report) {
  JsonObject object;
  object.text("type", "report").truth("clean", report.clean());
  object.number("findings", report.findings.size() + report.findings_omitted);
  object.number("findings_omitted", report.findings_omitted).text("origin", report.origin);
  object.number("segments", report.segments).number("commits", report.commits).number("events", report.events);
  object.number("streams", report.streams).number("bytes", report.bytes);
  object.text("signatures", name_of(report.signatures)).number("checkpoints_verified", report.checkpoints_verified);
  object.number("event_signatures_verified", report.event_signatures_verified);
  object.number("events_not_yet_signed", report.events_not_yet_signed).number("clock_skews", report.clock_skews);
  object.text("tail", name_of(report.tail)).number("tail_bytes", report.tail_bytes);
  if (report.checkpoint) {
    object.number("size", report.checkpoint->size).text("root", to_string(report.checkpoint->root));
  }
  return object.seconds("seconds", std::chrono::duration<double>(report.elapsed).count()).finish();
}

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
    table.add({std::string(to_string(finding.law)), finding.path, number(finding.offset), number(finding.sequence),
               finding.message});
  }
  table.flush();
  if (report.findings_omitted > 0) output.line(fmt::format("and {} more", grouped(report.findings_omitted)));
  if (!report.findings.empty()) output.line("");
}

std::string signatures_text(const VerifyReport& report) {
  switch (report.signatures) {
    case SignatureCheck::not_checked: return "not checked: give the store's key with --key";
    case SignatureCheck::no_signatures: return "none in this store";
    case SignatureCheck::checked: break;
  }
  std::string text = counted(report.checkpoints_verified, "checkpoint", "checkpoints") + " verified";
  if (report.event_signatures_verified > 0) {
    text += ", " + counted(report.event_signatures_verified, "event", "events") + " verified";
  }
  if (report.events_not_yet_signed > 0) {
    text += fmt::format(", the last {} events not yet signed", grouped(report.events_not_yet_signed));
  }
  return text;
}

void print_report(Output& output, const VerifyReport& report) {
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
  if (report.tail == TailState::in_flight) {
    row("tail", byte_size(report.tail_bytes) + " being written by a live writer, which is no finding");
  }
  if (report.clock_skews > 0)
    row("clock", counted(report.clock_skews, "event", "events") + " whose time is far from the wall clock");
  row("read", fmt::format("{} in {}", byte_size(report.bytes), duration_text(report.elapsed)));
}

}  // namespace

ExitCode run(const VerifyArguments& arguments) {
  ProgressBar bar("verifying", "events");
  VerifyOptions options;
  options.threads = arguments.threads;
  options.progress = [&](const VerifyProgress& progress) {
    bar.show({.bytes_done = progress.bytes_done, .bytes_total = progress.bytes_total, .units = progress.events});
  };
  if (!arguments.key.empty()) {
    const Result<PublicKey> key = parse_key_argument(arguments.key);
    if (!key) return complain(key.error(), "--key takes what batpak key show prints, or a file with it");
    options.key = *key;
  }
  const Result<VerifyReport> report = verify_directory(arguments.directory, options);
  bar.clear();
  if (!report) return complain(report.error());
  Output output;
  if (arguments.format == Format::json) {
    for (const Finding& finding : report->findings) output.line(finding_json(finding));
    output.line(report_json(*report));
  } else {
    print_report(output, *report);
  }
  return output.finish(report->clean() ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
