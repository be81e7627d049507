// What verifying found, in words and as JSON.
#pragma once

#include <string>
#include <vector>

#include "batpak/verify.hpp"

namespace batpak::cli {

[[nodiscard]] std::string finding_json(const Finding& finding);
// Without the findings themselves.
[[nodiscard]] std::string report_json(const VerifyReport& report);
// Which signatures were checked: "12 checkpoints verified".
[[nodiscard]] std::string signatures_text(const VerifyReport& report);
// What it means that a key was revoked, a sentence for each of those.
[[nodiscard]] std::vector<std::string> revocation_texts(const VerifyReport& report);
// That the last change of keys is not finished; empty where it is.
[[nodiscard]] std::string unfinished_text(const VerifyReport& report);
// A sentence about each restore that the log says was accepted, and one about those that are too many.
[[nodiscard]] std::vector<std::string> restore_texts(const VerifyReport& report);

// A sentence about each salvage that the log records, and one about those that are too many.
[[nodiscard]] std::vector<std::string> salvage_texts(const VerifyReport& report);

}  // namespace batpak::cli
