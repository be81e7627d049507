// That a log goes on from a checkpoint that somebody kept, for strangers: one text, and a public key.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/checkpoint.hpp"
#include "batpak/key_chain.hpp"
#include "batpak/offline_receipt.hpp"
#include "batpak/tree_proof.hpp"
#include "batpak/trust_policy.hpp"

namespace [[gnu::visibility("default")]] batpak {

// A consistency proof and the newer checkpoint, which it leads to from the older one. The text is that with which a witness is
// asked for its cosignature (C2SP tlog-witness); format_consistency() writes it.
//
// Threads: plain values and free functions, as all of this header. Nothing here reads a file or a store.
struct SignedConsistency {
  static constexpr std::size_t text_bytes_max = CheckpointNote::bytes_max + (4U << 10);

  ConsistencyProof proof;
  CheckpointNote note;

  friend bool operator==(const SignedConsistency&, const SignedConsistency&) = default;
};

// Why such a text does not show that the log goes on from the older checkpoint.
enum class ConsistencyFault : std::uint8_t {
  malformed,    // not such a text; the message names the line
  refused_old,  // the older checkpoint is not believed, for the reason in `note_fault`
  refused_new,  // likewise the newer one
  other_log,    // the two are of different logs
  rolled_back,  // the newer checkpoint is of fewer events than the older one
  wrong_size,   // the proof begins at another size than the older checkpoint has
  forked,       // two checkpoints of one size with different roots: whoever signed both has two histories
  wrong_proof,  // the path is not as long as one between the two sizes, or does not lead to both roots
};
// The stable name: "wrong_proof".
[[nodiscard]] std::string_view to_string(ConsistencyFault fault) noexcept;

struct ConsistencyRefusal {
  ConsistencyFault fault = ConsistencyFault::malformed;
  std::string message;  // for people
  std::optional<ReceiptFault> note_fault = {};
};

// What is proven: the events of the older log are the first of the newer one, unchanged.
struct ProvenConsistency {
  Checkpoint older;
  Checkpoint newer;
  std::vector<Cosignature> cosignatures;  // of the newer one, verified, where a policy names the witnesses
};

// Whether it begins as such a text does, and not as a receipt or a proof about a stream.
[[nodiscard]] bool is_consistency(std::string_view text) noexcept;
// Fails with malformed only. Nothing of it may be believed before it was verified.
[[nodiscard]] std::expected<SignedConsistency, ConsistencyRefusal> parse_consistency(std::string_view text);

// `older` is what the verifier kept. Both checkpoints must be signed by the key, or by the logs and witnesses that the policy
// names, or by the keys that were in force at their sizes. A revocation speaks against the newer one only: what a key that was
// revoked later signed, and somebody kept since, is what speaks for the log.
[[nodiscard]] std::expected<ProvenConsistency, ConsistencyRefusal> verify_signed_consistency(
    const SignedConsistency& consistency, const CheckpointNote& older, const VerifierKey& key);
[[nodiscard]] std::expected<ProvenConsistency, ConsistencyRefusal> verify_signed_consistency(
    const SignedConsistency& consistency, const CheckpointNote& older, const TrustPolicy& policy);
[[nodiscard]] std::expected<ProvenConsistency, ConsistencyRefusal> verify_signed_consistency(
    const SignedConsistency& consistency, const CheckpointNote& older, const KeyChain& keys);

}  // namespace batpak
