#include "audit/leaf_tree.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "proof/merkle.hpp"

namespace batpak::audit {
namespace {

Hash leaf(std::uint64_t number) {
  Hash hash;
  base::store_le(hash.bytes.data(), number + 1);
  return hash;
}

Hash root_of(const std::vector<Hash>& leaves) {
  proof::RightEdge edge;
  for (const Hash& hash : leaves) edge.append(hash);
  return edge.root();
}

constexpr std::uint64_t sizes = 70;

TEST(LeafTree, has_the_root_of_its_leaves_while_it_grows) {
  LeafTree tree;
  std::vector<Hash> leaves;
  EXPECT_EQ(tree.root(), proof::empty_root());
  for (std::uint64_t size = 1; size <= sizes; ++size) {
    leaves.push_back(leaf(size));
    tree.append(leaves.back());
    EXPECT_EQ(tree.size(), size);
    EXPECT_EQ(tree.root(), root_of(leaves)) << size;
  }
}

TEST(LeafTree, goes_on_from_wherever_it_was_cut) {
  for (std::uint64_t size = 0; size <= sizes; ++size) {
    LeafTree tree;
    std::vector<Hash> leaves;
    for (std::uint64_t i = 0; i < sizes; ++i) tree.append(leaf(i));
    for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(leaf(i));
    tree.cut(size);
    EXPECT_EQ(tree.root(), root_of(leaves)) << size;
    for (std::uint64_t i = size; i < sizes; ++i) {
      leaves.push_back(leaf(1000 + i));
      tree.append(leaves.back());
    }
    EXPECT_EQ(tree.root(), root_of(leaves)) << size;
    EXPECT_TRUE(std::ranges::equal(tree.leaves(), leaves));
  }
}

TEST(LeafTree, takes_changes_of_some_leaves) {
  for (std::uint64_t size = 1; size <= sizes; ++size) {
    LeafTree tree;
    std::vector<Hash> leaves;
    for (std::uint64_t i = 0; i < size; ++i) {
      leaves.push_back(leaf(i));
      tree.append(leaves.back());
    }
    for (std::uint64_t step = 1; step <= size; ++step) {
      std::vector<LeafTree::Change> changes;
      for (std::uint64_t i = step / 2; i < size; i += step) {
        leaves[i] = leaf(1000 * step + i);
        changes.push_back({.index = i, .leaf = leaves[i]});
      }
      tree.put(changes);
      EXPECT_EQ(tree.root(), root_of(leaves)) << size << " " << step;
    }
    tree.put({});
    EXPECT_EQ(tree.root(), root_of(leaves));
  }
}

}  // namespace
}  // namespace batpak::audit
