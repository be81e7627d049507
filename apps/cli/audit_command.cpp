#include <fmt/core.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "audit_report.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "display_text.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "verification.hpp"
#include "verify_text.hpp"

namespace batpak::cli {
namespace {

namespace fs = std::filesystem;

// Where writing to the path ends up: links are followed, and the last part need not be there.
fs::path real_path(fs::path path) {
  constexpr int links_max = 40;  // as the system follows them
  std::error_code error;
  for (int links = 0; links < links_max && fs::is_symlink(fs::symlink_status(path, error)); ++links) {
    path = fs::absolute(path, error).parent_path() / fs::read_symlink(path, error);  // an absolute target replaces all
  }
  return fs::weakly_canonical(fs::absolute(path, error), error);
}

bool lies_in(const fs::path& place, const fs::path& directory) {
  std::error_code unknown;
  for (fs::path above = place; above.has_relative_path(); above = above.parent_path()) {
    if (fs::equivalent(above, directory, unknown)) return true;
  }
  return false;
}

// Asked before the audit, which may take long. A report that is written over a segment would destroy what it speaks of.
Result<void> check_place_of_report(const std::string& path, const std::string& directory) {
  const fs::path report = real_path(path);
  if (lies_in(report, directory)) {
    return std::unexpected(
        Error(ErrorCode::invalid_argument, "the report would be written into the store's directory").at_path(path));
  }
  std::error_code error;
  if (!fs::is_directory(report.parent_path(), error)) {
    return std::unexpected(
        Error(ErrorCode::no_such_directory, "there is no directory to write the report to").at_path(path));
  }
  if (fs::is_directory(report, error)) {
    return std::unexpected(
        Error(ErrorCode::invalid_argument, "this is a directory, and the report is one file").at_path(path));
  }
  return {};
}

Result<void> save(const std::string& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  if (file) return {};
  return std::unexpected(Error(ErrorCode::io_error, "the report cannot be written").at_path(path));
}

std::int64_t now_microseconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
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
  for (const std::string& restore : restore_texts(found)) output.line("restored: " + restore);
  output.line("");
  for (const std::string& limit : report.limits()) output.line("- " + limit);
}

}  // namespace

ExitCode run(const AuditArguments& arguments) {
  if (!arguments.html.empty()) {
    const auto free = check_place_of_report(arguments.html, arguments.directory);
    if (!free)
      return complain(free.error(), "choose a place for the report outside of the store, in a directory that exists");
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
  if (!arguments.html.empty()) {
    const auto saved = save(arguments.html, audit_page(report));
    if (!saved) return complain(saved.error(), "check that the file may be written and the device has room");
  }
  Output output;
  if (arguments.format == Format::json) {
    output.line(audit_json(report));
  } else {
    print(output, report);
    if (!arguments.html.empty()) output.line("\nthe report is in " + arguments.html);
  }
  return output.finish(report.found.clean() ? ExitCode::fine : ExitCode::finding);
}

}  // namespace batpak::cli
