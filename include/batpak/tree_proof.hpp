// Proofs about the Merkle tree over a log, as in RFC 6962 and RFC 9162, and their verification, which needs no store.
#pragma once

#include <cstdint>
#include <vector>

#include "batpak/error.hpp"
#include "batpak/hash.hpp"

namespace [[gnu::visibility("default")]] batpak {

// That an event is the one at `sequence` of the log of `size` events: the hashes beside its way to the root, the lowest first.
//
// Threads: plain values and free functions, as all of this header.
struct InclusionProof {
  std::uint64_t sequence = 0;
  std::uint64_t size = 0;
  std::vector<Hash> path;

  friend bool operator==(const InclusionProof&, const InclusionProof&) = default;
};

// That the log of `new_size` events begins with all those that it had at `old_size`, unchanged.
struct ConsistencyProof {
  std::uint64_t old_size = 0;
  std::uint64_t new_size = 0;
  std::vector<Hash> path;

  friend bool operator==(const ConsistencyProof&, const ConsistencyProof&) = default;
};

// The root that the proof leads to from an event with this hash (RFC 9162, section 2.1.3.2).
// Errors: bad_proof for a sequence beyond the size, and for a path that is too short or too long.
[[nodiscard]] Result<Hash> root_of(const InclusionProof& proof, const Hash& event_hash);

// Errors: bad_proof, also where the proof leads to another root.
[[nodiscard]] Result<void> verify_inclusion(const InclusionProof& proof, const Hash& event_hash, const Hash& root);

// RFC 9162, section 2.1.4.2. Every log is consistent with the empty one, which has an empty path as its proof, and with itself.
// Errors: bad_proof.
[[nodiscard]] Result<void> verify_consistency(const ConsistencyProof& proof, const Hash& old_root, const Hash& new_root);

}  // namespace batpak
