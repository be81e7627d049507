#include "batpak/cosignature.hpp"

#include <gtest/gtest.h>

namespace batpak {
namespace {

// Made with another implementation (Python's cryptography) from the text of C2SP tlog-cosignature: the log's secret is 32 bytes
// of 1, that of the witness 32 bytes of 2.
constexpr std::string_view log_key = "example.com/behind-the-sofa+6ded73a9+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
constexpr std::string_view witness_key = "witness.example.com/w1+745fb5e8+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
constexpr std::string_view note_text =
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa "
    "be1zqQx8hYrJJIfiWfY39ShElJ74dPrOjXSgJJ2qG3vny2U7JyHN2kKCWb5H5e2MfxP7My2OyDRrDvCH/RbVubiZ8AE=\n"
    "— witness.example.com/w1 "
    "dF+16AAAAABkGFDLUwBLV8e4tjvb6qEHiNTQjDZIX+7tvd038taw9A7W/cQ7ZhSah0uJMOI6CTPez5qwHtE49MrkWhU349mtYmi3Dw==\n";

CosignerKey witness() { return CosignerKey::from_string(witness_key).value(); }
CheckpointNote note() { return parse_note(note_text).value(); }

TEST(cosignature, of_another_implementation_verifies_and_says_when_it_was_given) {
  ASSERT_TRUE(verify_note(note(), VerifierKey::from_string(log_key).value()));
  const auto time = verify_cosignature(note(), witness());
  ASSERT_TRUE(time) << to_string(time.error());
  EXPECT_EQ(time->time_since_epoch().count(), 1679315147);
}

TEST(cosignature, key_comes_back_as_it_was_written) {
  EXPECT_EQ(to_string(witness()), witness_key);
  EXPECT_EQ(CosignerKey::make(witness().name(), witness().key()).value(), witness());
}

TEST(cosignature, key_is_not_that_of_a_log_and_the_other_way_round) {
  EXPECT_EQ(CosignerKey::from_string(log_key).error().code, ErrorCode::malformed_key);
  EXPECT_EQ(VerifierKey::from_string(witness_key).error().code, ErrorCode::malformed_key);
}

TEST(cosignature, key_with_any_character_changed_is_refused) {
  for (std::size_t i = 0; i < witness_key.size(); ++i) {
    std::string changed(witness_key);
    changed[i] = changed[i] == 'x' ? 'y' : 'x';
    EXPECT_FALSE(CosignerKey::from_string(changed)) << i;
  }
}

TEST(cosignature, with_any_bit_changed_is_refused) {
  const CheckpointNote whole = note();
  for (std::size_t bit = 0; bit < 8 * whole.signatures[1].signature.size(); ++bit) {
    CheckpointNote changed = whole;
    changed.signatures[1].signature[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    const auto time = verify_cosignature(changed, witness());
    ASSERT_FALSE(time) << bit;
    EXPECT_EQ(time.error().code, ErrorCode::bad_signature);
  }
}

TEST(cosignature, of_another_checkpoint_is_refused) {
  CheckpointNote other = note();
  ++other.checkpoint.size;
  EXPECT_FALSE(verify_cosignature(other, witness())) << "the text does not state it";
  other.text = note_body(other.checkpoint);
  EXPECT_FALSE(verify_cosignature(other, witness()));
}

TEST(cosignature, that_is_not_there_or_of_another_length_is_refused) {
  CheckpointNote none = note();
  none.signatures.pop_back();
  EXPECT_FALSE(verify_cosignature(none, witness()));
  CheckpointNote shorter = note();
  shorter.signatures[1].signature.pop_back();
  EXPECT_FALSE(verify_cosignature(shorter, witness()));
  CheckpointNote good_and_bad = note();
  good_and_bad.signatures.push_back(good_and_bad.signatures[1]);
  good_and_bad.signatures.back().signature.back() ^= std::byte{1};
  EXPECT_FALSE(verify_cosignature(good_and_bad, witness())) << "each of the key must be good";
}

TEST(cosignature, is_given_and_covers_extension_lines) {
  const SigningKey key = SigningKey::generate().value();
  CheckpointNote signed_note = note();
  signed_note.text += "an extension\n";
  const std::chrono::sys_seconds now(std::chrono::seconds(1'800'000'000));
  signed_note.signatures.push_back(cosign(signed_note, "witness.example.com/w2", key, now).value());
  const CosignerKey cosigner = CosignerKey::make("witness.example.com/w2", key.public_key()).value();
  EXPECT_EQ(verify_cosignature(signed_note, cosigner).value(), now);
  signed_note.text += "another\n";
  EXPECT_FALSE(verify_cosignature(signed_note, cosigner));
  EXPECT_EQ(cosign(note(), "two words", key, now).error().code, ErrorCode::invalid_name);
  EXPECT_EQ(cosign(note(), "w", key, std::chrono::sys_seconds(std::chrono::seconds(-1))).error().code,
            ErrorCode::out_of_range);
}

}  // namespace
}  // namespace batpak
