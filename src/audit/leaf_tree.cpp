#include "audit/leaf_tree.hpp"

#include "proof/merkle.hpp"

namespace batpak::audit {

std::span<const Hash> LeafTree::leaves() const noexcept {
  return levels_.empty() ? std::span<const Hash>() : std::span<const Hash>(levels_[0]);
}

void LeafTree::reserve(std::uint64_t size) {
  for (std::size_t level = 0; size >> level != 0; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    levels_[level].reserve(size >> level);
  }
}

void LeafTree::append(const Hash& leaf) {
  if (levels_.empty()) levels_.emplace_back();
  levels_[0].push_back(leaf);
  for (std::size_t level = 0; levels_[level].size() % 2 == 0; ++level) {
    if (level + 1 == levels_.size()) levels_.emplace_back();
    const std::vector<Hash>& below = levels_[level];
    levels_[level + 1].push_back(proof::node_hash(below[below.size() - 2], below.back()));
  }
}

void LeafTree::cut(std::uint64_t size) {
  for (std::size_t level = 0; level < levels_.size(); ++level) levels_[level].resize(size >> level);
}

void LeafTree::put(std::span<const Change> changes) {
  std::vector<std::uint64_t> changed;
  changed.reserve(changes.size());
  for (const Change& change : changes) {
    levels_[0][change.index] = change.leaf;
    changed.push_back(change.index);
  }
  for (std::size_t level = 1; level < levels_.size(); ++level) {
    std::size_t count = 0;  // of those above, written over those below
    for (const std::uint64_t below : changed) {
      const std::uint64_t index = below / 2;
      if (index >= levels_[level].size() || (count > 0 && changed[count - 1] == index)) continue;
      levels_[level][index] = proof::node_hash(levels_[level - 1][2 * index], levels_[level - 1][2 * index + 1]);
      changed[count++] = index;
    }
    changed.resize(count);
  }
}

Hash LeafTree::root() const {
  return *proof::root_at(*this, size());  // node() does not fail
}

}  // namespace batpak::audit
