// Signatures of somebody who may fail, or lie.
#pragma once

#include "base/bytes.hpp"
#include "batpak/signer.hpp"

namespace batpak::proof {

// The signer's signature of `message`, verified unless it was made in this process. Errors: signer_failed, with the signer's own
// message.
[[nodiscard]] Result<Signer::Signature> checked_signature(const Signer& signer, ByteView message);

}  // namespace batpak::proof
