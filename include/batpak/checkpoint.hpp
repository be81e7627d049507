// A statement about a log: how many events it has and what their Merkle root is; as a signed note (C2SP tlog-checkpoint).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/error.hpp"
#include "batpak/hash.hpp"
#include "batpak/signing_key.hpp"
#include "batpak/tree_proof.hpp"

namespace [[gnu::visibility("default")]] batpak {

// The origin of a store has 1–255 bytes of UTF-8 without spaces, plus signs and control characters. That of another's log may
// be any line that is not empty and has no characters below U+0020 ("go.sum database tree"); before it is shown on a terminal,
// it needs what any text of others needs.
//
// Threads: a plain value, as all of this header.
struct Checkpoint {
  std::string origin;      // names the log for ever
  std::uint64_t size = 0;  // events, which is also the sequence of the next one
  Hash root;               // of the RFC 6962 tree over their event hashes

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// One signature under a note, by any algorithm; Ed25519 ones have 64 bytes.
struct NoteSignature {
  std::string name;                   // of the key; a store's own key is named as its origin, others' as signed-note allows
  std::array<std::byte, 4> key_id{};  // PublicKey::key_id(name)
  std::vector<std::byte> signature;

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

// A note as it was read. Nothing in it may be believed before verify_note succeeded.
struct CheckpointNote {
  static constexpr std::size_t bytes_max = 512U << 10;
  static constexpr std::size_t signatures_max = 64;

  Checkpoint checkpoint;
  std::string text;  // what the signatures cover: note_body(checkpoint), and extension lines if the signer wrote any
  std::vector<NoteSignature> signatures;

  friend bool operator==(const CheckpointNote&, const CheckpointNote&) = default;
};

// What is signed: three lines, "origin\nsize\nbase 64 of the root\n".
[[nodiscard]] std::string note_body(const Checkpoint& checkpoint);

// The body, an empty line, and a line for each signature. Without any it is no signed note, and parse_note refuses it.
[[nodiscard]] std::string format_note(const Checkpoint& checkpoint, std::span<const NoteSignature> signatures);

// A note as it was read: its own text, of which the signatures are, with the extension lines. Without signatures it ends behind
// the empty line. Precondition: the text states the checkpoint, as parse_note leaves it.
[[nodiscard]] std::string format_note(const CheckpointNote& note);

// Reads what format_note wrote, and notes of others that keep to the same specification, whatever their origin and the names of
// their keys; extension lines it keeps in `text`. Errors: malformed, with the number of the line; too_large over bytes_max or
// signatures_max.
[[nodiscard]] Result<CheckpointNote> parse_note(std::string_view note);

// Succeeds when the note has a signature by this key, under its name, and every such signature is good. Signatures by other
// keys do not matter. It does not compare the origin with the one the caller expects. Errors: bad_signature.
[[nodiscard]] Result<void> verify_note(const CheckpointNote& note, const VerifierKey& key);

// The same for a key named as the note's origin, as the key of a store is. A log whose origin can name no key has none such.
[[nodiscard]] Result<void> verify_note(const CheckpointNote& note, const PublicKey& key);

// What a witness is asked with for its cosignature (C2SP tlog-witness, add-checkpoint): "old <size>", the hashes of the proof,
// an empty line, the note of the new size in its own text. Precondition: the note is signed and of the proof's new size.
[[nodiscard]] std::string format_consistency(const ConsistencyProof& proof, const CheckpointNote& note);

}  // namespace batpak
