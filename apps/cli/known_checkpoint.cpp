#include "known_checkpoint.hpp"

#include "batpak/offline_receipt.hpp"
#include "batpak/witness_file.hpp"
#include "text_file.hpp"

namespace batpak::cli {
namespace {

Result<void> verify(const CheckpointNote& note, const NamedKey& key) {
  if (key.name.empty()) return verify_note(note, key.key);
  const Result<VerifierKey> named = VerifierKey::make(key.name, key.key);
  if (!named) return std::unexpected(named.error());
  return verify_note(note, *named);
}

Result<KnownCheckpoint> from_receipt(std::string_view text, const std::optional<NamedKey>& key) {
  const auto refuse = [](const ReceiptRefusal& refusal) {
    const bool is_form = refusal.fault == ReceiptFault::malformed;
    return std::unexpected(Error(is_form ? ErrorCode::malformed : ErrorCode::bad_proof,
                                 std::string(to_string(refusal.fault)) + ": " + refusal.message));
  };
  const auto receipt = parse_offline_receipt(text);
  if (!receipt) return refuse(receipt.error());
  if (key) {
    const Result<VerifierKey> named =
        VerifierKey::make(key->name.empty() ? receipt->note.checkpoint.origin : key->name, key->key);
    // Without a name it is taken for the log's own key, which has the name of the log.
    if (!named)
      return refuse({.fault = ReceiptFault::wrong_key, .message = "no key can be named as the log of the receipt"});
    const auto proven = verify_offline_receipt(*receipt, *named);
    if (!proven) return refuse(proven.error());
  }
  return KnownCheckpoint{.name = {},
                         .checkpoint = receipt->note.checkpoint,
                         .event = KnownCheckpoint::Event{receipt->inclusion.sequence, receipt->event_hash}};
}

Result<KnownCheckpoint> from_note(const Result<CheckpointNote>& note, const std::optional<NamedKey>& key) {
  if (!note) return std::unexpected(note.error());
  // A witness file of a store without a key has nothing to verify.
  if (key && !note->signatures.empty()) {
    if (const auto good = verify(*note, *key); !good) return std::unexpected(good.error());
  }
  return KnownCheckpoint{.name = {}, .checkpoint = note->checkpoint, .event = {}};
}

Result<KnownCheckpoint> from_text(std::string_view text, const std::optional<NamedKey>& key) {
  if (text.starts_with("c2sp.org/tlog-proof@")) return from_receipt(text, key);
  if (!text.starts_with("batpak-witness@")) return from_note(parse_note(text), key);
  Result<WitnessRecord> record = parse_witness_record(text);
  if (!record) return std::unexpected(std::move(record).error());
  return from_note(std::move(record->note), key);
}

}  // namespace

Result<KnownCheckpoint> read_known_checkpoint(const std::string& file, const std::optional<NamedKey>& key) {
  const Result<std::string> text = read_text(file, OfflineReceipt::text_bytes_max);
  if (!text) return std::unexpected(text.error());
  Result<KnownCheckpoint> known = from_text(*text, key);
  if (!known) return std::unexpected(std::move(known).error().at_path(file));
  known->name = file;
  return known;
}

}  // namespace batpak::cli
