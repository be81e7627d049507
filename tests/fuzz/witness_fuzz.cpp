// Witness files, as whoever can write to their place may leave them.
#include "batpak/witness_file.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

// Witness: decoder_stays_in_bounds
const Target witness("witness", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto record = parse_witness_record(text);
  if (!record) {
    require(!record.error().message.empty(), "a refusal says why");
    return;
  }
  require(record->note.text.starts_with(note_body(record->note.checkpoint)), "the text states the checkpoint");
  const auto again = parse_witness_record(format_witness_record(*record));
  require(again && *again == *record, "what is written again says the same");
});

}  // namespace
}  // namespace batpak::fuzz
