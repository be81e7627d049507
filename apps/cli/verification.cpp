#include "verification.hpp"

#include <utility>

#include "known_checkpoint.hpp"
#include "progress_bar.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {

Result<VerifyOptions> verify_options(const TrustArguments& trust, unsigned threads) {
  VerifyOptions options{.threads = threads};
  if (!trust.key.empty()) {
    Result<NamedKey> named = parse_named_key_argument(trust.key);
    if (!named) return std::unexpected(std::move(named).error());
    options.key = named->key;
    options.origin = std::move(named->name);
  }
  for (const std::string& file : trust.against) {
    Result<KnownCheckpoint> known = read_known_checkpoint(file);
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
