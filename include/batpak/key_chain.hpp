// The keys of a log one after the other, and how somebody who knows one of them comes to know the others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/hash.hpp"
#include "batpak/offline_receipt.hpp"
#include "batpak/public_key.hpp"

namespace [[gnu::visibility("default")]] batpak {

// How a key came to be the one in force.
enum class KeyOrigin : std::uint8_t {
  first,       // the log declares it first
  rotation,    // the key before it handed over: the checkpoint over that is signed by both
  revocation,  // the recovery key put it in the place of one that is lost or leaked
};
// The stable name: "rotation".
[[nodiscard]] std::string_view to_string(KeyOrigin origin) noexcept;

// Threads: plain values, as all of this header.
struct KeySpan {
  std::array<std::byte, PublicKey::bytes_size> key{};  // as the log has it
  KeyOrigin origin = KeyOrigin::first;
  std::uint64_t from = 0;                     // sequence of the event that declares it
  std::optional<std::uint64_t> until;         // sequence of the event that declares the next one
  std::optional<std::uint64_t> revoked_from;  // what it signed from here on does not count
  // Size of the first stored checkpoint that covers the declaration. None: the change is not finished.
  std::optional<std::uint64_t> covered_by;

  friend bool operator==(const KeySpan&, const KeySpan&) = default;
};

// What a key chain proves.
struct KeyChain {
  static constexpr std::size_t changes_max = 10'000;

  std::string origin;
  std::vector<KeySpan> spans;
  std::optional<Hash> recovery_key_hash;

  // The key that signs the checkpoint of `size` events; null before the first key.
  [[nodiscard]] const KeySpan* at_size(std::uint64_t size) const noexcept;
  friend bool operator==(const KeyChain&, const KeyChain&) = default;
};

// Follows a chain (Store::key_chain(), `batpak key history`) from a key that the caller knows: the first one or any later one.
// Every change must be proven by those who may make it, and none may be left out but the last ones.
//
// Somebody with a leaked key can show a chain without its revocation, or one that leads elsewhere, to a caller who knows no key
// but that one. docs/PROOFS.md says what helps.
// Faults: malformed; those of a receipt; broken_chain.
[[nodiscard]] std::expected<KeyChain, ReceiptRefusal> verify_key_chain(const VerifierKey& known, std::string_view text);

// A receipt by the keys of a chain: the checkpoint must be signed by the key in force at its size.
// Faults: as with a key; revoked_key.
[[nodiscard]] std::expected<ProvenEvent, ReceiptRefusal> verify_offline_receipt(const OfflineReceipt& receipt,
                                                                                const KeyChain& keys);

}  // namespace batpak
