#include <fmt/core.h>

#include "batpak/json.hpp"
#include "batpak/key_chain.hpp"
#include "batpak/offline_receipt.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_text.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "text_file.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {
namespace {

using Verified = std::expected<ProvenEvent, ReceiptRefusal>;

// Who is to have signed: the logs and witnesses of a policy, or one key. A key without a name is taken for that of the log
// that the receipt is of.
Result<Verified> verify(const ReceiptVerifyArguments& arguments, const OfflineReceipt& receipt) {
  if (!arguments.policy.empty()) {
    const Result<std::string> text = read_text(arguments.policy, TrustPolicy::bytes_max);
    if (!text) return std::unexpected(text.error());
    const Result<TrustPolicy> policy = TrustPolicy::parse(*text);
    if (!policy) return std::unexpected(Error(policy.error()).at_path(arguments.policy));
    return verify_offline_receipt(receipt, *policy);
  }
  const Result<NamedKey> key = parse_named_key_argument(arguments.key);
  if (!key) return std::unexpected(key.error());
  const Result<VerifierKey> verifier =
      VerifierKey::make(key->name.empty() ? receipt.note.checkpoint.origin : key->name, key->key);
  if (!verifier) return std::unexpected(verifier.error());
  if (arguments.keys.empty()) return verify_offline_receipt(receipt, *verifier);
  const Result<std::string> text = read_text(arguments.keys, OfflineReceipt::text_bytes_max);
  if (!text) return std::unexpected(text.error());
  const auto keys = verify_key_chain(*verifier, *text);
  if (!keys) return Verified(std::unexpected(keys.error()));
  return verify_offline_receipt(receipt, *keys);
}

std::optional<std::string> payload_json(const ProvenEvent& event) {
  if (!event.payload) return std::nullopt;
  const Result<std::string> json = json_from_messagepack(*event.payload, JsonStyle::compact);
  return json ? std::optional(*json) : std::nullopt;
}

std::string proven_json(const ProvenEvent& event) {
  JsonObject object;
  object.truth("verified", true).text("origin", event.checkpoint.origin).number("size", event.checkpoint.size);
  object.text("root", to_string(event.checkpoint.root)).number("sequence", event.sequence);
  object.text("id", to_string(event.event_id)).text("entity", event.entity).text("scope", event.scope);
  object.number("lane", event.lane).number("stream_version", event.stream_version);
  object.text("kind_number", to_string(event.kind)).number("payload_version", event.payload_version);
  object.text("time", to_string(event.time)).text("wall_time", format_time(event.wall_microseconds));
  object.text("event_hash", to_string(event.event_hash)).text("previous_hash", to_string(event.previous_hash));
  object.text("content_hash", to_string(event.content_hash));
  if (const auto payload = payload_json(event)) object.json("payload", *payload);
  return object.finish();
}

std::string proven_text(const ProvenEvent& event, const Output& output) {
  std::string text =
      output.paint(Style::green, "verified") + ": the log " + event.checkpoint.origin + " holds this event\n\n";
  const auto row = [&](std::string_view name, std::string_view value) {
    text += output.paint(Style::dim, fmt::format("{:<16}", name)) + std::string(value) + '\n';
  };
  row("sequence", std::to_string(event.sequence) + " of " + std::to_string(event.checkpoint.size));
  row("event", to_string(event.event_id));
  row("entity", event.entity);
  row("scope", event.scope);
  row("stream version", std::to_string(event.stream_version));
  row("kind", to_string(event.kind) + ", version " + std::to_string(event.payload_version));
  row("time", to_string(event.time));
  row("wall clock", format_time(event.wall_microseconds));
  row("event hash", to_string(event.event_hash));
  row("content hash", to_string(event.content_hash));
  if (const auto payload = payload_json(event)) row("payload", *payload);
  return text;
}

}  // namespace

ExitCode run(const ReceiptVerifyArguments& arguments) {
  if (arguments.key.empty() == arguments.policy.empty()) {
    return complain_of_usage("batpak receipt verify needs --key or --policy: who is to have signed the receipt");
  }
  const Result<std::string> text = read_text(arguments.file, OfflineReceipt::text_bytes_max);
  if (!text) return complain(text.error());
  Output output;
  const auto receipt = parse_offline_receipt(*text);
  Result<Verified> verified =
      receipt ? verify(arguments, *receipt) : Result<Verified>(Verified(std::unexpected(receipt.error())));
  if (!verified) return complain(verified.error());
  const bool is_json = arguments.format == Format::json;
  if (*verified) {
    output.write(is_json ? proven_json(**verified) + '\n' : proven_text(**verified, output));
    return output.finish(ExitCode::fine);
  }
  const ReceiptRefusal& refusal = verified->error();
  if (is_json) {
    JsonObject object;
    object.truth("verified", false).text("fault", to_string(refusal.fault)).text("message", refusal.message);
    output.line(object.finish());
  } else {
    output.line(output.paint(Style::red, "not verified") + ": " + std::string(to_string(refusal.fault)) + ": " +
                refusal.message);
  }
  return output.finish(ExitCode::finding);
}

}  // namespace batpak::cli
