// Whoever holds a key: this process, an agent, a device.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "batpak/error.hpp"
#include "batpak/public_key.hpp"

namespace [[gnu::visibility("default")]] batpak {

// Signs for a store. SigningKey is one whose secret lies in this process; a class of your own asks somebody else for the
// signature: an agent over a pipe, a security module. What it gives is verified before anything uses it, so that one who signs
// wrongly is one who does not sign.
//
// A store whose signer fails goes on: events are durable and acknowledged, receipts come without a checkpoint, and the next
// commit asks again. While it is asked the commit waits, so a signer should give up in good time.
//
// Threads: public_key() and signature_of() from any thread, also at once. Owner: the store shares it.
class Signer {
 public:
  using Signature = std::array<std::byte, PublicKey::signature_bytes>;

  virtual ~Signer();

  // Always the same one.
  [[nodiscard]] virtual const PublicKey& public_key() const noexcept = 0;
  // The Ed25519 signature of `message`, which is at most a few hundred bytes. Errors: any; signer_failed says it best.
  [[nodiscard]] virtual Result<Signature> signature_of(std::span<const std::byte> message) const = 0;
  // True of a SigningKey: its arithmetic is ours, and is not verified again.
  [[nodiscard]] virtual bool is_in_this_process() const noexcept { return false; }

 protected:
  Signer() = default;
  Signer(const Signer&) = default;
  Signer(Signer&&) = default;
  Signer& operator=(const Signer&) = default;
  Signer& operator=(Signer&&) = default;
};

}  // namespace batpak
