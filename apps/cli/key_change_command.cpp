#include <fmt/core.h>

#include <algorithm>

#include "batpak/key_revocation.hpp"
#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "hexadecimal.hpp"
#include "json_object.hpp"
#include "key_span_text.hpp"
#include "output.hpp"
#include "store_opening.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {
namespace {

Result<std::shared_ptr<const SigningKey>> load_key(const std::string& file) {
  Result<SigningKey> key = SigningKey::load(file);
  if (!key) return std::unexpected(std::move(key).error());
  return std::make_shared<const SigningKey>(std::move(*key));
}

std::string verifier_key_text(const std::string& origin, const PublicKey& key) {
  const Result<VerifierKey> named = VerifierKey::make(origin, key);
  return named ? to_string(*named) : hexadecimal(key.bytes());
}

// The key that a revocation is of where none is named: the one in force, or, where the successor has taken its place already, the one
// that it took it from; so a revocation that was interrupted, or is to reach further back, can be said again.
Result<PublicKey> key_to_revoke(const Store& store, const PublicKey& successor) {
  const std::vector<KeySpan> keys = store.keys();
  if (keys.empty()) {
    return std::unexpected(Error(ErrorCode::wrong_key, "the store has no key that could be revoked").at_path(store.path()));
  }
  const auto is_another = [&](const KeySpan& span) { return span.key != successor.bytes(); };
  const auto revoked = std::find_if(keys.rbegin(), keys.rend(), is_another);
  if (revoked == keys.rend()) {
    return std::unexpected(Error(ErrorCode::invalid_argument,
                                 "the new key is the only one that the store ever had, and cannot take its own place")
                               .at_path(store.path()));
  }
  return PublicKey::from_bytes(revoked->key);
}

// Opens the store, which changes the key, closes it, and says which key is in force now.
ExitCode change(const std::string& directory, const OpenOptions& options, const WitnessArguments& witness, Format format) {
  Result<Store> store = open_with_remarks(directory, options);
  if (!store) return complain(store.error());
  const KeySpan span = store->keys().back();
  const std::string origin = store->origin();
  const bool changed = store->open_report().key_changed;
  if (const auto error = store->signer_error()) return complain(*error);
  const std::string done =
      changed ? fmt::format("the key changed at sequence {}", span.from) : std::string("the key was changed already");
  if (const ExitCode closed = close(*store, witness, done); closed != ExitCode::fine) return closed;
  Output output;
  output.did(done);
  if (format == Format::json) {
    output.line(key_span_json(span, origin));
  } else {
    const Result<PublicKey> key = PublicKey::from_bytes(span.key);
    if (!key) return complain(key.error());
    output.line(done);
    if (options.revocation) {
      output.line(fmt::format("revoked from sequence {} on: {}", options.revocation->from,
                              verifier_key_text(origin, options.revocation->revoked)));
    }
    output.line(fmt::format("its key for those who verify: {}", verifier_key_text(origin, *key)));
  }
  return output.finish(ExitCode::fine);
}

}  // namespace

ExitCode run(const KeyRotateArguments& arguments) {
  auto previous = load_key(arguments.key_file);
  if (!previous) return complain(previous.error());
  Result<OpenOptions> options = open_options({.key_file = arguments.new_key_file}, arguments.witness, Create::never);
  if (!options) return complain(options.error());
  options->previous_key = *std::move(previous);
  return change(arguments.directory, *options, arguments.witness, arguments.format);
}

ExitCode run(const KeyRevokeArguments& arguments) {
  const auto recovery_key = load_key(arguments.recovery_key_file);
  if (!recovery_key) return complain(recovery_key.error());
  Result<OpenOptions> options = open_options({.key_file = arguments.key_file}, arguments.witness, Create::never);
  if (!options) return complain(options.error());
  const PublicKey successor = options->key->public_key();
  {
    const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
    if (!store) return complain(store.error());
    const Result<PublicKey> revoked =
        arguments.revoked_key.empty() ? key_to_revoke(*store, successor) : parse_key_argument(arguments.revoked_key);
    if (!revoked) return complain(revoked.error());
    const std::uint64_t from = arguments.from.value_or(store->frontier().durable);
    auto revocation = make_revocation(**recovery_key, store->origin(), *revoked, from, successor);
    if (!revocation) return complain(revocation.error());
    options->revocation = *std::move(revocation);
  }
  return change(arguments.directory, *options, arguments.witness, arguments.format);
}

ExitCode run(const KeyHistoryArguments& arguments) {
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  Output output;
  const std::vector<KeySpan> spans = store->keys();
  if (arguments.format == Format::json) {
    for (const KeySpan& span : spans) output.line(key_span_json(span, store->origin()));
  } else if (spans.empty()) {
    output.line("the store has no key");
  } else {
    print_key_spans(output, spans, store->origin());
  }
  return output.finish(ExitCode::fine);
}

ExitCode run(const KeyChainArguments& arguments) {
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  const Result<std::string> chain = store->key_chain();
  if (!chain && chain.error().code == ErrorCode::key_required) {
    return complain(chain.error(), "batpak key history DIR lists the keys of a store that has some");
  }
  if (!chain) return complain(chain.error());
  Output output;
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("origin", store->origin()).text("chain", *chain);
    output.line(object.finish());
  } else {
    output.write(*chain);
  }
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
