// The parts of an offline receipt's verification, for other texts that hold receipts.
#pragma once

#include "batpak/offline_receipt.hpp"

namespace batpak::proof {

// Everything but the signatures.
[[nodiscard]] std::expected<ProvenEvent, ReceiptRefusal> verify_event(const OfflineReceipt& receipt);

// Faults: wrong_key, bad_signature.
[[nodiscard]] std::expected<void, ReceiptRefusal> verify_log_signature(const CheckpointNote& note, const VerifierKey& key);

}  // namespace batpak::proof
