#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "batpak/key_revocation.hpp"
#include "batpak/signing_key.hpp"
#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "hexadecimal.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "store_around.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

// The public half, and under a name also the verifier key.
ExitCode print_key(const std::string& file, const PublicKey& key, const std::string& name, Format format,
                   std::string done = {}) {
  std::string verifier_key;
  if (!name.empty()) {
    const Result<VerifierKey> named = VerifierKey::make(name, key);
    if (!named) return complain(named.error());
    verifier_key = to_string(*named);
  }
  Output output;
  output.did(std::move(done));
  if (format == Format::json) {
    JsonObject object;
    object.text("file", file).text("public_key", hexadecimal(key.bytes()));
    if (!verifier_key.empty()) object.text("key", verifier_key);
    output.line(object.finish());
  } else {
    output.line(verifier_key.empty() ? hexadecimal(key.bytes()) : verifier_key);
  }
  return output.finish(ExitCode::fine);
}

}  // namespace

ExitCode run(const KeyNewArguments& arguments) {
  const Result<SigningKey> key = SigningKey::generate();
  if (!key) return complain(key.error());
  if (!arguments.name.empty()) {
    // Before there is a file: what fails leaves none behind.
    const Result<VerifierKey> named = VerifierKey::make(arguments.name, key->public_key());
    if (!named) return complain(named.error(), "--name takes 1 to 255 bytes without blanks and plus signs");
  }
  if (const auto store = store_around(arguments.file)) {
    return complain(Error(ErrorCode::invalid_argument, "this is inside of the store " + *store).at_path(arguments.file),
                    "who copies the store would have its key; keep the key elsewhere");
  }
  if (Result<void> saved = key->save(arguments.file); !saved) {
    std::error_code unknown;
    if (std::filesystem::exists(arguments.file, unknown)) {
      return complain(saved.error(), "a key is never overwritten; choose a new file");
    }
    return complain(saved.error());
  }
  return print_key(arguments.file, key->public_key(), arguments.name, arguments.format, "the key is made");
}

ExitCode run(const KeyShowArguments& arguments) {
  const Result<SigningKey> key = SigningKey::load(arguments.file);
  if (!key) return complain(key.error());
  if (arguments.store.empty()) return print_key(arguments.file, key->public_key(), arguments.name, arguments.format);
  const Result<Store> store = open_to_read(arguments.store, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  const std::vector<KeySpan> keys = store->keys();
  if (store->recovery_key_hash() == recovery_key_hash(key->public_key())) {
    remark("this is the store's recovery key: it revokes, and never signs");
    return print_key(arguments.file, key->public_key(), arguments.name, arguments.format);
  }
  if (!keys.empty() && std::ranges::find(keys, key->public_key().bytes(), &KeySpan::key) == keys.end()) {
    return complain(
        Error(ErrorCode::wrong_key, "the store declares other keys than this one, and names another recovery key or none")
            .at_path(arguments.store));
  }
  return print_key(arguments.file, key->public_key(), store->origin(), arguments.format);
}

}  // namespace batpak::cli
