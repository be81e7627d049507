#include "batpak/cosignature.hpp"

#include <algorithm>
#include <bit>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "base/try.hpp"
#include "crypto/key_name.hpp"
#include "crypto/named_key.hpp"

namespace batpak {
namespace {

using base::fail;

constexpr std::size_t time_bytes = 8;
constexpr std::size_t cosignature_bytes = time_bytes + PublicKey::signature_bytes;

// What is signed: two lines, then the note's text.
std::string signed_text(const CheckpointNote& note, std::uint64_t time) {
  return "cosignature/v1\ntime " + std::to_string(time) + "\n" + note.text;
}

}  // namespace

Result<CosignerKey> CosignerKey::make(std::string_view name, const PublicKey& key) {
  BATPAK_TRY(const VerifierKey named, VerifierKey::make(name, key));
  return CosignerKey(named.name(), named.key());
}

Result<CosignerKey> CosignerKey::from_string(std::string_view text) {
  BATPAK_TRY(const crypto::NamedKey named, crypto::parse_named_key(text, crypto::SignatureType::cosignature));
  BATPAK_TRY(const PublicKey key, PublicKey::from_bytes(named.key));
  return CosignerKey(named.name, key);
}

std::array<std::byte, 4> CosignerKey::key_id() const {
  return crypto::key_id(name_, crypto::SignatureType::cosignature, key_.bytes());
}

std::string to_string(const CosignerKey& key) {
  return crypto::to_text(key.name(), crypto::SignatureType::cosignature, key.key().bytes());
}

Result<std::chrono::sys_seconds> verify_cosignature(const CheckpointNote& note, const CosignerKey& key) {
  const auto id = key.key_id();
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::bad_signature,
                "the note has " + std::string(why) + " of the witness " + key.name() + "+" + base::to_hex(id));
  };
  if (!note.text.starts_with(note_body(note.checkpoint))) {
    return fail(ErrorCode::bad_signature, "the note's text does not state its checkpoint");
  }
  std::optional<std::uint64_t> latest;
  for (const NoteSignature& signature : note.signatures) {
    if (signature.name != key.name() || signature.key_id != id) continue;
    if (signature.signature.size() != cosignature_bytes) return refuse("a cosignature of another length than 72 bytes");
    const ByteView bytes(signature.signature);
    const auto time = std::byteswap(base::load_le<std::uint64_t>(bytes.data()));
    if (time >> 63U != 0) return refuse("a cosignature with an impossible time");
    if (!key.key().verifies(base::as_bytes(signed_text(note, time)), bytes.subspan(time_bytes))) {
      return refuse("a cosignature that does not verify");
    }
    latest = std::max(latest.value_or(0), time);
  }
  if (!latest) return refuse("no cosignature");
  return std::chrono::sys_seconds(std::chrono::seconds(static_cast<std::int64_t>(*latest)));
}

Result<NoteSignature> cosign(const CheckpointNote& note, std::string_view name, const SigningKey& key,
                             std::chrono::sys_seconds time) {
  BATPAK_TRY(const CosignerKey cosigner, CosignerKey::make(name, key.public_key()));
  if (time.time_since_epoch().count() < 0) return fail(ErrorCode::out_of_range, "a cosignature's time is not before 1970");
  const auto seconds = static_cast<std::uint64_t>(time.time_since_epoch().count());
  NoteSignature signature{.name = cosigner.name(), .key_id = cosigner.key_id(), .signature = {}};
  Bytes bytes;
  base::append_le(bytes, std::byteswap(seconds));
  base::append(bytes, key.sign(base::as_bytes(signed_text(note, seconds))));
  signature.signature = std::move(bytes);
  return signature;
}

}  // namespace batpak
