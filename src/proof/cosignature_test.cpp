#include "batpak/cosignature.hpp"

#include <gtest/gtest.h>

#include <string>

#include "batpak/trust_policy.hpp"

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

// A checkpoint that the log arche2025h1.staging.ct.transparency.dev published, with the keys of the log and of one of its
// witnesses, as the tests of florolf/tlog-scales (tests of signing, class TestCheckpointVerification) have them. The log's name
// also stands before a signature of another kind, and four other witnesses have signed.
TEST(cosignature, of_a_published_checkpoint_verifies_among_those_of_strangers) {
  constexpr std::string_view published =
      "arche2025h1.staging.ct.transparency.dev\n"
      "1432088532\n"
      "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
      "\n"
      "— arche2025h1.staging.ct.transparency.dev "
      "zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0="
      "\n"
      "— arche2025h1.staging.ct.transparency.dev "
      "ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
      "— transparency.dev/DEV:witness-little-garden "
      "2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n"
      "— witness1.smartit.nu/witness1 "
      "pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==\n"
      "— remora.n621.de "
      "2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
      "— witness.stagemole.eu "
      "Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==\n";
  constexpr std::string_view its_log =
      "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f";
  constexpr std::string_view its_witness = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";
  const CheckpointNote its_note = parse_note(published).value();
  EXPECT_EQ(format_note(its_note.checkpoint, its_note.signatures), published);
  EXPECT_TRUE(verify_note(its_note, VerifierKey::from_string(its_log).value()));
  const auto time = verify_cosignature(its_note, CosignerKey::from_string(its_witness).value());
  ASSERT_TRUE(time) << to_string(time.error());
  EXPECT_EQ(time->time_since_epoch().count(), 0x6A122120);
  const auto policy =
      TrustPolicy::parse("log " + std::string(its_log) + "\nwitness W " + std::string(its_witness) + "\nquorum W\n");
  EXPECT_TRUE(policy.value().verify(its_note));
  CheckpointNote larger = its_note;
  ++larger.checkpoint.size;
  larger.text = note_body(larger.checkpoint);
  EXPECT_FALSE(verify_note(larger, VerifierKey::from_string(its_log).value()));
  EXPECT_FALSE(verify_cosignature(larger, CosignerKey::from_string(its_witness).value()));
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
