// An auditor's report: what was checked, by which laws, what was found, and on which checkpoint it stands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "batpak/verify.hpp"
#include "law_text.hpp"

namespace batpak::cli {

struct AuditReport {
  std::string directory;
  std::string key;     // as it was given; empty where signatures were not checked
  std::string origin;  // the name that the key came with; empty where it has none
  std::vector<KnownCheckpoint> against;
  std::int64_t made_at = 0;  // microseconds since 1970
  VerifyReport found;

  enum class Check : std::uint8_t {
    held,
    broken,
    not_checked,       // for want of a key, a name, or something kept outside; or since there are too many findings
    nothing_to_check,  // the log has nothing that the law is about
  };
  [[nodiscard]] Check check_of(const LawText& law) const;
  [[nodiscard]] std::uint64_t count_laws(Check check) const;
  [[nodiscard]] std::uint64_t count_findings(Law law) const;
  // How many laws hold, and how many nobody can say that of: "25 laws hold, 4 were not checked, 5 had nothing to check".
  [[nodiscard]] std::string verdict() const;
  [[nodiscard]] bool held(const KnownCheckpoint& known) const;
  [[nodiscard]] bool verified_signature(const KnownCheckpoint& known) const;
  // What the report cannot know, one sentence each.
  [[nodiscard]] std::vector<std::string> limits() const;
};

[[nodiscard]] std::string audit_json(const AuditReport& report);
// What each page begins with, and no other file: by it a report is known for one that may be replaced.
inline constexpr std::string_view audit_page_beginning =
    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"generator\" content=\"batpak "
    "audit\">\n";

// One page that needs nothing else: no script, no font, no picture from elsewhere.
[[nodiscard]] std::string audit_page(const AuditReport& report);

}  // namespace batpak::cli
