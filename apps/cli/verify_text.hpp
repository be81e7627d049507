// What verifying found, in words and as JSON.
#pragma once

#include <string>

#include "batpak/verify.hpp"

namespace batpak::cli {

[[nodiscard]] std::string finding_json(const Finding& finding);
// Without the findings themselves.
[[nodiscard]] std::string report_json(const VerifyReport& report);
// Which signatures were checked: "12 checkpoints verified".
[[nodiscard]] std::string signatures_text(const VerifyReport& report);

}  // namespace batpak::cli
