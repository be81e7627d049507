// A Merkle tree that is kept between two questions for its root, so that the second costs what changed since the first.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "proof/tree_proof.hpp"

namespace batpak::audit {

// All hashes of a tree in the form of RFC 6962: 64 bytes for each leaf, together with the nodes above. In this form a leaf that
// is put in moves all those to its right, and so every node over them is another one; what stands to its left is kept.
//
// Threads: one.
class LeafTree final : public proof::TreeNodes {
 public:
  struct Change {
    std::uint64_t index = 0;
    Hash leaf;
  };

  [[nodiscard]] std::uint64_t size() const noexcept { return levels_.empty() ? 0 : levels_[0].size(); }
  [[nodiscard]] std::span<const Hash> leaves() const noexcept;
  // Room for so many leaves in all: growing piece by piece would copy them.
  void reserve(std::uint64_t size);
  // Cost: one node on average.
  void append(const Hash& leaf);
  // Back to the first so many leaves. Precondition: there are as many.
  void cut(std::uint64_t size);
  // Precondition: in the order of their indexes, all of leaves that are there. Cost: the nodes above them, each once.
  void put(std::span<const Change> changes);
  [[nodiscard]] Result<Hash> node(unsigned level, std::uint64_t index) const override { return levels_[level][index]; }
  [[nodiscard]] Hash root() const;

 private:
  std::vector<std::vector<Hash>> levels_;  // the perfect subtrees over 1, 2, 4 leaves and so on
};

}  // namespace batpak::audit
