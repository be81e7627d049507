// Where the payload stands in a line, so that its JSON can be handed on as it is.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace batpak::cli {

struct PayloadSpan {
  std::size_t begin = 0;
  std::size_t size = 0;
};

// The value of the first member "payload" of the JSON object that `line` is. Only strings and brackets are looked at: where
// the JSON is not well-formed the span may be anything within the line, and reading either it or the line with `null` in its
// place then fails. Nothing where there is no such member or its name is written with escapes.
[[nodiscard]] std::optional<PayloadSpan> find_payload(std::string_view line) noexcept;

}  // namespace batpak::cli
