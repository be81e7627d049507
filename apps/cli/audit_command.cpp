#include <fmt/core.h>

#include <chrono>
#include <string_view>

#include "audit_report.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "display_text.hpp"
#include "key_span_text.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "replaced_file.hpp"
#include "report_place.hpp"
#include "verification.hpp"
#include "verify_text.hpp"

namespace batpak::cli {
namespace {

// What helps where the page cannot be written to `--html`; empty where the error's own way out does.
std::string_view way_out_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::invalid_argument: return "choose a new file, or an earlier report to replace, outside of every store";
    case ErrorCode::no_such_directory: return "choose a place for the report in a directory that exists";
    case ErrorCode::read_only: return "choose a place for the report that can be written";
    default: return {};
  }
}

ExitCode complain_of_page(const Error& error) {
  const std::string_view way_out = way_out_of(error);
  return way_out.empty() ? complain(error) : complain(error, way_out);
}

// Asked again after the audit, which may have taken long.
Result<void> save(const AuditArguments& arguments, const AuditReport& report) {
  const Result<std::string> place = place_of_report(arguments.html, arguments.directory);
  if (!place) return std::unexpected(place.error());
  Result<void> saved = replace_file(*place, audit_page(report));
  if (!saved) return std::unexpected(std::move(saved).error().at_path(arguments.html));
  return saved;
}

std::int64_t now_microseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

void print_keys(Output& output, const VerifyReport& found) {
  for (const LogKey& key : keys_of(found.keys)) {
    const std::string until = key.span.until ? fmt::format(" until {}", *key.span.until) : " on";
    output.line(printable(fmt::format("key: {}, from {}{}, {}, {}", key_text(key, found.origin), key.span.from, until,
                                      origin_text(key), state_text(key))));
  }
  for (const std::string& revocation : revocation_texts(found)) output.line("revoked: " + revocation);
  if (const std::string unfinished = unfinished_text(found); !unfinished.empty()) output.line("unfinished: " + unfinished);
}

void print(Output& output, const AuditReport& report) {
  for (const LawText& law : law_texts()) {
    const AuditReport::Check check = report.check_of(law);
    std::string outcome = output.paint(Style::green, "holds           ");
    if (check == AuditReport::Check::not_checked) outcome = output.paint(Style::dim, "not checked     ");
    if (check == AuditReport::Check::nothing_to_check) outcome = output.paint(Style::dim, "nothing to check");
    if (check == AuditReport::Check::broken) {
      outcome =
          output.paint(Style::red, fmt::format("{:<16}", counted(report.count_findings(law.law), "finding", "findings")));
    }
    output.line(fmt::format("{}  {:<20}  {}", outcome, to_string(law.law), law.holds));
  }
  output.line("");
  for (const KnownCheckpoint& known : report.against) {
    output.line(fmt::format("{}  {}: {}",
                            report.held(known) ? output.paint(Style::green, "held            ")
                                               : output.paint(Style::red, "not held        "),
                            printable(known.name), counted(known.checkpoint.size, "event", "events")) +
                (report.verified_signature(known) ? ", its signature verified" : ", its signature not verified"));
  }
  const VerifyReport& found = report.found;
  const std::uint64_t findings = found.findings.size() + found.findings_omitted;
  output.line((found.clean() ? output.paint(Style::green, "clean")
                             : output.paint(Style::red, counted(findings, "finding", "findings"))) +
              ": " + report.verdict());
  for (const Finding& finding : found.findings) {
    output.line(fmt::format("  {}{}{}: {}", to_string(finding.law),
                            finding.path.empty() ? "" : " " + printable(finding.path),
                            finding.offset ? fmt::format(", offset {}", *finding.offset) : "", printable(finding.message)));
  }
  if (found.checkpoint) {
    output.line(fmt::format("stands on {} of {}", to_string(found.checkpoint->root),
                            counted(found.checkpoint->size, "event", "events")));
  }
  print_keys(output, found);
  for (const std::string& restore : restore_texts(found)) output.line("restored: " + restore);
  output.line("");
  for (const std::string& limit : report.limits()) output.line("- " + limit);
}

}  // namespace

ExitCode run(const AuditArguments& arguments) {
  if (!arguments.html.empty()) {
    const Result<std::string> place = place_of_report(arguments.html, arguments.directory);
    if (!place) return complain_of_page(place.error());
  }
  const Result<VerifyOptions> options = verify_options(arguments.trust, arguments.threads);
  if (!options) return complain(options.error());
  Result<VerifyReport> found = verify_with_progress(arguments.directory, *options, "auditing");
  if (!found) return complain(found.error());
  AuditReport report{.directory = arguments.directory,
                     .key = {},
                     .origin = options->origin,
                     .against = options->against,
                     .made_at = now_microseconds(),
                     .found = *std::move(found)};
  if (options->key) {
    // A key that came with a name is shown with it, also where the log has another.
    const std::string& name = report.origin.empty() ? report.found.origin : report.origin;
    const Result<VerifierKey> named = VerifierKey::make(name, *options->key);
    report.key = named ? to_string(*named) : arguments.trust.key;
  }
  Result<void> saved;
  if (!arguments.html.empty()) saved = save(arguments, report);
  Output output;
  if (arguments.format == Format::json) {
    output.line(audit_json(report));
  } else {
    print(output, report);
    if (saved && !arguments.html.empty()) output.line("\nthe report is in " + arguments.html);
  }
  // What was found is said all the same: it may have taken hours.
  if (!saved) {
    output.flush();
    return complain_of_page(saved.error());
  }
  return output.finish(report.found.clean() ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
