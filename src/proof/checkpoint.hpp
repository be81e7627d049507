// Making checkpoints: the side of batpak/checkpoint.hpp that needs the key; and reading them from within other texts.
#pragma once

#include <string_view>

#include "batpak/checkpoint.hpp"
#include "proof/line_reader.hpp"

namespace batpak::proof {

// What a log may be called. Errors: invalid_argument.
[[nodiscard]] Result<void> check_origin(std::string_view origin);

// A note that is the rest of a text; one without signatures ends behind its empty line. Errors: as batpak::parse_note.
enum class Unsigned : std::uint8_t { refuse, allow };
[[nodiscard]] Result<CheckpointNote> parse_note(LineReader& lines, Unsigned without_signatures = Unsigned::refuse);
// A whole text that is a note with or without signatures. Errors: likewise.
[[nodiscard]] Result<CheckpointNote> parse_checkpoint(std::string_view text);

// The signature of a store's own key, named as the origin. Errors: signer_failed. Cost: about 20 µs with a key in this process.
[[nodiscard]] Result<NoteSignature> sign_checkpoint(const Checkpoint& checkpoint, const Signer& key);

}  // namespace batpak::proof
