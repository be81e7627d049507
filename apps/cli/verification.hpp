// Verifying a store the way the commands do.
#pragma once

#include <string>

#include "arguments.hpp"
#include "batpak/verify.hpp"

namespace batpak::cli {

// Errors: malformed_key, those of reading the files that were kept outside.
[[nodiscard]] Result<VerifyOptions> verify_options(const TrustArguments& trust, unsigned threads);

// verify_directory(), with a bar while it lasts; `doing` stands before the bar.
[[nodiscard]] Result<VerifyReport> verify_with_progress(const std::string& directory, VerifyOptions options,
                                                        std::string doing);

}  // namespace batpak::cli
