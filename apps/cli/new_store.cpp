#include "new_store.hpp"

#include "complaint.hpp"
#include "store_opening.hpp"

namespace batpak::cli {

std::expected<OpenOptions, ExitCode> new_store_options(const NewStoreArguments& arguments) {
  WitnessArguments witness = arguments.witness;
  witness.when_missing = WitnessFile::WhenMissing::create;  // a new store has a new one
  if (!arguments.signing.recovery_key.empty() && arguments.signing.key_file.empty()) {
    return std::unexpected(complain_of_usage("--recovery-key belongs to --key-file: it names who can revoke that key"));
  }
  Result<OpenOptions> options = open_options(arguments.signing, witness, Create::always);
  if (!options) return std::unexpected(complain(options.error()));
  options->origin = arguments.origin;
  return *std::move(options);
}

std::string verifier_key_text(const std::string& origin, const OpenOptions& options) {
  if (!options.key) return {};
  const Result<VerifierKey> named = VerifierKey::make(origin, options.key->public_key());
  return named ? to_string(*named) : std::string();
}

void remark_on_recovery_key(const OpenOptions& options) {
  if (!options.key || options.recovery_key_hash) return;
  remark(
      "no recovery key is named, and none can be named later: without one a lost key cannot be replaced, nor a leaked one "
      "revoked; see --recovery-key in batpak(1)");
}

}  // namespace batpak::cli
