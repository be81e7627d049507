#include "known_checkpoint.hpp"

#include "batpak/offline_receipt.hpp"
#include "batpak/stream_proof.hpp"
#include "batpak/witness_file.hpp"
#include "text_file.hpp"

namespace batpak::cli {
namespace {

std::unexpected<Error> refuse(const ReceiptRefusal& refusal) {
  const bool is_form = refusal.fault == ReceiptFault::malformed;
  return std::unexpected(Error(is_form ? ErrorCode::malformed : ErrorCode::bad_proof,
                               std::string(to_string(refusal.fault)) + ": " + refusal.message));
}

// Only the root and, where it stands in its place, the event are held against the log; that the one follows from the other only
// the receipt says.
Result<KnownCheckpoint> from_receipt(std::string_view text) {
  auto receipt = parse_offline_receipt(text);
  if (!receipt) return refuse(receipt.error());
  const auto holds = verify_against_own_checkpoint(*receipt);
  if (!holds) return refuse(holds.error());
  return KnownCheckpoint{.name = {},
                         .checkpoint = receipt->note.checkpoint,
                         .event = KnownCheckpoint::Event{receipt->inclusion.sequence, receipt->event_hash},
                         .note = std::move(receipt->note)};
}

Result<KnownCheckpoint> from_note(Result<CheckpointNote> note) {
  if (!note) return std::unexpected(std::move(note).error());
  return KnownCheckpoint{.name = {}, .checkpoint = note->checkpoint, .event = {}, .note = *std::move(note)};
}

constexpr std::string_view taken = "; a checkpoint, a receipt or a witness file belongs here";

// Of the texts that leave a store some say nothing that could be held against it.
std::string what_this_is(std::string_view text, const std::string& as_note) {
  if (text.empty()) return "the file is empty";
  if (is_stream_proof(text)) return "this is a proof about an entity";
  if (text.starts_with("batpak-key-chain@")) return "this is a chain of keys";
  return as_note;
}

Result<KnownCheckpoint> from_text(std::string_view text) {
  if (text.starts_with("c2sp.org/tlog-proof@")) return from_receipt(text);
  if (!text.starts_with("batpak-witness@")) {
    auto note = parse_note(text);
    if (!note)
      return std::unexpected(Error(note.error().code, what_this_is(text, note.error().message) + std::string(taken)));
    return from_note(std::move(note));
  }
  Result<WitnessRecord> record = parse_witness_record(text);
  if (!record) return std::unexpected(std::move(record).error());
  Result<KnownCheckpoint> known = from_note(std::move(record->note));
  if (known) known->store_id = record->store_id;
  return known;
}

}  // namespace

Result<KnownCheckpoint> read_known_checkpoint(const std::string& file) {
  const Result<std::string> text = read_text(file, OfflineReceipt::text_bytes_max);
  if (!text) return std::unexpected(text.error());
  Result<KnownCheckpoint> known = from_text(*text);
  if (!known) return std::unexpected(std::move(known).error().at_path(file));
  known->name = file;
  return known;
}

}  // namespace batpak::cli
