// The text of a key chain:
//
//   batpak-key-chain@v1
//   receipt <bytes>          and so many bytes: an offline receipt with its payload
//   …
//
// The receipts are of the genesis event, of the event that declares the first key where the genesis event does not, and of every
// change, in their order, each under the first stored checkpoint that covers it.
#pragma once

#include <span>
#include <string>

#include "batpak/key_chain.hpp"

namespace batpak::proof {

[[nodiscard]] std::string format_key_chain(std::span<const OfflineReceipt> receipts);

// Faults: malformed.
[[nodiscard]] std::expected<std::vector<OfflineReceipt>, ReceiptRefusal> parse_key_chain(std::string_view text);

}  // namespace batpak::proof
