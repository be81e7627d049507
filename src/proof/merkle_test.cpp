#include "proof/merkle.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "crypto/sha256.hpp"

namespace batpak::proof {
namespace {

std::string hex(const Hash& hash) { return base::to_hex(hash.bytes); }

// RFC 6962, section 2.1, word for word.
Hash root_by_definition(std::span<const Hash> leaves) {
  if (leaves.empty()) return crypto::sha256({});
  if (leaves.size() == 1) return leaves.front();
  std::size_t split = 1;
  while (split * 2 < leaves.size()) split *= 2;
  return node_hash(root_by_definition(leaves.first(split)), root_by_definition(leaves.subspan(split)));
}

std::vector<Hash> some_leaves(std::size_t count) {
  std::vector<Hash> leaves;
  Hash hash;
  for (std::size_t i = 0; i < count; ++i) leaves.push_back(hash = leaf_hash(hash));
  return leaves;
}

// The reference inputs and roots of the certificate-transparency project.
// Witness: tree_root_is_rfc6962
TEST(right_edge, gives_the_roots_of_certificate_transparency) {
  const std::string inputs[]{
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const std::string roots[]{
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
      "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
      "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
      "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
      "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
      "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
  };
  RightEdge edge;
  EXPECT_EQ(hex(edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < std::size(inputs); ++i) {
    Bytes data(1 + inputs[i].size() / 2);  // these leaves have other lengths than ours
    ASSERT_TRUE(base::from_hex(inputs[i], std::span(data).subspan(1)));
    edge.append(crypto::sha256(data));
    EXPECT_EQ(edge.size(), i + 1);
    EXPECT_EQ(hex(edge.root()), roots[i]) << i;
  }
}

// Witness: tree_root_is_rfc6962
TEST(right_edge, equals_the_definition_for_every_size) {
  const auto leaves = some_leaves(300);
  RightEdge edge;
  EXPECT_EQ(edge.root(), empty_root());
  for (std::size_t size = 1; size <= leaves.size(); ++size) {
    edge.append(leaves[size - 1]);
    ASSERT_EQ(edge.root(), root_by_definition(std::span(leaves).first(size))) << size;
  }
}

TEST(right_edge, holds_the_roots_of_its_perfect_subtrees_largest_first) {
  const auto leaves = some_leaves(13);
  RightEdge edge;
  for (const Hash& leaf : leaves) edge.append(leaf);
  ASSERT_EQ(edge.hashes().size(), 3U);  // 8 + 4 + 1
  EXPECT_EQ(edge.hashes()[0], root_by_definition(std::span(leaves).first(8)));
  EXPECT_EQ(edge.hashes()[1], root_by_definition(std::span(leaves).subspan(8, 4)));
  EXPECT_EQ(edge.hashes()[2], leaves[12]);
}

// Witness: tree_root_is_rfc6962
TEST(right_edge, is_resumed_at_every_size) {
  const auto leaves = some_leaves(70);
  RightEdge whole;
  for (std::size_t size = 0; size < leaves.size(); ++size) {
    auto resumed = RightEdge::from(whole.size(), whole.hashes());
    ASSERT_TRUE(resumed);
    whole.append(leaves[size]);
    resumed->append(leaves[size]);
    ASSERT_EQ(resumed->root(), whole.root());
    ASSERT_EQ(resumed->size(), whole.size());
  }
}

TEST(right_edge, refuses_another_number_of_hashes_than_its_size_has) {
  const std::vector<Hash> hashes(65);
  for (const std::size_t count : {0U, 1U, 2U, 4U, 65U}) {
    const auto edge = RightEdge::from(13, std::span(hashes).first(count));
    ASSERT_FALSE(edge) << count;
    EXPECT_EQ(edge.error().code, ErrorCode::malformed);
  }
  EXPECT_TRUE(RightEdge::from(13, std::span(hashes).first(3)));
  EXPECT_TRUE(RightEdge::from(0, {}));
}

TEST(right_edge, holds_the_largest_tree_there_can_be) {
  const std::vector<Hash> hashes(64);
  auto edge = RightEdge::from(~std::uint64_t{0} - 1, std::span(hashes).first(63));
  ASSERT_TRUE(edge);
  edge->append(Hash{});
  EXPECT_EQ(edge->hashes().size(), RightEdge::hashes_max);
  EXPECT_FALSE(edge->root().is_zero());
}

}  // namespace
}  // namespace batpak::proof
