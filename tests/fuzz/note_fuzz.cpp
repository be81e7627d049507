// Signed notes: checkpoints from anybody.
#include "batpak/checkpoint.hpp"
#include "fuzz/target.hpp"
#include "fuzz/test_key.hpp"
#include "proof/checkpoint.hpp"

namespace batpak::fuzz {
namespace {

// What the test key signs for real; everything else that it seems to have signed is forged.
const std::string& signed_body() {
  static const std::string body = note_body({.origin = "example.com/log", .size = 7, .root = {}});
  return body;
}

// Witness: decoder_stays_in_bounds
const Target note("note", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto parsed = parse_note(text);
  if (!parsed) return;
  require(text.starts_with(parsed->text), "what is signed is the beginning of the note");
  require(parsed->text.starts_with(note_body(parsed->checkpoint)), "what is signed states the checkpoint");
  require(!parsed->signatures.empty() && parsed->signatures.size() <= CheckpointNote::signatures_max,
          "a note has signatures, and not too many");
  require(!parsed->checkpoint.origin.empty(), "a note has an origin");
  const std::string written = format_note(*parsed);
  require(written == text, "a note that is read is written the same way");
  const auto again = parse_note(written);
  require(again.has_value() && *again == *parsed, "a note that is written is read as the same");

  const PublicKey& key = test_key()->public_key();
  if (verify_note(*parsed, key)) require(parsed->text == signed_body(), "nobody forges a signature");
  auto theirs = *parsed;
  theirs.signatures = {proof::sign_checkpoint(parsed->checkpoint, *test_key()).value()};
  require(verify_note(theirs, key).has_value() == (parsed->text == note_body(parsed->checkpoint)),
          "a signature is of the whole text");
  theirs.checkpoint.size += 1;
  require(!verify_note(theirs, key), "a note that states another checkpoint than its text does not verify");
});

}  // namespace
}  // namespace batpak::fuzz
