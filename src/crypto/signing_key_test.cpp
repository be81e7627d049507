#include "batpak/signing_key.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "crypto/key_pem.hpp"

namespace batpak {
namespace {

// The private key of RFC 8410, section 10.3.
constexpr std::string_view example_pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view example_public = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

// The verifier key and the note of the documentation of Go's golang.org/x/mod/sumdb/note.
constexpr std::string_view peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view peter_text =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
constexpr std::string_view peter_signature =
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

static_assert(!std::is_copy_constructible_v<SigningKey> && !std::is_copy_assignable_v<SigningKey>);
static_assert(std::is_nothrow_move_constructible_v<SigningKey> && std::is_nothrow_move_assignable_v<SigningKey>);

TEST(signing_key, reads_the_example_of_rfc_8410) {
  const auto key = crypto::KeyPem::parse(example_pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(base::to_hex(key->public_key().bytes()), example_public);
}

TEST(signing_key, writes_what_openssl_writes) {
  const auto key = crypto::KeyPem::parse(example_pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(crypto::KeyPem(*key).text(), example_pem);
}

TEST(signing_key, reads_other_line_ends_and_widths) {
  for (const std::string_view text :
       {"-----BEGIN PRIVATE KEY-----\r\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\r\n-----END "
        "PRIVATE "
        "KEY-----\r\n",
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK\n1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
        "KEY-----"}) {
    const auto key = crypto::KeyPem::parse(text);
    ASSERT_TRUE(key);
    EXPECT_EQ(base::to_hex(key->public_key().bytes()), example_public);
  }
}

TEST(signing_key, refuses_every_cut_and_every_changed_frame) {
  for (std::size_t size = 0; size + 1 < example_pem.size(); ++size) {
    const auto key = crypto::KeyPem::parse(example_pem.substr(0, size));
    ASSERT_FALSE(key) << size;
    EXPECT_EQ(key.error().code, ErrorCode::malformed_key);
  }
  const std::string_view others[]{
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4C\n-----END ENCRYPTED PRIVATE KEY-----\n",
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n",
      // X25519 (1.3.101.110) instead of Ed25519 (1.3.101.112)
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
      "KEY-----\n",
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCAAAA\n-----END PRIVATE "
      "KEY-----\n",
  };
  for (const std::string_view text : others) {
    const auto key = crypto::KeyPem::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, ErrorCode::malformed_key);
  }
  EXPECT_FALSE(crypto::KeyPem::parse(std::string(2000, '\n')));
}

TEST(signing_key, signs_what_its_public_half_verifies) {
  const auto key = SigningKey::generate();
  const auto other = SigningKey::generate();
  ASSERT_TRUE(key && other);
  const auto message = base::as_bytes("to be signed");
  const auto signature = key->sign(message);
  EXPECT_TRUE(key->public_key().verifies(message, signature));
  EXPECT_FALSE(other->public_key().verifies(message, signature));
  EXPECT_FALSE(key->public_key().verifies(base::as_bytes("to be forged"), signature));
}

TEST(signing_key, survives_its_text_and_a_move) {
  auto key = SigningKey::generate();
  ASSERT_TRUE(key);
  auto again = crypto::KeyPem::parse(crypto::KeyPem(*key).text());
  ASSERT_TRUE(again);
  const SigningKey moved = std::move(*again);
  EXPECT_EQ(moved.public_key(), key->public_key());
  EXPECT_EQ(moved.sign({}), key->sign({}));
}

TEST(verifier_key, is_that_of_other_implementations) {
  const auto verifier = VerifierKey::from_string(peter);
  ASSERT_TRUE(verifier);
  EXPECT_EQ(verifier->name(), "PeterNeumann");
  EXPECT_EQ(to_string(*verifier), peter);
  const auto signature = base::from_base64(peter_signature);
  ASSERT_TRUE(signature);
  const auto id = verifier->key().key_id(verifier->name());
  EXPECT_TRUE(std::equal(id.begin(), id.end(), signature->begin()));
  EXPECT_TRUE(verifier->key().verifies(base::as_bytes(peter_text), ByteView(*signature).subspan(4)));
}

TEST(verifier_key, refuses_every_piece_and_every_changed_character) {
  for (std::size_t first = 0; first < peter.size(); ++first) {
    for (std::size_t count = 0; count + first <= peter.size(); ++count) {
      if (count == peter.size()) continue;
      EXPECT_FALSE(VerifierKey::from_string(peter.substr(first, count)));
    }
    std::string changed(peter);
    changed[first] = static_cast<char>(changed[first] + 1);
    const auto verifier = VerifierKey::from_string(changed);
    ASSERT_FALSE(verifier) << changed;
    EXPECT_EQ(verifier.error().code, ErrorCode::malformed_key);
  }
  EXPECT_FALSE(VerifierKey::from_string("PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
  EXPECT_FALSE(VerifierKey::from_string("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"));
}

TEST(verifier_key, refuses_names_that_would_break_a_note) {
  const auto key = SigningKey::generate();
  ASSERT_TRUE(key);
  for (const std::string_view name : {"", "a b", "a+b", "a\nb"}) {
    const auto verifier = VerifierKey::make(name, key->public_key());
    ASSERT_FALSE(verifier);
    EXPECT_EQ(verifier.error().code, ErrorCode::invalid_name);
  }
}

TEST(public_key, refuses_bytes_that_no_key_has) {
  const std::array<std::byte, PublicKey::bytes_size> zeros{};
  const auto key = PublicKey::from_bytes(zeros);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, ErrorCode::malformed_key);
}

TEST(PublicKey, is_read_as_openssl_writes_it) {
  // openssl pkey -pubout; the key of RFC 8410, section 10.3
  const std::string pem =
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
  const auto key = PublicKey::from_pem(pem);
  ASSERT_TRUE(key) << key.error();
  EXPECT_EQ(base::to_hex(key->bytes()), "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
  std::string broken_lines = pem;
  broken_lines.replace(broken_lines.find("Gb9E"), 0, "\r\n");
  EXPECT_TRUE(PublicKey::from_pem(broken_lines));
}

TEST(PublicKey, is_not_read_from_anything_else) {
  const std::string begin = "-----BEGIN PUBLIC KEY-----\n";
  const std::string end = "\n-----END PUBLIC KEY-----\n";
  for (const std::string& text :
       {std::string(), begin + end, begin + "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZu" + end,
        // X25519 (1.3.101.110) instead of Ed25519 (1.3.101.112)
        begin + "MCowBQYDK2VuAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=" + end,
        begin + "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=" + end,
        begin + "MCowBQYDK2VwAyEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" + end,  // a point of small order
        begin + std::string(2000, 'M') + end}) {
    const auto key = PublicKey::from_pem(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().code, ErrorCode::malformed_key) << text;
  }
}

}  // namespace
}  // namespace batpak
