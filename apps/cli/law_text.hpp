// The laws of a log in words, for reports.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "batpak/verify.hpp"

namespace batpak::cli {

struct LawText {
  Law law;
  std::string_view holds;  // what is true where nothing was found
  // How much of what the law is about there was: where there was none, the law had nothing to check.
  std::uint64_t (*count)(const VerifyReport&);
  // What must be given for it to be checked.
  enum class Needs : std::uint8_t { nothing, key, name, outside, signed_outside } needs = Needs::nothing;
};

// All of them, in the order of a report.
[[nodiscard]] std::span<const LawText> law_texts();

}  // namespace batpak::cli
