#include <fmt/core.h>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "store_opening.hpp"

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
  Result<Store> store = Store::open(arguments.directory, *options);
  if (!store) return complain(store.error());
  const std::string key = verifier_key_text(*store);
  Output output;
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("path", arguments.directory).text("store_id", store->store_id()).text("origin", store->origin());
    if (!key.empty()) object.text("key", key);
    output.line(object.finish());
  } else {
    output.line(fmt::format("made the store {}, origin {}", arguments.directory, store->origin()));
    if (!key.empty()) output.line(fmt::format("its key for those who verify: {}", key));
  }
  if (Result<void> closed = store->close(); !closed) return complain(closed.error());
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
