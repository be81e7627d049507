#include "verify_text.hpp"

#include <fmt/core.h>

#include "display_text.hpp"
#include "hexadecimal.hpp"
#include "json_object.hpp"
#include "key_span_text.hpp"
#include "quantity.hpp"

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

}  // namespace

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
  object.number("known_checkpoints_held", report.known_checkpoints_held.size());
  object.number("known_signatures_verified", report.known_signatures_verified.size());
  object.number("event_signatures_verified", report.event_signatures_verified);
  object.number("events_not_yet_signed", report.events_not_yet_signed)
      .number("events_signed_late", report.events_signed_late);
  object.number("clock_skews", report.clock_skews);
  object.text("tail", name_of(report.tail)).number("tail_bytes", report.tail_bytes);
  if (report.checkpoint) {
    object.number("size", report.checkpoint->size).text("root", to_string(report.checkpoint->root));
  }
  if (!report.keys.empty()) {
    std::vector<std::string> keys;
    keys.reserve(report.keys.size());
    for (const KeySpan& span : report.keys) keys.push_back(key_span_json(span, report.origin));
    object.array("keys", keys);
  }
  if (!report.restores.empty()) {
    std::vector<std::string> restores;
    restores.reserve(report.restores.size());
    for (const AcceptedRestore& restore : report.restores) {
      restores.push_back(JsonObject()
                             .number("sequence", restore.sequence)
                             .number("given_up_size", restore.given_up.size)
                             .text("given_up_root", to_string(restore.given_up.root))
                             .finish());
    }
    object.array("restores", restores).number("restores_omitted", report.restores_omitted);
  }
  if (!report.salvages.empty()) {
    std::vector<std::string> salvages;
    salvages.reserve(report.salvages.size());
    for (const RecordedSalvage& salvage : report.salvages) {
      salvages.push_back(JsonObject()
                             .number("sequence", salvage.sequence)
                             .text("source_origin", salvage.source_origin)
                             .text("source_store_id", hexadecimal(salvage.source_store_id))
                             .number("events_lost", salvage.events_lost)
                             .finish());
    }
    object.array("salvages", salvages).number("salvages_omitted", report.salvages_omitted);
  }
  return object.seconds("seconds", std::chrono::duration<double>(report.elapsed).count()).finish();
}

std::string signatures_text(const VerifyReport& report) {
  switch (report.signatures) {
    case SignatureCheck::not_checked:
      return report.keys.empty() ? "the store has no key" : "not checked: give the store's key with --key";
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
  if (report.events_signed_late > 0) {
    text += fmt::format(", {} signed only when the store was opened again",
                        counted(report.events_signed_late, "event", "events"));
  }
  return text;
}

std::vector<std::string> revocation_texts(const VerifyReport& report) {
  std::vector<std::string> texts;
  for (const LogKey& key : keys_of(report.keys)) {
    if (!key.span.revoked_from) continue;
    texts.push_back(
        fmt::format("what the key of {} signed from {} on counts only against a checkpoint kept elsewhere, or a later key "
                    "known from elsewhere",
                    key.span.from, *key.span.revoked_from));
  }
  return texts;
}

std::string unfinished_text(const VerifyReport& report) {
  if (report.keys.size() < 2 || report.keys.back().covered_by) return {};
  return "no signed checkpoint covers the last change of keys yet";
}

std::vector<std::string> restore_texts(const VerifyReport& report) {
  constexpr std::size_t shown_max = 20;
  std::vector<std::string> texts;
  for (const AcceptedRestore& restore : report.restores) {
    if (texts.size() == shown_max) break;
    texts.push_back(
        fmt::format("event {} says that an older copy was put back on purpose; given up were {} with the root {}",
                    restore.sequence, counted(restore.given_up.size, "event", "events"), to_string(restore.given_up.root)));
  }
  const std::uint64_t others = report.restores.size() - texts.size() + report.restores_omitted;
  if (others > 0) texts.push_back(fmt::format("{} more such events", grouped(others)));
  return texts;
}

std::vector<std::string> salvage_texts(const VerifyReport& report) {
  constexpr std::size_t shown_max = 20;
  std::vector<std::string> texts;
  for (const RecordedSalvage& salvage : report.salvages) {
    if (texts.size() == shown_max) break;
    texts.push_back(fmt::format("event {} says that what is here was salvaged from {}, where {} lost", salvage.sequence,
                                printable(salvage.source_origin), counted(salvage.events_lost, "event was", "events were")));
  }
  const std::uint64_t others = report.salvages.size() - texts.size() + report.salvages_omitted;
  if (others > 0) texts.push_back(fmt::format("{} more such events", grouped(others)));
  return texts;
}

}  // namespace batpak::cli
