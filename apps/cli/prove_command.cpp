#include <fmt/core.h>

#include <charconv>
#include <optional>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_argument.hpp"
#include "json_object.hpp"
#include "known_checkpoint.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

ExitCode complain_of_proof(const Error& error) {
  if (error.code == ErrorCode::key_required) {
    return complain(error, "only a store with a key can prove something to others: batpak key new, then --key-file");
  }
  return complain(error);
}

// What is to be gone on from: its size alone, or all that a file says; the former has no name.
Result<KnownCheckpoint> read_older(const std::string& argument) {
  KnownCheckpoint known;
  const char* const end = argument.data() + argument.size();
  const auto parsed = std::from_chars(argument.data(), end, known.checkpoint.size);
  if (parsed.ptr == end && parsed.ec == std::errc()) return known;
  if (parsed.ptr == end) {
    return std::unexpected(Error(ErrorCode::invalid_argument, argument + " is more events than any log has"));
  }
  return read_known_checkpoint(argument);
}

std::string describe(const KnownCheckpoint& known) {
  return "the checkpoint of " + counted(known.checkpoint.size, "event", "events") + " in '" + known.name + "'";
}

// Why no proof can lead from there to the newest checkpoint, as far as the size and the name tell.
std::optional<Error> refuse_older(const KnownCheckpoint& older, const Store& store, const CheckpointNote& newest) {
  const auto refuse = [&](ErrorCode code, std::string why) { return Error(code, std::move(why)); };
  const bool is_known = !older.name.empty();
  if (is_known && older.checkpoint.origin != newest.checkpoint.origin) {
    return refuse(ErrorCode::forked, describe(older) + " is of the log '" + older.checkpoint.origin +
                                         "', and this one is '" + newest.checkpoint.origin + "'");
  }
  if (older.checkpoint.size <= newest.checkpoint.size) return std::nullopt;
  const std::uint64_t events = store.frontier().written;
  if (is_known && older.checkpoint.size > events) {
    return refuse(ErrorCode::rolled_back,
                  "the log ends with " + counted(events, "event", "events") + ", before " + describe(older));
  }
  return refuse(
      ErrorCode::past_the_end,
      fmt::format("there is no checkpoint of {} yet to go on from: the newest signed one of the store is of {}",
                  counted(older.checkpoint.size, "event", "events"), counted(newest.checkpoint.size, "event", "events")));
}

enum class Claim : std::uint8_t { complete, absent };

// What came after the declaration is no part of the proof; who asks for one wants to know.
void remark_on_later_events(const Store& store, const StreamProof& proof) {
  const Result<std::optional<StreamHead>> head = store.head(proof.entity);
  if (!head || !*head || (*head)->version < proof.events.size()) return;
  remark("events were appended to " + proof.entity + " after the heads were declared; batpak heads declares them anew");
}

template <class Arguments>
ExitCode prove_stream(const Arguments& arguments, Claim claim, Store::Show show) {
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  const Result<StreamProof> proof = store->prove_stream(arguments.entity, show);
  if (!proof) return complain_of_proof(proof.error());
  remark_on_later_events(*store, *proof);
  if (proof->events.empty() != (claim == Claim::absent)) {
    remark(claim == Claim::absent ? "the entity has events: see batpak prove complete"
                                  : "the entity has no events: see batpak prove absent");
    return ExitCode::finding;
  }
  Output output;
  const std::string text = format_stream_proof(*proof);
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("entity", proof->entity).number("events", proof->events.size());
    object.number("declared_at", proof->declaration.inclusion.sequence).number("size", proof->declaration.inclusion.size);
    output.line(object.text("proof", text).finish());
  } else {
    output.write(text);
  }
  return output.finish(ExitCode::fine);
}

}  // namespace

ExitCode run(const ProveCompleteArguments& arguments) { return prove_stream(arguments, Claim::complete, arguments.show); }
ExitCode run(const ProveAbsentArguments& arguments) { return prove_stream(arguments, Claim::absent, Store::Show::fields); }

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
  const Result<KnownCheckpoint> older = read_older(arguments.old);
  if (!older) return complain(older.error());
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  const Result<CheckpointNote> note = store->signed_checkpoint();
  if (!note) return complain_of_proof(note.error());
  const auto complain_of_older = [&](const Error& error) {
    return complain(error, older->name.empty()
                               ? "batpak verify DIR --against FILE holds a checkpoint that was kept against the log"
                               : "batpak verify " + arguments.directory + " --against " + older->name + " looks closer");
  };
  if (const auto refused = refuse_older(*older, *store, *note)) return complain_of_older(*refused);
  const Result<ConsistencyProof> proof = store->prove_consistency(older->checkpoint.size, note->checkpoint.size);
  if (!proof) return complain(proof.error());
  if (!older->name.empty() && !verify_consistency(*proof, older->checkpoint.root, note->checkpoint.root)) {
    return complain_of_older(Error(ErrorCode::forked, "the log has another history than " + describe(*older) +
                                                          ": its root is not " + to_string(older->checkpoint.root)));
  }
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
