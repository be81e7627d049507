// The parts of an offline receipt's verification, for other texts that hold receipts.
#pragma once

#include "batpak/key_chain.hpp"
#include "batpak/offline_receipt.hpp"

namespace batpak::proof {

// Everything but the signatures.
[[nodiscard]] std::expected<ProvenEvent, ReceiptRefusal> verify_event(const OfflineReceipt& receipt);

// Faults: wrong_key, bad_signature.
[[nodiscard]] std::expected<void, ReceiptRefusal> verify_log_signature(const CheckpointNote& note, const VerifierKey& key);

// Whether what a key signed from the size on from which it is revoked is believed: only of what the verifier kept since.
enum class Revoked : std::uint8_t { refused, counts };

// That the note is of a log that the verifier knows and signed by those who are to have signed it; gives the cosignatures that a
// policy asks about. Faults: unknown_origin, wrong_key, bad_signature, not_cosigned, revoked_key.
using Believed = std::expected<std::vector<Cosignature>, ReceiptRefusal>;
[[nodiscard]] Believed verify_checkpoint(const CheckpointNote& note, const VerifierKey& key, Revoked revoked);
[[nodiscard]] Believed verify_checkpoint(const CheckpointNote& note, const TrustPolicy& policy, Revoked revoked);
[[nodiscard]] Believed verify_checkpoint(const CheckpointNote& note, const KeyChain& keys, Revoked revoked);

}  // namespace batpak::proof
