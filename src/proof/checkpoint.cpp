#include "proof/checkpoint.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "crypto/key_name.hpp"
#include "proof/checked_signature.hpp"

namespace batpak {
namespace {

constexpr std::string_view signature_mark = "\u2014 ";  // em dash, space
constexpr std::size_t key_id_bytes = 4;

[[nodiscard]] Result<Checkpoint> parse_body(proof::LineReader& lines) {
  Checkpoint checkpoint;
  BATPAK_TRY(const std::string_view origin, lines.next());
  if (origin.empty()) return lines.refuse("is not an origin");
  checkpoint.origin = origin;

  BATPAK_TRY(const std::string_view size_line, lines.next());
  const auto size = proof::parse_decimal(size_line);
  if (!size) return lines.refuse("is not a tree size");
  checkpoint.size = *size;

  BATPAK_TRY(const std::string_view root_line, lines.next());
  const auto root = proof::parse_hash(root_line);
  if (!root) return lines.refuse("is not a root hash of 32 bytes in base 64");
  checkpoint.root = *root;
  return checkpoint;
}

[[nodiscard]] Result<NoteSignature> parse_signature(proof::LineReader& lines) {
  BATPAK_TRY(std::string_view line, lines.next());
  if (!line.starts_with(signature_mark)) return lines.refuse("is not a signature, which begins with an em dash and a space");
  line.remove_prefix(signature_mark.size());
  const std::size_t name_end = line.find(' ');
  if (name_end == std::string_view::npos) return lines.refuse("has no space behind the name of the key");
  NoteSignature signature;
  signature.name = line.substr(0, name_end);
  if (!crypto::is_note_key_name(signature.name)) return lines.refuse("names a key as keys cannot be named");
  const auto bytes = base::from_base64(line.substr(name_end + 1));
  if (!bytes) return lines.refuse("does not hold its signature in base 64");
  if (bytes->size() <= key_id_bytes) return lines.refuse("has no signature behind the key id");
  std::copy_n(bytes->begin(), key_id_bytes, signature.key_id.begin());
  signature.signature.assign(bytes->begin() + key_id_bytes, bytes->end());
  return signature;
}

// A text, the empty line, and the signatures over the text.
[[nodiscard]] std::string format_signed(std::string_view text, std::span<const NoteSignature> signatures) {
  std::string note(text);
  note += '\n';
  for (const NoteSignature& signature : signatures) {
    Bytes bytes(signature.key_id.begin(), signature.key_id.end());
    base::append(bytes, signature.signature);
    note += signature_mark;
    note += signature.name;
    note += ' ';
    note += base::to_base64(bytes);
    note += '\n';
  }
  return note;
}

[[nodiscard]] Result<void> verify_as(const CheckpointNote& note, std::string_view name, const PublicKey& key) {
  // What is signed is the text, what is believed is the checkpoint: a caller may have put the two together.
  if (!note.text.starts_with(note_body(note.checkpoint))) {
    return base::fail(ErrorCode::bad_signature, "the note's text does not state its checkpoint");
  }
  const auto id = key.key_id(name);
  bool signed_by_key = false;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != name || signature.key_id != id) continue;
    if (!key.verifies(base::as_bytes(note.text), signature.signature)) {
      return base::fail(ErrorCode::bad_signature, "the signature of the key " + std::string(name) + "+" + base::to_hex(id) +
                                                      " is not one over this note");
    }
    signed_by_key = true;
  }
  if (!signed_by_key) {
    return base::fail(ErrorCode::bad_signature,
                      "the note has no signature of the key " + std::string(name) + "+" + base::to_hex(id));
  }
  return {};
}

}  // namespace

std::string note_body(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + base::to_base64(checkpoint.root.bytes) + "\n";
}

std::string format_note(const Checkpoint& checkpoint, std::span<const NoteSignature> signatures) {
  return format_signed(note_body(checkpoint), signatures);
}

std::string format_note(const CheckpointNote& note) { return format_signed(note.text, note.signatures); }

Result<CheckpointNote> parse_note(std::string_view note) {
  proof::LineReader lines(note, "the note");
  return proof::parse_note(lines);
}

Result<void> verify_note(const CheckpointNote& note, const VerifierKey& key) {
  return verify_as(note, key.name(), key.key());
}

Result<void> verify_note(const CheckpointNote& note, const PublicKey& key) {
  return verify_as(note, note.checkpoint.origin, key);
}

std::string format_consistency(const ConsistencyProof& proof, const CheckpointNote& note) {
  std::string text = "old " + std::to_string(proof.old_size) + "\n";
  for (const Hash& hash : proof.path) text += base::to_base64(hash.bytes) + '\n';
  return text + '\n' + format_note(note);
}

namespace proof {

Result<void> check_origin(std::string_view origin) {
  if (crypto::is_key_name(origin)) return {};
  return base::fail(ErrorCode::invalid_argument,
                    "an origin has 1–255 bytes of UTF-8 without spaces, plus signs and control characters");
}

Result<CheckpointNote> parse_note(LineReader& lines, Unsigned without_signatures) {
  const std::size_t begin = lines.offset();
  const std::string_view note = lines.text().substr(begin);
  if (note.size() > CheckpointNote::bytes_max) {
    return base::fail(ErrorCode::too_large, "a note has at most " + std::to_string(CheckpointNote::bytes_max) + " bytes");
  }
  if (!base::is_utf8(note)) return base::fail(ErrorCode::malformed, "the note is not UTF-8");
  const auto is_control = [](char character) { return static_cast<unsigned char>(character) < 0x20 && character != '\n'; };
  if (std::any_of(note.begin(), note.end(), is_control)) {
    return base::fail(ErrorCode::malformed, "the note holds a control character");
  }
  CheckpointNote parsed;
  BATPAK_TRY(parsed.checkpoint, parse_body(lines));
  std::size_t text_end;
  for (;;) {  // extension lines, none of which may be empty, so that the first empty line is the one before the signatures
    text_end = lines.offset();
    BATPAK_TRY(const std::string_view line, lines.next());
    if (line.empty()) break;
  }
  parsed.text = note.substr(0, text_end - begin);
  if (without_signatures == Unsigned::allow && lines.at_end()) return parsed;
  do {
    if (parsed.signatures.size() == CheckpointNote::signatures_max) {
      return base::fail(ErrorCode::too_large,
                        "a note has at most " + std::to_string(CheckpointNote::signatures_max) + " signatures");
    }
    BATPAK_TRY(NoteSignature signature, parse_signature(lines));
    parsed.signatures.push_back(std::move(signature));
  } while (!lines.at_end());
  return parsed;
}

Result<CheckpointNote> parse_checkpoint(std::string_view text) {
  LineReader lines(text, "the checkpoint");
  return parse_note(lines, Unsigned::allow);
}

Result<NoteSignature> sign_checkpoint(const Checkpoint& checkpoint, const Signer& key) {
  BATPAK_TRY(const Signer::Signature signature, checked_signature(key, base::as_bytes(note_body(checkpoint))));
  return NoteSignature{.name = checkpoint.origin,
                       .key_id = key.public_key().key_id(checkpoint.origin),
                       .signature = {signature.begin(), signature.end()}};
}

}  // namespace proof
}  // namespace batpak
