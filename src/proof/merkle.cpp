#include "proof/merkle.hpp"

#include <algorithm>
#include <bit>

#include "base/try.hpp"
#include "crypto/sha256.hpp"

namespace batpak::proof {

Hash leaf_hash(const Hash& event_hash) noexcept { return crypto::sha256_leaf(event_hash); }

Hash node_hash(const Hash& left, const Hash& right) noexcept { return crypto::sha256_node(left, right); }

Hash empty_root() noexcept { return crypto::sha256({}); }

Result<RightEdge> RightEdge::from(std::uint64_t size, std::span<const Hash> hashes) {
  if (hashes.size() != static_cast<std::size_t>(std::popcount(size))) {
    return base::fail(ErrorCode::malformed, "the right edge of a tree of " + std::to_string(size) + " leaves has " +
                                                std::to_string(std::popcount(size)) + " hashes, not " +
                                                std::to_string(hashes.size()));
  }
  RightEdge edge;
  std::copy(hashes.begin(), hashes.end(), edge.hashes_.begin());
  edge.count_ = hashes.size();
  edge.size_ = size;
  return edge;
}

void RightEdge::append(const Hash& leaf_hash) noexcept {
  Hash subtree = leaf_hash;
  // The new leaf completes as many perfect subtrees as the old size has one bits at its low end.
  for (int completed = std::countr_one(size_); completed > 0; --completed) {
    subtree = node_hash(hashes_[--count_], subtree);
  }
  hashes_[count_++] = subtree;
  ++size_;
}

Hash RightEdge::root() const noexcept {
  if (count_ == 0) return empty_root();
  Hash root = hashes_[count_ - 1];
  for (std::size_t i = count_ - 1; i > 0; --i) root = node_hash(hashes_[i - 1], root);
  return root;
}

}  // namespace batpak::proof
