#include "proof/heads_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "crypto/sha256.hpp"
#include "proof/merkle.hpp"

namespace batpak::proof {
namespace {

Hash hash_of(std::uint64_t number) {
  Hash hash;
  base::store_le(hash.bytes.data(), number);
  return hash;
}

// Root and leaf of RFC 6962 as it is written there, of any data.
Hash naive_root(std::span<const Bytes> leaves) {
  if (leaves.size() == 1) {
    Bytes input{std::byte{0}};
    base::append(input, leaves[0]);
    return crypto::sha256(input);
  }
  std::size_t left = 1;
  while (left * 2 < leaves.size()) left *= 2;
  return node_hash(naive_root(leaves.first(left)), naive_root(leaves.subspan(left)));
}

TEST(heads_tree, a_leaf_has_these_bytes) {
  const Bytes leaf = encode_head({.entity = "door:1", .lane = 0x01020304, .events = 0x0506, .hash = hash_of(9)});
  Bytes expected;
  base::append(expected, base::as_bytes("batpakH1"));
  base::append_le(expected, std::uint32_t{0x01020304});
  base::append_le(expected, std::uint32_t{6});
  base::append_le(expected, std::uint64_t{0x0506});
  base::append(expected, hash_of(9).bytes);
  base::append(expected, base::as_bytes("door:1"));
  EXPECT_EQ(leaf, expected);
}

TEST(heads_tree, a_leaf_comes_back_from_its_bytes_and_nothing_else_does) {
  const DeclaredHead head{.entity = "door:1", .lane = 7, .events = 12, .hash = hash_of(9)};
  const Bytes leaf = encode_head(head);
  EXPECT_EQ(decode_head(leaf), head);
  for (std::size_t size = 0; size < leaf.size(); ++size) EXPECT_FALSE(decode_head(ByteView(leaf).first(size)));
  Bytes longer = leaf;
  longer.push_back(std::byte{'1'});
  EXPECT_FALSE(decode_head(longer)) << "its length says otherwise";
  Bytes other = leaf;
  other[7] = std::byte{'2'};
  EXPECT_FALSE(decode_head(other));
  EXPECT_FALSE(decode_head(encode_head({.entity = "", .lane = 0, .events = 1, .hash = {}})));
  EXPECT_FALSE(decode_head(encode_head({.entity = "door:1", .lane = 0, .events = 0, .hash = {}})));
  EXPECT_FALSE(decode_head(encode_head({.entity = std::string(1025, 'e'), .lane = 0, .events = 1, .hash = {}})));
  EXPECT_TRUE(decode_head(encode_head({.entity = std::string(1024, 'e'), .lane = 0, .events = 1, .hash = {}})));
}

TEST(heads_tree, leaves_are_ordered_by_the_bytes_of_the_entity_and_then_by_lane) {
  const auto before = [](std::string_view a, std::uint32_t lane_a, std::string_view b, std::uint32_t lane_b) {
    return comes_before({.entity = a, .lane = lane_a, .events = 1, .hash = {}},
                        {.entity = b, .lane = lane_b, .events = 1, .hash = {}});
  };
  EXPECT_TRUE(before("a", 9, "aa", 0)) << "a prefix comes first";
  EXPECT_TRUE(before("a", 255, "a", 256)) << "as numbers";
  EXPECT_TRUE(before("z", 0, "\xC3\xA4", 0)) << "bytes are unsigned";
  EXPECT_FALSE(before("a", 1, "a", 1));
  EXPECT_FALSE(before("aa", 0, "a", 9));
}

TEST(heads_tree, finds_the_order_of_names_that_are_alike_for_long) {
  std::vector<std::string> names{"", "a", "b"};
  for (int i = 0; i < 200; ++i) {
    names.push_back("account:" + std::to_string(i * 7919 % 1000));
    names.push_back(std::string(static_cast<std::size_t>(i % 40), 'a') + static_cast<char>('a' + i % 26));
    names.push_back(std::string("zero\0\0\0\0\0\0", 4 + static_cast<std::size_t>(i % 7)));
    names.push_back(std::string(1000, 'x') + std::to_string(i));
  }
  std::vector<DeclaredHead> heads;
  for (std::uint32_t i = 0; i < names.size(); ++i) {
    heads.push_back({.entity = names[i], .lane = i * 37 % 101, .events = i + 1, .hash = {}});
    if (i % 5 == 0) heads.push_back({.entity = names[i], .lane = 1000 + i, .events = i + 1, .hash = {}});
  }
  for (std::uint32_t lane = 0; lane < 100; ++lane) {
    heads.push_back({.entity = "account:lanes", .lane = 99 - lane, .events = 1, .hash = {}});
  }
  const std::vector<std::uint64_t> order = leaf_order(heads);
  ASSERT_EQ(order.size(), heads.size());
  for (std::size_t i = 1; i < order.size(); ++i) {
    EXPECT_FALSE(comes_before(heads[order[i]], heads[order[i - 1]])) << i;
  }
  std::vector<std::uint64_t> each = order;
  std::ranges::sort(each);
  for (std::uint64_t i = 0; i < each.size(); ++i) EXPECT_EQ(each[i], i);
}

// Witness: declared_heads_are_the_logs
TEST(heads_tree, has_the_root_and_the_paths_of_rfc_6962_for_all_small_sizes) {
  std::vector<std::string> names;
  for (int i = 0; i < 130; ++i) names.push_back("entity:" + std::to_string(1000 + i));
  std::vector<DeclaredHead> heads;
  std::vector<Bytes> leaves;
  for (std::uint64_t size = 1; size <= names.size(); ++size) {
    heads.push_back({.entity = names[size - 1], .lane = 0, .events = size, .hash = hash_of(size)});
    leaves.push_back(encode_head(heads.back()));
    const HeadsTree tree(heads);
    ASSERT_EQ(tree.root(), naive_root(leaves)) << size;
    for (std::uint64_t i = 0; i < size; i += size < 40 ? 1 : 7) {
      const auto path = prove_inclusion(tree, i, size).value();
      ASSERT_EQ(root_from_leaf(path, hash_of_head(heads[i])), tree.root()) << i << " of " << size;
    }
  }
}

}  // namespace
}  // namespace batpak::proof
