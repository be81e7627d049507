#include "batpak/signed_consistency.hpp"

#include "base/try.hpp"
#include "proof/checkpoint.hpp"
#include "proof/offline_receipt.hpp"

namespace batpak {
namespace {

constexpr std::string_view old_mark = "old ";
constexpr std::size_t path_max = 64;

using Proven = std::expected<ProvenConsistency, ConsistencyRefusal>;

std::unexpected<ConsistencyRefusal> refuse(ConsistencyFault fault, std::string why) {
  return std::unexpected(ConsistencyRefusal{.fault = fault, .message = std::move(why)});
}

std::unexpected<ConsistencyRefusal> refuse_note(ConsistencyFault fault, std::string_view which, const ReceiptRefusal& why) {
  return std::unexpected(
      ConsistencyRefusal{.fault = fault, .message = std::string(which) + ": " + why.message, .note_fault = why.fault});
}

std::string events(std::uint64_t count) { return std::to_string(count) + (count == 1 ? " event" : " events"); }

Result<SignedConsistency> parse(std::string_view text) {
  proof::LineReader lines(text, "the consistency proof");
  SignedConsistency consistency;
  BATPAK_TRY(std::string_view old, lines.next());
  if (!old.starts_with(old_mark)) return lines.refuse("does not say from which size on the log is proven: old SIZE");
  old.remove_prefix(old_mark.size());
  const auto old_size = proof::parse_decimal(old);
  if (!old_size) return lines.refuse("has a size that is no number");
  consistency.proof.old_size = *old_size;
  while (true) {
    BATPAK_TRY(const std::string_view line, lines.next());
    if (line.empty()) break;
    const auto hash = proof::parse_hash(line);
    if (!hash) return lines.refuse("is not a hash of 32 bytes in base 64");
    if (consistency.proof.path.size() == path_max) return lines.refuse("is one hash more than any path has");
    consistency.proof.path.push_back(*hash);
  }
  BATPAK_TRY(consistency.note, proof::parse_note(lines));
  consistency.proof.new_size = consistency.note.checkpoint.size;
  return consistency;
}

// What the two checkpoints say of each other, once both are believed.
Proven compare(const SignedConsistency& consistency, const Checkpoint& older, std::vector<Cosignature> cosignatures) {
  const Checkpoint& newer = consistency.note.checkpoint;
  if (older.origin != newer.origin) {
    return refuse(ConsistencyFault::other_log,
                  "the older checkpoint is of the log " + older.origin + ", the newer one of " + newer.origin);
  }
  if (newer.size < older.size) {
    return refuse(ConsistencyFault::rolled_back,
                  "the newer checkpoint is of " + events(newer.size) + ", and the older one of " + events(older.size));
  }
  if (newer.size == older.size && newer.root != older.root) {
    return refuse(ConsistencyFault::forked, "both checkpoints are of " + events(newer.size) + ", and their roots differ: " +
                                                to_string(older.root) + " and " + to_string(newer.root));
  }
  if (consistency.proof.old_size != older.size) {
    return refuse(ConsistencyFault::wrong_size, "the proof goes on from " + events(consistency.proof.old_size) +
                                                    ", and the older checkpoint is of " + events(older.size));
  }
  ConsistencyProof proof = consistency.proof;
  proof.new_size = newer.size;
  if (const auto holds = verify_consistency(proof, older.root, newer.root); !holds) {
    return refuse(ConsistencyFault::wrong_proof, holds.error().message);
  }
  return ProvenConsistency{.older = older, .newer = newer, .cosignatures = std::move(cosignatures)};
}

template <class Trusted>
Proven verify(const SignedConsistency& consistency, const CheckpointNote& older, const Trusted& trusted) {
  const auto old_signed = proof::verify_checkpoint(older, trusted, proof::Revoked::counts);
  if (!old_signed) return refuse_note(ConsistencyFault::refused_old, "the older checkpoint", old_signed.error());
  auto new_signed = proof::verify_checkpoint(consistency.note, trusted, proof::Revoked::refused);
  if (!new_signed) return refuse_note(ConsistencyFault::refused_new, "the newer checkpoint", new_signed.error());
  return compare(consistency, older.checkpoint, *std::move(new_signed));
}

}  // namespace

std::string_view to_string(ConsistencyFault fault) noexcept {
  switch (fault) {
    case ConsistencyFault::malformed: return "malformed";
    case ConsistencyFault::refused_old: return "refused_old";
    case ConsistencyFault::refused_new: return "refused_new";
    case ConsistencyFault::other_log: return "other_log";
    case ConsistencyFault::rolled_back: return "rolled_back";
    case ConsistencyFault::wrong_size: return "wrong_size";
    case ConsistencyFault::forked: return "forked";
    case ConsistencyFault::wrong_proof: return "wrong_proof";
  }
  return "unknown";
}

bool is_consistency(std::string_view text) noexcept { return text.starts_with(old_mark); }

std::expected<SignedConsistency, ConsistencyRefusal> parse_consistency(std::string_view text) {
  auto consistency = parse(text);
  if (!consistency) return refuse(ConsistencyFault::malformed, consistency.error().message);
  return *std::move(consistency);
}

Proven verify_signed_consistency(const SignedConsistency& consistency, const CheckpointNote& older, const VerifierKey& key) {
  return verify(consistency, older, key);
}

Proven verify_signed_consistency(const SignedConsistency& consistency, const CheckpointNote& older,
                                 const TrustPolicy& policy) {
  return verify(consistency, older, policy);
}

Proven verify_signed_consistency(const SignedConsistency& consistency, const CheckpointNote& older, const KeyChain& keys) {
  return verify(consistency, older, keys);
}

}  // namespace batpak
