#include "batpak/trust_policy.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "base/base64.hpp"
#include "base/bytes.hpp"
#include "base/hex.hpp"
#include "crypto/sha256.hpp"
#include "proof/checkpoint.hpp"

namespace batpak {
namespace {

const std::chrono::sys_seconds now(std::chrono::seconds(1'800'000'000));

class TrustPolicyTest : public testing::Test {
 protected:
  TrustPolicyTest() {
    for (int i = 0; i < 6; ++i) keys_.push_back(SigningKey::generate().value());
    note_.checkpoint = {.origin = "example.com/log", .size = 7, .root = {}};
    note_.text = note_body(note_.checkpoint);
    note_.signatures.push_back(proof::sign_checkpoint(note_.checkpoint, keys_[0]).value());
  }

  [[nodiscard]] std::string log() const {
    return "log " + to_string(VerifierKey::make("example.com/log", keys_[0].public_key()).value()) + "\n";
  }
  [[nodiscard]] std::string witness(std::size_t number) const {
    const std::string name = "W" + std::to_string(number);
    return "witness " + name + " " +
           to_string(CosignerKey::make("example.com/" + name, keys_[number].public_key()).value()) + "\n";
  }
  [[nodiscard]] std::string witnesses() const { return witness(1) + witness(2) + witness(3) + witness(4) + witness(5); }
  [[nodiscard]] CheckpointNote cosigned_by(std::initializer_list<std::size_t> numbers) const {
    CheckpointNote note = note_;
    for (const std::size_t number : numbers) {
      note.signatures.push_back(cosign(note, "example.com/W" + std::to_string(number), keys_[number], now).value());
    }
    return note;
  }
  [[nodiscard]] bool takes(const std::string& policy, const CheckpointNote& note) const {
    const auto parsed = TrustPolicy::parse(policy);
    EXPECT_TRUE(parsed) << to_string(parsed.error());
    return parsed && parsed->verify(note).has_value();
  }

  std::vector<SigningKey> keys_;
  CheckpointNote note_;
};

TEST_F(TrustPolicyTest, without_a_quorum_needs_the_log_alone) {
  EXPECT_TRUE(takes(log() + "quorum none\n", note_));
  EXPECT_TRUE(takes("quorum none\n", note_));
  CheckpointNote bare = note_;
  bare.signatures.clear();
  EXPECT_FALSE(takes(log() + "quorum none\n", bare));
  CheckpointNote bad = note_;
  bad.signatures[0].signature[5] ^= std::byte{1};
  EXPECT_FALSE(takes(log() + "quorum none\n", bad));
  CheckpointNote other = note_;
  other.checkpoint.origin = "example.com/other";
  EXPECT_FALSE(takes(log() + "quorum none\n", other));
}

TEST_F(TrustPolicyTest, of_one_witness_needs_it) {
  const std::string policy = log() + witnesses() + "quorum W2\n";
  EXPECT_FALSE(takes(policy, note_));
  EXPECT_FALSE(takes(policy, cosigned_by({1, 3})));
  EXPECT_TRUE(takes(policy, cosigned_by({2})));
}

TEST_F(TrustPolicyTest, of_k_of_n_counts_each_witness_once) {
  const std::string policy = log() + witnesses() + "group G 2 W1 W2 W3\nquorum G\n";
  EXPECT_FALSE(takes(policy, cosigned_by({1})));
  EXPECT_FALSE(takes(policy, cosigned_by({1, 1, 1})));
  EXPECT_FALSE(takes(policy, cosigned_by({1, 4, 5})));
  EXPECT_TRUE(takes(policy, cosigned_by({3, 1})));
}

TEST_F(TrustPolicyTest, of_groups_of_groups_needs_each_as_it_says) {
  const std::string policy =
      log() + witnesses() + "group X 2 W1 W2 W3\ngroup Y any W4 W5\ngroup both all X Y\nquorum both\n";
  EXPECT_FALSE(takes(policy, cosigned_by({1, 2, 3})));
  EXPECT_FALSE(takes(policy, cosigned_by({1, 4, 5})));
  EXPECT_TRUE(takes(policy, cosigned_by({2, 3, 5})));
}

TEST_F(TrustPolicyTest, refuses_a_note_with_a_bad_cosignature_of_a_witness_it_knows) {
  CheckpointNote note = cosigned_by({1, 2});
  note.signatures.back().signature.back() ^= std::byte{1};
  EXPECT_FALSE(takes(log() + witnesses() + "quorum W1\n", note));
  EXPECT_TRUE(takes(log() + witness(1) + "quorum W1\n", note)) << "those that it does not know do not matter";
}

TEST_F(TrustPolicyTest, says_who_cosigned_and_when) {
  const auto policy = TrustPolicy::parse(log() + witnesses() + "quorum none\n").value();
  const CheckpointNote note = cosigned_by({1, 3});
  const auto cosignatures = policy.verify(note);
  ASSERT_TRUE(cosignatures);
  ASSERT_EQ(cosignatures->size(), 2U);
  EXPECT_EQ(cosignatures->front().witness, "W1");
  EXPECT_EQ(cosignatures->back().witness, "W3");
  const auto key = CosignerKey::make(cosignatures->front().key_name, keys_[1].public_key()).value();
  EXPECT_EQ(cosignatures->front().time, verify_cosignature(note, key).value());
  EXPECT_TRUE(TrustPolicy::parse(log() + witness(2) + "quorum none\n")->verify(note)->empty()) << "others do not matter";
}

TEST_F(TrustPolicyTest, takes_spaces_comments_urls_and_any_order) {
  const std::string policy = "# who is trusted\n\n \t\n" + witness(1).substr(0, witness(1).size() - 1) +
                             "\thttps://example.com/w1 \n  # a remark\ngroup\tG  any W1\n quorum G\n" +
                             log().substr(0, log().size() - 1) + " https://example.com/\n";
  EXPECT_TRUE(takes(policy, cosigned_by({1})));
}

// The key of a witness that signs by ML-DSA-44 (C2SP tlog-cosignature), of which batpak knows no more than its form.
class UnknownWitnessTest : public TrustPolicyTest {
 protected:
  static std::string key_text(std::string_view name, unsigned type, const Bytes& key) {
    Bytes typed{static_cast<std::byte>(type)};
    base::append(typed, key);
    Bytes named;
    base::append(named, base::as_bytes(name));
    named.push_back(std::byte{'\n'});
    base::append(named, typed);
    const Hash hash = crypto::sha256(named);
    return std::string(name) + "+" + base::to_hex(ByteView(hash.bytes).first(4)) + "+" + base::to_base64(typed);
  }
  static std::string ml_dsa(std::byte filled = std::byte{7}) {
    return "witness M " + key_text("example.com/M", 6, Bytes(1312, filled)) + " https://example.com/m\n";
  }
  // A cosignature by it, such as only its own verifier could judge.
  static NoteSignature cosignature_of_it() {
    const std::string text = key_text("example.com/M", 6, Bytes(1312, std::byte{7}));
    NoteSignature signature{.name = "example.com/M", .key_id = {}, .signature = Bytes(8 + 2420, std::byte{9})};
    EXPECT_TRUE(base::from_hex(text.substr(text.find('+') + 1, 8), signature.key_id));
    return signature;
  }
};

TEST_F(UnknownWitnessTest, by_an_algorithm_that_is_not_known_never_counts) {
  const std::string start = log() + witness(1) + witness(2) + ml_dsa();
  CheckpointNote note = cosigned_by({1});
  note.signatures.push_back(cosignature_of_it());
  EXPECT_TRUE(takes(start + "group G any W1 W2 M\nquorum G\n", note)) << "the quorum is there without it";
  EXPECT_TRUE(takes(start + "quorum W1\n", note));
  EXPECT_TRUE(takes(start + "quorum none\n", note));
  EXPECT_FALSE(takes(start + "quorum M\n", note));
  EXPECT_FALSE(takes(start + "group G any M\nquorum G\n", note));
  EXPECT_FALSE(takes(start + "group G 2 W1 W2 M\nquorum G\n", note));
  EXPECT_FALSE(takes(start + "group G all W1 M\nquorum G\n", note));
  const auto cosignatures = TrustPolicy::parse(start + "quorum none\n")->verify(note);
  ASSERT_TRUE(cosignatures);
  ASSERT_EQ(cosignatures->size(), 1U) << "nobody is said to have cosigned whose cosignature nobody verified";
  EXPECT_EQ(cosignatures->front().witness, "W1");
}

TEST_F(UnknownWitnessTest, is_the_same_witness_only_once) {
  EXPECT_TRUE(TrustPolicy::parse(ml_dsa() + "quorum none\n"));
  const std::string again = "witness N " + key_text("example.com/N", 6, Bytes(1312, std::byte{7})) + "\n";
  EXPECT_FALSE(TrustPolicy::parse(ml_dsa() + again + "quorum none\n"));
  const auto bytes = keys_[1].public_key().bytes();
  const std::string same = "witness N " + key_text("example.com/N", 0x20, Bytes(bytes.begin(), bytes.end())) + "\n";
  EXPECT_FALSE(TrustPolicy::parse(witness(1) + same + "quorum none\n")) << "the same key under another algorithm";
  EXPECT_TRUE(TrustPolicy::parse(witness(2) + same + "quorum none\n"));
}

TEST_F(UnknownWitnessTest, has_a_key_in_the_form_of_one) {
  const Bytes of_32(32, std::byte{5});
  const Bytes of_1312(1312, std::byte{5});
  std::string wrong_id = key_text("m", 6, of_1312);
  wrong_id[2] = wrong_id[2] == '0' ? '1' : '0';
  for (const std::string& key :
       {key_text("m", 6, of_32), wrong_id, key_text("m", 1, of_32), key_text("m", 2, of_32), key_text("m", 5, of_32),
        key_text("", 0x20, of_32), key_text("m", 0x20, {}), key_text("a\u2003b", 0x20, of_32), std::string("m+00000000+"),
        std::string("m+0000000x+IAAA"), std::string("m+00000000+IAA"), std::string("m+IAAA")}) {
    const auto parsed = TrustPolicy::parse("witness M " + key + "\nquorum none\n");
    ASSERT_FALSE(parsed) << key;
    EXPECT_EQ(parsed.error().code, ErrorCode::malformed_key);
    EXPECT_TRUE(parsed.error().message.starts_with("line 1 of the policy ")) << parsed.error().message;
  }
  EXPECT_FALSE(TrustPolicy::parse("log " + key_text("m", 6, of_1312) + "\nquorum none\n")) << "a log's key is Ed25519";
}

TEST_F(TrustPolicyTest, says_in_which_line_it_is_wrong) {
  const std::string start = log() + witness(1) + witness(2);  // three lines
  for (const std::string& line :
       std::vector<std::string>{"logs",
                                "log",
                                "log nothing",
                                log(),
                                "log a b c d",
                                "witness W3 nothing",
                                "witness W3",
                                witness(1),
                                "witness W1 " + witness(3).substr(11),
                                "witness none " + witness(3).substr(11),
                                "group",
                                "group G any",
                                "group G 0 W1",
                                "group G 3 W1 W2",
                                "group G -1 W1",
                                "group G 1x W1",
                                "group G any W9",
                                "group G any W1 W1",
                                "group none any W1",
                                "group W1 any W2",
                                "group G all G",
                                "quorum",
                                "quorum W1 W2",
                                "quorum W9",
                                "log " + to_string(CosignerKey::make("w", keys_[3].public_key()).value())}) {
    const auto parsed = TrustPolicy::parse(start + (line.ends_with('\n') ? line : line + "\n") + "quorum none\n");
    ASSERT_FALSE(parsed) << line;
    EXPECT_TRUE(parsed.error().message.starts_with("line 4 of the policy ")) << line << ": " << parsed.error().message;
  }
}

TEST_F(TrustPolicyTest, has_one_quorum_and_ends_with_a_line) {
  EXPECT_EQ(TrustPolicy::parse("").error().code, ErrorCode::malformed);
  EXPECT_EQ(TrustPolicy::parse(log()).error().code, ErrorCode::malformed);
  EXPECT_EQ(TrustPolicy::parse("quorum none\nquorum none\n").error().code, ErrorCode::malformed);
  EXPECT_EQ(TrustPolicy::parse("quorum none").error().code, ErrorCode::malformed);
  EXPECT_EQ(TrustPolicy::parse(std::string("quorum none\n#\0\n", 15)).error().code, ErrorCode::malformed);
  EXPECT_EQ(TrustPolicy::parse("quorum none\r\n").error().code, ErrorCode::malformed);
  EXPECT_EQ(TrustPolicy::parse(std::string(TrustPolicy::bytes_max, '\n') + "\n").error().code, ErrorCode::too_large);
  EXPECT_FALSE(TrustPolicy::parse(witnesses() + "group A any W1\ngroup B any W1\nquorum A\n"))
      << "each is a member once, so that none counts twice";
}

}  // namespace
}  // namespace batpak
