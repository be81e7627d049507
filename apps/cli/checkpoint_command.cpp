#include <algorithm>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "json_object.hpp"
#include "output.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

// A store without a key has the body alone.
std::string text_of(const CheckpointNote& note) { return note.signatures.empty() ? note.text : format_note(note); }

// As of a store that was just made: what is signed is stored with what comes after it.
bool nothing_is_signed(const Store& store) {
  return std::ranges::none_of(store.keys(), [](const KeySpan& span) { return span.covered_by.has_value(); });
}

}  // namespace

ExitCode run(const CheckpointArguments& arguments) {
  const Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::hide);
  if (!store) return complain(store.error());
  Result<CheckpointNote> note = store->signed_checkpoint();
  if (!note && !store->declared_key()) {
    remark("the store has no key, and the checkpoint no signature");
    note = store->checkpoint();
  } else if (!note && nothing_is_signed(*store)) {
    remark("no checkpoint of the store is signed yet, and this one has no signature: the first one is with the next event");
    note = store->checkpoint();
  }
  if (!note) return complain(note.error());
  Output output;
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("origin", note->checkpoint.origin).number("size", note->checkpoint.size);
    object.text("root", to_string(note->checkpoint.root)).truth("signed", !note->signatures.empty());
    output.line(object.text("note", text_of(*note)).finish());
  } else {
    output.write(text_of(*note));
  }
  return output.finish(ExitCode::fine);
}

}  // namespace batpak::cli
