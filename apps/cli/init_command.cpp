#include <fmt/core.h>

#include <filesystem>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "store_opening.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {
namespace {

std::string verifier_key_text(const Store& store) {
  const std::optional<PublicKey> key = store.declared_key();
  if (!key) return {};
  const Result<VerifierKey> named = VerifierKey::make(store.origin(), *key);
  return named ? to_string(*named) : std::string();
}

}  // namespace

ExitCode run(const InitArguments& arguments) {
  WitnessArguments witness = arguments.witness;
  witness.when_missing = WitnessFile::WhenMissing::create;  // a new store has a new one
  Result<OpenOptions> options = open_options(arguments.signing, witness, Create::always);
  if (!options) return complain(options.error());
  options->origin = arguments.origin;
  if (!arguments.recovery_key.empty()) {
    if (!options->key) return complain_of_usage("--recovery-key belongs to --key-file: it names who can revoke that key");
    const Result<PublicKey> key = parse_key_argument(arguments.recovery_key);
    if (!key) return complain(key.error(), "--recovery-key takes what batpak key new prints, or a file with it");
    options->recovery_key_hash = recovery_key_hash(*key);
  }
  Result<Store> store = Store::open(arguments.directory, *options);
  if (!store && store.error().code == ErrorCode::not_a_store) {
    return complain(store.error(), "choose a directory that is empty or not there yet");
  }
  std::error_code unknown;
  if (!store && !witness.file.empty() && store.error().path == witness.file &&
      std::filesystem::exists(arguments.directory + "/store.meta", unknown)) {
    return complain(store.error(), "the store is made; --witness-create with the first append makes the witness file");
  }
  if (!store) return complain(store.error());
  const std::string key = verifier_key_text(*store);
  const std::string done = "the store is made";
  Output output;
  output.did(done);
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("path", arguments.directory).text("store_id", store->store_id()).text("origin", store->origin());
    if (!key.empty()) object.text("key", key);
    output.line(object.finish());
  } else {
    output.line(fmt::format("made the store {}, origin {}", arguments.directory, store->origin()));
    if (!key.empty()) output.line(fmt::format("its key for those who verify: {}", key));
  }
  if (options->key && !options->recovery_key_hash) {
    output.flush();
    remark(
        "no recovery key is named, and none can be named later: without one a lost key cannot be replaced, nor a leaked one "
        "revoked; see --recovery-key in batpak(1)");
  }
  if (const ExitCode closed = close(*store, arguments.witness, done); closed != ExitCode::fine) return closed;
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
