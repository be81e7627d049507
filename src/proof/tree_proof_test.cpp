#include "proof/tree_proof.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <random>
#include <string>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "crypto/sha256.hpp"
#include "proof/merkle.hpp"

namespace batpak::proof {
namespace {

std::string hex(const Hash& hash) { return base::to_hex(hash.bytes); }

std::vector<std::string> hex(const std::vector<Hash>& path) {
  std::vector<std::string> text;
  for (const Hash& hash : path) text.push_back(hex(hash));
  return text;
}

// A tree held in full, its roots by the definition of RFC 6962, section 2.1, word for word.
class NaiveTree : public TreeNodes {
 public:
  explicit NaiveTree(std::vector<Hash> leaves) : leaves_(std::move(leaves)) {}

  Result<Hash> node(unsigned level, std::uint64_t index) const override {
    const std::uint64_t begin = index << level;
    EXPECT_LE(begin + (std::uint64_t{1} << level), leaves_.size()) << "only whole subtrees are asked for";
    return root(begin, begin + (std::uint64_t{1} << level));
  }
  [[nodiscard]] Hash root(std::uint64_t begin, std::uint64_t end) const {
    if (begin == end) return crypto::sha256({});
    if (end - begin == 1) return leaves_[begin];
    const auto [at, fresh] = roots_.try_emplace({begin, end});
    if (fresh) {
      const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
      const Hash left = root(begin, split);
      roots_[{begin, end}] = node_hash(left, root(split, end));
    }
    return roots_[{begin, end}];
  }
  // PATH(m, D[n]) and SUBPROOF(m, D[n], b) of sections 2.1.1 and 2.1.2.
  [[nodiscard]] std::vector<Hash> path(std::uint64_t leaf, std::uint64_t begin, std::uint64_t end) const {
    if (end - begin == 1) return {};
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    std::vector<Hash> found = leaf < split ? path(leaf, begin, split) : path(leaf, split, end);
    found.push_back(leaf < split ? root(split, end) : root(begin, split));
    return found;
  }
  [[nodiscard]] std::vector<Hash> subproof(std::uint64_t old_end, std::uint64_t begin, std::uint64_t end, bool known) const {
    if (old_end == end) return known ? std::vector<Hash>{} : std::vector<Hash>{root(begin, end)};
    const std::uint64_t split = begin + std::bit_floor(end - begin - 1);
    std::vector<Hash> found =
        old_end <= split ? subproof(old_end, begin, split, known) : subproof(old_end, split, end, false);
    found.push_back(old_end <= split ? root(split, end) : root(begin, split));
    return found;
  }

