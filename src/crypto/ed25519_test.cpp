#include "crypto/ed25519.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/hex.hpp"

namespace batpak::crypto {
namespace {

template <std::size_t Size>
std::array<std::byte, Size> bytes_of(std::string_view digits) {
  std::array<std::byte, Size> bytes{};
  EXPECT_TRUE(base::from_hex(digits, bytes));
  return bytes;
}

struct Vector {
  std::string seed;
  std::string public_key;
  std::string message;
  std::string signature;
};

// RFC 8032, section 7.1, tests 1 to 3.
const Vector vectors[]{
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24"
     "655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
     "b00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
     "c027beceea1ec40a"},
};

Bytes message_of(const Vector& vector) {
  Bytes message(vector.message.size() / 2);
  EXPECT_TRUE(base::from_hex(vector.message, message));
  return message;
}

TEST(ed25519, gives_the_vectors_of_rfc_8032) {
  for (const Vector& vector : vectors) {
    std::array<std::byte, ed25519_secret_bytes> secret{};
    const auto key = ed25519_from_seed(bytes_of<ed25519_seed_bytes>(vector.seed), secret);
    EXPECT_EQ(base::to_hex(key), vector.public_key);
    const auto signature = ed25519_sign(message_of(vector), secret);
    EXPECT_EQ(base::to_hex(signature), vector.signature);
    EXPECT_TRUE(ed25519_verify(message_of(vector), signature, key));
  }
}

TEST(ed25519, refuses_every_flipped_bit_of_a_signature) {
  const Vector& vector = vectors[2];
  const auto key = bytes_of<ed25519_public_bytes>(vector.public_key);
  const auto good = bytes_of<ed25519_signature_bytes>(vector.signature);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_FALSE(ed25519_verify(message_of(vector), bad, key)) << bit;
  }
}

TEST(ed25519, refuses_a_signature_of_another_length) {
  const Vector& vector = vectors[2];
  const auto key = bytes_of<ed25519_public_bytes>(vector.public_key);
  const auto good = bytes_of<ed25519_signature_bytes>(vector.signature);
  EXPECT_FALSE(ed25519_verify(message_of(vector), ByteView(good).first(63), key));
  EXPECT_FALSE(ed25519_verify(message_of(vector), {}, key));
}

// S + L signs the same message in the arithmetic; accepting it would make signatures malleable.
TEST(ed25519, refuses_a_signature_whose_scalar_is_not_reduced) {
  const Vector& vector = vectors[0];
  const auto order = bytes_of<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  auto signature = bytes_of<ed25519_signature_bytes>(vector.signature);
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    carry += std::to_integer<unsigned>(signature[32 + i]) + std::to_integer<unsigned>(order[i]);
    signature[32 + i] = static_cast<std::byte>(carry & 0xFFU);
    carry >>= 8U;
  }
  EXPECT_FALSE(ed25519_verify(message_of(vector), signature, bytes_of<ed25519_public_bytes>(vector.public_key)));
}

TEST(ed25519, knows_a_public_key_from_other_bytes) {
  EXPECT_TRUE(ed25519_is_valid_public(bytes_of<32>("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")));
  const std::string of_small_order[]{
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  };
  for (const std::string& digits : of_small_order) EXPECT_FALSE(ed25519_is_valid_public(bytes_of<32>(digits))) << digits;
  // y = p + 3, which is 3 written too large.
  EXPECT_FALSE(ed25519_is_valid_public(bytes_of<32>("f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")));
  // y = 2 is not on the curve.
  EXPECT_FALSE(ed25519_is_valid_public(bytes_of<32>("0200000000000000000000000000000000000000000000000000000000000000")));
}

}  // namespace
}  // namespace batpak::crypto
