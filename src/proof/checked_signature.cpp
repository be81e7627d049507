#include "proof/checked_signature.hpp"

#include "base/try.hpp"

namespace batpak::proof {

using base::fail;

Result<Signer::Signature> checked_signature(const Signer& signer, ByteView message) {
  auto signature = signer.signature_of(message);
  if (!signature) return fail(ErrorCode::signer_failed, "the signer did not sign: " + to_string(signature.error()));
  if (!signer.is_in_this_process() && !signer.public_key().verifies(message, *signature)) {
    return fail(ErrorCode::signer_failed, "what the signer gave is not a signature of its key");
  }
  return signature;
}

}  // namespace batpak::proof
