#include <fmt/core.h>

#include "batpak/key_revocation.hpp"
#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
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

// Opens the store, which changes the key, closes it, and says which key is in force now.
ExitCode change(const std::string& directory, const OpenOptions& options, Format format) {
  Result<Store> store = open_with_remarks(directory, options);
  if (!store) return complain(store.error());
  const KeySpan span = store->keys().back();
  const std::string origin = store->origin();
  const bool changed = store->open_report().key_changed;
  if (const auto error = store->signer_error()) return complain(*error);
  if (Result<void> closed = store->close(); !closed) return complain(closed.error());
  Output output;
  if (format == Format::json) {
    output.line(key_span_json(span, origin));
  } else {
    const Result<PublicKey> key = PublicKey::from_bytes(span.key);
    const auto named = key ? VerifierKey::make(origin, *key) : Result<VerifierKey>(std::unexpected(key.error()));
    if (!named) return complain(named.error());
    output.line(changed ? fmt::format("the key changed at sequence {}", span.from) : "the key was changed already");
    output.line(fmt::format("its key for those who verify: {}", to_string(*named)));
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
  return change(arguments.directory, *options, arguments.format);
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
    const std::optional<PublicKey> declared = store->declared_key();
    if (!declared)
      return complain(
          Error(ErrorCode::wrong_key, "the store has no key that could be revoked").at_path(arguments.directory));
    Result<PublicKey> revoked = *declared;
    if (!arguments.revoked_key.empty()) revoked = parse_key_argument(arguments.revoked_key);
    if (!revoked) return complain(revoked.error());
    const std::uint64_t from = arguments.from.value_or(store->frontier().durable);
    auto revocation = make_revocation(**recovery_key, store->origin(), *revoked, from, successor);
    if (!revocation) return complain(revocation.error());
    options->revocation = *std::move(revocation);
  }
  return change(arguments.directory, *options, arguments.format);
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
