#include "crypto/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/hex.hpp"

namespace batpak::crypto {
namespace {

std::string hex(const Hash& hash) { return base::to_hex(hash.bytes); }

Hash hash_of_text(std::string_view text) { return sha256(base::as_bytes(text)); }

// FIPS 180-4's examples, as NIST publishes them.
TEST(sha256, gives_the_vectors_of_nist) {
  EXPECT_EQ(hex(hash_of_text("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(hash_of_text("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(hash_of_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(hash_of_text(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(sha256, the_leaf_and_node_shapes_are_what_they_say) {
  Hash left;
  Hash right;
  for (int round = 0; round < 100; ++round) {
    Bytes leaf{std::byte{0x00}};
    base::append(leaf, left.bytes);
    ASSERT_EQ(sha256_leaf(left), sha256(leaf));
    Bytes node{std::byte{0x01}};
    base::append(node, left.bytes);
    base::append(node, right.bytes);
    ASSERT_EQ(sha256_node(left, right), sha256(node));
    right = sha256(node);
    left = sha256(leaf);
  }
}

}  // namespace
}  // namespace batpak::crypto
