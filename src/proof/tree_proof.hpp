// Making proofs about the tree: the side of batpak/tree_proof.hpp that needs its nodes.
#pragma once

#include "batpak/tree_proof.hpp"

namespace batpak::proof {

// Where the nodes of a tree are. Threads: as the implementation says.
class TreeNodes {
 public:
  virtual ~TreeNodes() = default;
  // The root of the perfect subtree over the leaves [index << level, (index + 1) << level), all of which the tree has; at level
  // 0 the hash of a leaf.
  [[nodiscard]] virtual Result<Hash> node(unsigned level, std::uint64_t index) const = 0;
};

// As batpak::root_of(), for a leaf whose data is not an event hash.
[[nodiscard]] Result<Hash> root_from_leaf(const InclusionProof& proof, const Hash& leaf_hash);
// The root of the tree of the first `size` leaves. Cost: a node for each one bit of `size`.
[[nodiscard]] Result<Hash> root_at(const TreeNodes& nodes, std::uint64_t size);
// Precondition: sequence < size. Cost: at most two nodes for each level of the tree, likewise for the next.
[[nodiscard]] Result<InclusionProof> prove_inclusion(const TreeNodes& nodes, std::uint64_t sequence, std::uint64_t size);
// Precondition: old_size <= new_size.
[[nodiscard]] Result<ConsistencyProof> prove_consistency(const TreeNodes& nodes, std::uint64_t old_size,
                                                         std::uint64_t new_size);

}  // namespace batpak::proof