 private:
  std::vector<Hash> leaves_;
  mutable std::map<std::pair<std::uint64_t, std::uint64_t>, Hash> roots_;
};

Hash event(std::uint64_t number) {
  Hash hash;
  base::store_le(hash.bytes.data(), number + 1);
  return hash;
}

NaiveTree some_tree(std::uint64_t size) {
  std::vector<Hash> leaves;
  for (std::uint64_t i = 0; i < size; ++i) leaves.push_back(leaf_hash(event(i)));
  return NaiveTree(std::move(leaves));
}

// The reference tree of the certificate-transparency project: its leaves have other lengths than ours.
NaiveTree reference_tree() {
  std::vector<Hash> leaves;
  for (const std::string data :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}) {
    Bytes bytes(1 + data.size() / 2);
    EXPECT_TRUE(base::from_hex(data, std::span(bytes).subspan(1)));
    leaves.push_back(crypto::sha256(bytes));
  }
  return NaiveTree(std::move(leaves));
}

// Witness: tree_root_is_rfc6962
TEST(tree_proof, gives_the_inclusion_proofs_of_certificate_transparency) {
  const NaiveTree tree = reference_tree();
  const auto path = [&](std::uint64_t leaf, std::uint64_t size) { return hex(prove_inclusion(tree, leaf, size)->path); };
  using Path = std::vector<std::string>;
  EXPECT_EQ(path(0, 1), Path{});
  EXPECT_EQ(path(0, 8), (Path{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                              "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                              "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
  EXPECT_EQ(path(5, 8), (Path{"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                              "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(path(2, 3), (Path{"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}));
  EXPECT_EQ(path(1, 5), (Path{"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                              "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

// Witness: tree_root_is_rfc6962
TEST(tree_proof, gives_the_consistency_proofs_of_certificate_transparency) {
  const NaiveTree tree = reference_tree();
  const auto path = [&](std::uint64_t old, std::uint64_t size) { return hex(prove_consistency(tree, old, size)->path); };
  using Path = std::vector<std::string>;
  EXPECT_EQ(path(1, 1), Path{});
  EXPECT_EQ(path(1, 8), (Path{"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                              "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                              "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}));
  EXPECT_EQ(path(6, 8), (Path{"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                              "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}));
  EXPECT_EQ(path(2, 5), (Path{"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                              "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}));
}

TEST(tree_proof, of_inclusion_is_that_of_the_definition_and_verifies_for_every_size) {
  const std::uint64_t sizes = 300;
  const NaiveTree tree = some_tree(sizes);
  for (std::uint64_t size = 1; size <= sizes; ++size) {
    const Hash root = tree.root(0, size);
    ASSERT_EQ(root_at(tree, size).value(), root);
    for (std::uint64_t leaf = 0; leaf < size; ++leaf) {
      const InclusionProof proof = prove_inclusion(tree, leaf, size).value();
      ASSERT_EQ(proof.path, tree.path(leaf, 0, size)) << leaf << " of " << size;
      ASSERT_TRUE(verify_inclusion(proof, event(leaf), root)) << leaf << " of " << size;
      ASSERT_FALSE(verify_inclusion(proof, event(leaf + 1), root)) << leaf << " of " << size;
    }
  }
}

TEST(tree_proof, of_consistency_is_that_of_the_definition_and_verifies_for_every_two_sizes) {
  const std::uint64_t sizes = 300;
  const NaiveTree tree = some_tree(sizes);
  for (std::uint64_t size = 0; size <= sizes; ++size) {
    for (std::uint64_t old = 0; old <= size; ++old) {
      const ConsistencyProof proof = prove_consistency(tree, old, size).value();
      if (old != 0) {
        ASSERT_EQ(proof.path, tree.subproof(old, 0, size, true)) << old << " to " << size;
      }
      ASSERT_TRUE(verify_consistency(proof, tree.root(0, old), tree.root(0, size))) << old << " to " << size;
      ASSERT_FALSE(verify_consistency(proof, event(0), tree.root(0, size))) << old << " to " << size;
      if (old != 0) {
        ASSERT_FALSE(verify_consistency(proof, tree.root(0, old), event(0))) << old << " to " << size;
      }
    }
  }
}

// Far more leaves than could be held: all alike but one.
class VirtualTree : public TreeNodes {
 public:
  explicit VirtualTree(std::uint64_t marked) : marked_(marked) {
    alike_.push_back(leaf_hash(event(0)));
    for (unsigned level = 1; level < 64; ++level) alike_.push_back(node_hash(alike_.back(), alike_.back()));
  }
  Result<Hash> node(unsigned level, std::uint64_t index) const override {
    ++asked_;
    return hash_of(level, index);
  }
  [[nodiscard]] Hash event_at(std::uint64_t leaf) const { return event(leaf == marked_ ? 1 : 0); }
  [[nodiscard]] std::size_t asked() const { return asked_; }

 private:
  [[nodiscard]] Hash hash_of(unsigned level, std::uint64_t index) const {
    if (marked_ >> level != index) return alike_[level];
    if (level == 0) return leaf_hash(event(1));
    return node_hash(hash_of(level - 1, 2 * index), hash_of(level - 1, 2 * index + 1));
  }

  std::uint64_t marked_;
  std::vector<Hash> alike_;
  mutable std::size_t asked_ = 0;
};

TEST(tree_proof, verifies_in_trees_of_up_to_2_to_the_40_leaves_for_few_nodes) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 300; ++round) {
    const std::uint64_t size = 2 + random() % (std::uint64_t{1} << (1 + random() % 40));
    const std::uint64_t leaf = random() % size;
    const VirtualTree tree(leaf);
    const Hash root = root_at(tree, size).value();
    const std::size_t before = tree.asked();
    const InclusionProof proof = prove_inclusion(tree, leaf, size).value();
    EXPECT_LE(tree.asked() - before, 2U * 41U);
    ASSERT_TRUE(verify_inclusion(proof, tree.event_at(leaf), root));
    ASSERT_FALSE(verify_inclusion(proof, event(0), root));
    const std::uint64_t old = 1 + random() % size;
    const ConsistencyProof grown = prove_consistency(tree, old, size).value();
    const Hash old_root = root_at(tree, old).value();
    ASSERT_TRUE(verify_consistency(grown, old_root, root)) << old << " to " << size;
    if (old < size && old > leaf) {
      ASSERT_FALSE(verify_consistency(grown, root_at(VirtualTree(size), old).value(), root))
          << "the marked leaf was not there";
    }
  }
}

// Witness: proofs_verify_for_strangers
TEST(tree_proof, with_anything_changed_is_refused) {
  const NaiveTree tree = some_tree(100);
  std::mt19937_64 random(2);
  for (const std::uint64_t size : {1U, 2U, 7U, 8U, 64U, 100U}) {
    for (int round = 0; round < 100; ++round) {
      const std::uint64_t leaf = random() % size;
      const Hash root = tree.root(0, size);
      const InclusionProof proof = prove_inclusion(tree, leaf, size).value();
      const auto expect_refused = [&](const InclusionProof& changed) {
        const auto verified = verify_inclusion(changed, event(leaf), root);
        ASSERT_FALSE(verified) << leaf << " of " << size;
        EXPECT_EQ(verified.error().code, ErrorCode::bad_proof);
      };
      InclusionProof longer = proof;
      longer.path.push_back(root);
      expect_refused(longer);
      InclusionProof beyond = proof;
      beyond.sequence = size;
      expect_refused(beyond);
      if (proof.path.empty()) continue;
      InclusionProof shorter = proof;
      shorter.path.pop_back();
      expect_refused(shorter);
      InclusionProof flipped = proof;
      flipped.path[random() % flipped.path.size()].bytes[random() % 32] ^= static_cast<std::byte>(1U << random() % 8);
      expect_refused(flipped);
      InclusionProof elsewhere = proof;
      elsewhere.sequence = (leaf + 1 + random() % (size - 1)) % size;
      expect_refused(elsewhere);
    }
  }
}

TEST(tree_proof, of_consistency_with_anything_changed_is_refused) {
  const NaiveTree tree = some_tree(100);
  for (std::uint64_t size = 1; size <= 100; ++size) {
    for (std::uint64_t old = 1; old < size; ++old) {
      const Hash old_root = tree.root(0, old);
      const Hash root = tree.root(0, size);
      const ConsistencyProof proof = prove_consistency(tree, old, size).value();
      ConsistencyProof changed = proof;
      changed.path.push_back(root);
      ASSERT_FALSE(verify_consistency(changed, old_root, root));
      changed.path = {proof.path.begin(), proof.path.end() - 1};
      ASSERT_FALSE(verify_consistency(changed, old_root, root));
      for (std::size_t i = 0; i < proof.path.size(); ++i) {
        changed = proof;
        changed.path[i].bytes[i] ^= std::byte{1};
        ASSERT_FALSE(verify_consistency(changed, old_root, root)) << old << " to " << size << ", hash " << i;
      }
      changed = proof;
      std::swap(changed.old_size, changed.new_size);
      ASSERT_FALSE(verify_consistency(changed, root, old_root));
    }
  }
}

TEST(tree_proof, takes_sizes_near_the_largest_number) {
  const std::uint64_t most = ~std::uint64_t{0};
  const Hash hash = event(0);
  for (const std::uint64_t size : {most, most - 1, std::uint64_t{1} << 63, (std::uint64_t{1} << 63) + 1}) {
    for (std::size_t length = 0; length < 70; ++length) {
      const std::vector<Hash> path(length, hash);
      EXPECT_FALSE(verify_inclusion({.sequence = size - 1, .size = size, .path = path}, hash, hash));
      EXPECT_FALSE(verify_inclusion({.sequence = 0, .size = size, .path = path}, hash, hash));
      EXPECT_FALSE(verify_consistency({.old_size = size - 1, .new_size = size, .path = path}, hash, hash));
      EXPECT_FALSE(verify_consistency({.old_size = 1, .new_size = size, .path = path}, hash, hash));
    }
  }
}

}  // namespace
}  // namespace batpak::proof
