#include "verification.hpp"

#include <optional>
#include <utility>

#include "known_checkpoint.hpp"
#include "progress_bar.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {

Result<VerifyOptions> verify_options(const TrustArguments& trust, unsigned threads) {
  VerifyOptions options{.threads = threads};
  std::optional<NamedKey> named;
  if (!trust.key.empty()) {
    const Result<NamedKey> parsed = parse_named_key_argument(trust.key);
    if (!parsed) return std::unexpected(parsed.error());
    named = *parsed;
    options.key = parsed->key;
    options.origin = parsed->name;
  }
  for (const std::string& file : trust.against) {
    Result<KnownCheckpoint> known = read_known_checkpoint(file, named);
    if (!known) return std::unexpected(std::move(known).error());
    options.against.push_back(*std::move(known));
  }
  return options;
}

Result<VerifyReport> verify_with_progress(const std::string& directory, VerifyOptions options, std::string doing) {
  ProgressBar bar(std::move(doing), "events");
  options.progress = [&](const VerifyProgress& progress) {
    bar.show({.bytes_done = progress.bytes_done, .bytes_total = progress.bytes_total, .units = progress.events});
  };
  return verify_directory(directory, options);
}

}  // namespace batpak::cli
