// Hands an error up: the one macro of the project.
#pragma once

#include <utility>

#include "batpak/error.hpp"

#define BATPAK_CONCAT_(a, b) a##b
#define BATPAK_CONCAT(a, b) BATPAK_CONCAT_(a, b)

// BATPAK_TRY(auto file, open(path));   declares `file`, or returns the error of open()
#define BATPAK_TRY(declaration, expression)                                          \
  auto BATPAK_CONCAT(batpak_try_, __LINE__) = (expression);                          \
  if (!BATPAK_CONCAT(batpak_try_, __LINE__))                                         \
    return std::unexpected(std::move(BATPAK_CONCAT(batpak_try_, __LINE__)).error()); \
  declaration = std::move(*BATPAK_CONCAT(batpak_try_, __LINE__))  // NOLINT(bugprone-macro-parentheses): no expression

// BATPAK_CHECK(file->sync());          for a Result<void>
#define BATPAK_CHECK(expression)                                                                                  \
  do {                                                                                                            \
    if (auto batpak_check = (expression); !batpak_check) return std::unexpected(std::move(batpak_check).error()); \
  } while (false)

namespace batpak::base {

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error(code, std::move(message)));
}
[[nodiscard]] inline std::unexpected<Error> fail(Error error) { return std::unexpected(std::move(error)); }

}  // namespace batpak::base
