#include <fmt/core.h>

#include <variant>

#include "batpak/key_chain.hpp"
#include "batpak/signed_consistency.hpp"
#include "batpak/stream_proof.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "display_text.hpp"
#include "event_text.hpp"
#include "json_object.hpp"
#include "known_checkpoint.hpp"
#include "output.hpp"
#include "proven_stream.hpp"
#include "quantity.hpp"
#include "text_file.hpp"
#include "verifier_key_argument.hpp"

namespace batpak::cli {
namespace {

// Who is to have signed: the logs and witnesses of a policy, one key, or those that a chain of keys leads to from it. A key
// without a name is taken for that of the log that the proof is of.
struct Trusted {
  std::variant<TrustPolicy, VerifierKey, KeyChain> who;
  OriginCheck origin = OriginCheck::done;
};
using Believed = std::expected<Trusted, ReceiptRefusal>;
Result<Believed> find_trusted(const ReceiptVerifyArguments& arguments, const CheckpointNote& note) {
  if (!arguments.policy.empty()) {
    const Result<std::string> text = read_text(arguments.policy, TrustPolicy::bytes_max);
    if (!text) return std::unexpected(text.error());
    const Result<TrustPolicy> policy = TrustPolicy::parse(*text);
    if (!policy) return std::unexpected(Error(policy.error()).at_path(arguments.policy));
    return Believed({.who = *policy});
  }
  const Result<NamedKey> key = parse_named_key_argument(arguments.key);
  if (!key) return std::unexpected(key.error());
  const std::string& log = note.checkpoint.origin;
  const Result<VerifierKey> verifier = VerifierKey::make(key->name.empty() ? log : key->name, key->key);
  if (!verifier && key->name.empty()) {
    // It would be the log's own key, which has the name of the log.
    return Believed(std::unexpected(
        ReceiptRefusal{.fault = ReceiptFault::wrong_key, .message = "no key can be named as the log " + log}));
  }
  if (!verifier) return std::unexpected(verifier.error());
  const OriginCheck origin = key->name.empty() ? OriginCheck::not_done : OriginCheck::done;
  if (arguments.keys.empty()) return Believed({.who = *verifier, .origin = origin});
  const Result<std::string> text = read_text(arguments.keys, OfflineReceipt::text_bytes_max);
  if (!text) return std::unexpected(text.error());
  auto keys = verify_key_chain(*verifier, *text);
  if (!keys) {
    ReceiptRefusal refusal = std::move(keys).error();
    refusal.message = arguments.keys + ": " + refusal.message;
    return Believed(std::unexpected(std::move(refusal)));
  }
  return Believed({.who = *std::move(keys), .origin = origin});
}

std::string proven_json(const ProvenEvent& event, OriginCheck origin) {
  JsonObject object;
  object.truth("verified", true).text("origin", event.checkpoint.origin);
  object.truth("origin_checked", origin == OriginCheck::done).number("size", event.checkpoint.size);
  object.text("root", to_string(event.checkpoint.root)).number("sequence", event.sequence);
  object.text("id", to_string(event.event_id)).text("entity", event.entity).text("scope", event.scope);
  object.number("lane", event.lane).number("stream_version", event.stream_version);
  object.text("kind_number", to_string(event.kind)).number("payload_version", event.payload_version);
  object.text("time", to_string(event.time)).text("wall_time", format_time(event.wall_microseconds));
  object.text("event_hash", to_string(event.event_hash)).text("previous_hash", to_string(event.previous_hash));
  object.text("content_hash", to_string(event.content_hash));
  add_content(object, event);
  if (!event.cosignatures.empty()) object.array("cosignatures", cosignatures_json(event.cosignatures));
  return object.finish();
}

std::string proven_text(const ProvenEvent& event, OriginCheck origin, const Output& output) {
  std::string text =
      output.paint(Style::green, "verified") + ": the log " + printable(event.checkpoint.origin) + " holds this event\n\n";
  const auto row = [&](std::string_view name, std::string_view value) {
    text += output.paint(Style::dim, fmt::format("{:<16}", name)) + printable(value) + '\n';
  };
  row("sequence", std::to_string(event.sequence) + " of " + std::to_string(event.checkpoint.size));
  row("event", to_string(event.event_id));
  row("entity", event.entity);
  row("scope", event.scope);
  row("stream version", version_text(event.stream_version, event.lane));
  row("kind", to_string(event.kind) + ", version " + std::to_string(event.payload_version));
  row("time", to_string(event.time));
  row("wall clock", format_time(event.wall_microseconds));
  row("event hash", to_string(event.event_hash));
  row("content hash", to_string(event.content_hash));
  for (const Cosignature& cosignature : event.cosignatures) row("cosigned", cosignature_words(cosignature));
  if (origin == OriginCheck::not_done) row("origin", origin_not_checked);
  row("metadata", metadata_words(event));
  row("payload", payload_words(event));
  return text;
}

ExitCode say_refused(Output& output, Format format, std::string_view fault, std::string_view message) {
  if (format == Format::json) {
    JsonObject object;
    object.truth("verified", false).text("fault", fault).text("message", message);
    output.line(object.finish());
  } else {
    output.line(output.paint(Style::red, "not verified") + ": " + std::string(fault) + ": " + printable(message));
  }
  return output.finish(ExitCode::finding);
}

// What may still lead from the key that is known to the one that signed.
void remark_on_keys(const ReceiptVerifyArguments& arguments, std::optional<ReceiptFault> fault) {
  if (!arguments.policy.empty() || (fault != ReceiptFault::wrong_key && fault != ReceiptFault::revoked_key)) return;
  if (!arguments.keys.empty()) {
    remark(
        "a newer chain of keys (batpak key chain DIR) may lead on from this one, or a receipt under a newer checkpoint may "
        "be "
        "signed by a key of it");
  } else if (fault == ReceiptFault::wrong_key) {
    remark(
        "if the log changed its key since, --keys FILE with what batpak key chain DIR prints leads from one to the other");
  }
}

ExitCode verify_event(const ReceiptVerifyArguments& arguments, std::string_view text) {
  Output output;
  const auto receipt = parse_offline_receipt(text);
  if (!receipt) {
    if (!text.starts_with("c2sp.org/tlog-proof@")) remark("batpak prove inclusion DIR EVENT prints a receipt for strangers");
    return say_refused(output, arguments.format, to_string(receipt.error().fault), receipt.error().message);
  }
  const Result<Believed> believed = find_trusted(arguments, receipt->note);
  if (!believed) return complain(believed.error());
  const Believed& trusted = *believed;
  if (!trusted) return say_refused(output, arguments.format, to_string(trusted.error().fault), trusted.error().message);
  const auto proven = std::visit([&](const auto& who) { return verify_offline_receipt(*receipt, who); }, trusted->who);
  if (!proven) {
    remark_on_keys(arguments, proven.error().fault);
    return say_refused(output, arguments.format, to_string(proven.error().fault), proven.error().message);
  }
  output.write(arguments.format == Format::json ? proven_json(*proven, trusted->origin) + '\n'
                                                : proven_text(*proven, trusted->origin, output));
  return output.finish(ExitCode::fine);
}

// What is wrong with the receipt of the declaration is said by its own fault, behind a dot.
std::string fault_of(const StreamProofRefusal& refusal) {
  std::string fault(to_string(refusal.fault));
  if (refusal.receipt_fault) fault += '.' + std::string(to_string(*refusal.receipt_fault));
  return fault;
}

ExitCode verify_stream(const ReceiptVerifyArguments& arguments, std::string_view text) {
  Output output;
  const auto proof = parse_stream_proof(text);
  if (!proof) return say_refused(output, arguments.format, fault_of(proof.error()), proof.error().message);
  const Result<Believed> believed = find_trusted(arguments, proof->declaration.note);
  if (!believed) return complain(believed.error());
  const Believed& trusted = *believed;
  if (!trusted) return say_refused(output, arguments.format, to_string(trusted.error().fault), trusted.error().message);
  const auto proven = std::visit([&](const auto& who) { return verify_stream_proof(*proof, who); }, trusted->who);
  if (!proven) {
    remark_on_keys(arguments, proven.error().receipt_fault);
    return say_refused(output, arguments.format, fault_of(proven.error()), proven.error().message);
  }
  print_proven_stream(*proven, trusted->origin, arguments.format, output);
  return output.finish(ExitCode::fine);
}

// Why one of the two checkpoints is not believed is said by its own fault, behind a dot.
std::string fault_of(const ConsistencyRefusal& refusal) {
  std::string fault(to_string(refusal.fault));
  if (refusal.note_fault) fault += '.' + std::string(to_string(*refusal.note_fault));
  return fault;
}

std::string proven_json(const ProvenConsistency& proven, OriginCheck origin) {
  JsonObject object;
  object.truth("verified", true).text("origin", proven.newer.origin);
  object.truth("origin_checked", origin == OriginCheck::done).number("old_size", proven.older.size);
  object.text("old_root", to_string(proven.older.root)).number("size", proven.newer.size);
  object.text("root", to_string(proven.newer.root));
  if (!proven.cosignatures.empty()) object.array("cosignatures", cosignatures_json(proven.cosignatures));
  return object.finish();
}

std::string proven_text(const ProvenConsistency& proven, OriginCheck origin, const Output& output) {
  std::string text = output.paint(Style::green, "verified") + ": the log " + printable(proven.newer.origin) +
                     " goes on from the older checkpoint\n\n";
  const auto row = [&](std::string_view name, std::string_view value) {
    text += output.paint(Style::dim, fmt::format("{:<16}", name)) + printable(value) + '\n';
  };
  row("older", fmt::format("{} of {}", to_string(proven.older.root), counted(proven.older.size, "event", "events")));
  row("newer", fmt::format("{} of {}", to_string(proven.newer.root), counted(proven.newer.size, "event", "events")));
  for (const Cosignature& cosignature : proven.cosignatures) row("cosigned", cosignature_words(cosignature));
  if (origin == OriginCheck::not_done) row("origin", origin_not_checked);
  return text;
}

ExitCode verify_consistency_text(const ReceiptVerifyArguments& arguments, std::string_view text) {
  if (arguments.old.empty()) {
    return complain_of_usage("a consistency proof says what a log goes on from: give the older checkpoint with --old FILE");
  }
  const Result<KnownCheckpoint> older = read_known_checkpoint(arguments.old);
  if (!older) return complain(older.error());
  Output output;
  const auto consistency = parse_consistency(text);
  if (!consistency) {
    if (!is_consistency(text))
      remark("batpak prove consistency DIR FILE prints a proof that goes on from the checkpoint in FILE");
    return say_refused(output, arguments.format, fault_of(consistency.error()), consistency.error().message);
  }
  // A key without a name is that of the log which was known first.
  const Result<Believed> believed = find_trusted(arguments, *older->note);
  if (!believed) return complain(believed.error());
  const Believed& trusted = *believed;
  if (!trusted) return say_refused(output, arguments.format, to_string(trusted.error().fault), trusted.error().message);
  const auto proven =
      std::visit([&](const auto& who) { return verify_signed_consistency(*consistency, *older->note, who); }, trusted->who);
  if (!proven) {
    remark_on_keys(arguments, proven.error().note_fault);
    return say_refused(output, arguments.format, fault_of(proven.error()), proven.error().message);
  }
  output.write(arguments.format == Format::json ? proven_json(*proven, trusted->origin) + '\n'
                                                : proven_text(*proven, trusted->origin, output));
  return output.finish(ExitCode::fine);
}

}  // namespace

ExitCode run(const ReceiptVerifyArguments& arguments) {
  if (arguments.key.empty() == arguments.policy.empty()) {
    return complain_of_usage("batpak receipt verify needs --key or --policy: who is to have signed the receipt");
  }
  const Result<std::string> text = read_text(arguments.file, StreamProof::text_bytes_max);
  if (!text) return complain(text.error());
  if (text->empty()) {
    Output output;
    return say_refused(output, arguments.format, to_string(ReceiptFault::malformed), "the receipt is empty");
  }
  if (!arguments.old.empty() || is_consistency(*text)) return verify_consistency_text(arguments, *text);
  return is_stream_proof(*text) ? verify_stream(arguments, *text) : verify_event(arguments, *text);
}

}  // namespace batpak::cli
