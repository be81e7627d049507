#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_argument.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

ExitCode complain_of_proof(const Error& error) {
  if (error.code == ErrorCode::key_required) {
    return complain(error, "only a store with a key can prove something to others: batpak key new, then --key-file");
  }
  return complain(error);
}

}  // namespace

ExitCode run(const ProveInclusionArguments& arguments) {
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  const Result<Snapshot> snapshot = store->snapshot();
  if (!snapshot) return complain(snapshot.error());
  const Result<EventView> event = find_event(*snapshot, arguments.event);
  if (!event) return complain(event.error());
  const Result<OfflineReceipt> receipt = store->proof(event->sequence(), arguments.show);
  if (!receipt) return complain_of_proof(receipt.error());
  Output output;
  const std::string text = format_offline_receipt(*receipt);
  if (arguments.format == Format::json) {
    JsonObject object;
    object.number("sequence", receipt->inclusion.sequence).number("size", receipt->inclusion.size);
    output.line(object.text("proof", text).finish());
  } else {
    output.write(text);
  }
  return output.finish(ExitCode::fine);
}

// The text form is that in which a witness is asked for its cosignature (C2SP tlog-witness): the old size, the path, an empty
// line, the new checkpoint.
ExitCode run(const ProveConsistencyArguments& arguments) {
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  const Result<CheckpointNote> note = store->signed_checkpoint();
  if (!note) return complain_of_proof(note.error());
  if (arguments.old_size > note->checkpoint.size) {
    return complain(Error(ErrorCode::past_the_end, "the newest signed checkpoint of the store is of " +
                                                       std::to_string(note->checkpoint.size) +
                                                       " events; if it had more, it was put back"));
  }
  const Result<ConsistencyProof> proof = store->prove_consistency(arguments.old_size, note->checkpoint.size);
  if (!proof) return complain(proof.error());
  Output output;
  const std::string text = format_consistency(*proof, *note);
  if (arguments.format == Format::json) {
    JsonObject object;
    object.number("old_size", proof->old_size).number("new_size", proof->new_size);
    output.line(object.text("proof", text).finish());
  } else {
    output.write(text);
  }
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
