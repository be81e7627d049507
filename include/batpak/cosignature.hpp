// Cosignatures: what witnesses say of a log's checkpoint (C2SP tlog-cosignature, the Ed25519 form).
#pragma once

#include <chrono>

#include "batpak/checkpoint.hpp"

namespace [[gnu::visibility("default")]] batpak {

// The public key of a witness under its name: "witness.example.com/w1+…+BA…", with the signature type 0x04.
//
// Threads: a plain value, as all of this header.
class CosignerKey {
 public:
  // Errors: invalid_name, as VerifierKey::make.
  [[nodiscard]] static Result<CosignerKey> make(std::string_view name, const PublicKey& key);
  // Errors: malformed_key, also for a key id that is not this key's.
  [[nodiscard]] static Result<CosignerKey> from_string(std::string_view text);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const PublicKey& key() const noexcept { return key_; }
  // The first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x04 ‖ key).
  [[nodiscard]] std::array<std::byte, 4> key_id() const;
  friend bool operator==(const CosignerKey&, const CosignerKey&) = default;

 private:
  CosignerKey(std::string_view name, const PublicKey& key) : name_(name), key_(key) {}

  std::string name_;
  PublicKey key_;
};

[[nodiscard]] std::string to_string(const CosignerKey& key);

// When the witness says that the note's checkpoint was the largest one that it had seen of the log. The note must have a
// cosignature of this key, and every such must be good. Cost: about 55 µs. Errors: bad_signature.
[[nodiscard]] Result<std::chrono::sys_seconds> verify_cosignature(const CheckpointNote& note, const CosignerKey& key);

// A witness's side: the cosignature of a note's text. Whoever gives one has verified that the log is consistent with all
// earlier checkpoints that it cosigned. Errors: invalid_name; out_of_range for a time before 1970.
[[nodiscard]] Result<NoteSignature> cosign(const CheckpointNote& note, std::string_view name, const SigningKey& key,
                                           std::chrono::sys_seconds time);

}  // namespace batpak
