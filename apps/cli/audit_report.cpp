#include "audit_report.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "batpak/timestamp.hpp"
#include "json_object.hpp"
#include "quantity.hpp"
#include "verify_text.hpp"

namespace batpak::cli {
namespace {

std::string_view name_of(AuditReport::Check check) {
  switch (check) {
    case AuditReport::Check::held: return "held";
    case AuditReport::Check::broken: return "broken";
    case AuditReport::Check::not_checked: return "not_checked";
    case AuditReport::Check::nothing_to_check: return "nothing_to_check";
  }
  return "unknown";
}

}  // namespace

std::uint64_t AuditReport::count_findings(Law law) const {
  return static_cast<std::uint64_t>(std::ranges::count(found.findings, law, &Finding::law));
}

AuditReport::Check AuditReport::check_of(const LawText& law) const {
  if (count_findings(law.law) > 0) return Check::broken;
  if (law.needs == LawText::Needs::key && key.empty()) return Check::not_checked;
  if (law.needs == LawText::Needs::name && origin.empty()) return Check::not_checked;
  if (law.needs == LawText::Needs::outside && against.empty()) return Check::not_checked;
  if (law.needs == LawText::Needs::signed_outside && (key.empty() || against.empty())) return Check::not_checked;
  if (law.count(found) == 0) return Check::nothing_to_check;
  return found.findings_omitted > 0 ? Check::not_checked : Check::held;
}

std::uint64_t AuditReport::count_laws(Check check) const {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(law_texts(), [&](const LawText& law) { return check_of(law) == check; }));
}

std::string AuditReport::verdict() const {
  return fmt::format("{}, {} not checked, {} nothing to check", counted(count_laws(Check::held), "law holds", "laws hold"),
                     counted(count_laws(Check::not_checked), "was", "were"),
                     counted(count_laws(Check::nothing_to_check), "had", "had"));
}

bool AuditReport::held(const KnownCheckpoint& known) const {
  return std::ranges::find(found.known_checkpoints_held, known.name) != found.known_checkpoints_held.end();
}

bool AuditReport::verified_signature(const KnownCheckpoint& known) const {
  return std::ranges::find(found.known_signatures_verified, known.name) != found.known_signatures_verified.end();
}

std::vector<std::string> AuditReport::limits() const {
  std::vector<std::string> limits;
  if (key.empty()) {
    limits.emplace_back(
        "No key was given: whoever can write the files could have made all of them anew, with other events.");
  } else {
    limits.emplace_back(
        "Who holds the signing key, or held it at any time, could have made the log anew with other events; only what was "
        "kept "
        "outside speaks against that.");
  }
  if (against.empty()) {
    limits.emplace_back(
        "No checkpoint or receipt from outside was given: nothing here shows that events at the end were not cut off, or "
        "that "
        "others are not shown another log.");
  } else {
    limits.emplace_back("Behind the newest checkpoint given, nothing here shows that events were not cut off.");
  }
  if (found.events_not_yet_signed > 0) {
    limits.push_back("The last " + std::to_string(found.events_not_yet_signed) + " events have no stored signature yet.");
  }
  if (found.events_signed_late > 0) {
    limits.push_back(
        std::to_string(found.events_signed_late) +
        " events lay without a signature until the store was opened again: whoever could write the files until then could "
        "have changed or added them.");
  }
  limits.emplace_back("Payloads and times are what the recording program and its clock said.");
  return limits;
}

std::string audit_json(const AuditReport& report) {
  const VerifyReport& found = report.found;
  JsonObject object;
  object.text("store", report.directory).text("made_at", format_time(report.made_at)).truth("clean", found.clean());
  object.text("verdict", report.verdict()).number("laws_held", report.count_laws(AuditReport::Check::held));
  object.number("laws_not_checked", report.count_laws(AuditReport::Check::not_checked));
  object.number("laws_with_nothing_to_check", report.count_laws(AuditReport::Check::nothing_to_check));
  object.text("key", report.key);
  std::vector<std::string> against;
  against.reserve(report.against.size());
  for (const KnownCheckpoint& known : report.against) {
    against.push_back(JsonObject()
                          .text("file", known.name)
                          .number("size", known.checkpoint.size)
                          .text("root", to_string(known.checkpoint.root))
                          .truth("held", report.held(known))
                          .truth("signature_verified", report.verified_signature(known))
                          .finish());
  }
  object.array("against", against);
  std::vector<std::string> laws;
  for (const LawText& law : law_texts()) {
    laws.push_back(JsonObject()
                       .text("law", to_string(law.law))
                       .text("holds", law.holds)
                       .text("check", name_of(report.check_of(law)))
                       .number("findings", report.count_findings(law.law))
                       .finish());
  }
  object.array("laws", laws);
  std::vector<std::string> findings;
  findings.reserve(found.findings.size());
  for (const Finding& finding : found.findings) findings.push_back(finding_json(finding));
  object.array("findings", findings);
  std::vector<std::string> segments;
  segments.reserve(found.outline.size());
  for (const SegmentOutline& segment : found.outline) {
    segments.push_back(JsonObject()
                           .text("path", segment.path)
                           .number("first_sequence", segment.first_sequence)
                           .number("events", segment.events)
                           .number("commits", segment.commits)
                           .number("bytes", segment.bytes)
                           .finish());
  }
  object.array("segments", segments);
  const std::vector<std::string> sentences = report.limits();
  std::vector<std::string> limits;
  limits.reserve(sentences.size());
  for (const std::string& limit : sentences) limits.push_back(json_string(limit));
  object.array("limits", limits);
  return object.json("report", report_json(found)).finish();
}

}  // namespace batpak::cli
