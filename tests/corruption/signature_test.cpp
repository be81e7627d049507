// Signed logs: what a verifier with the public key finds.
#include <gtest/gtest.h>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

class SignedLog : public testing::Test {
 protected:
  [[nodiscard]] VerifyReport verify(const Files& of) const {
    VerifyOptions options;
    options.key = key.public_key();
    return verify_files(of, options);
  }

  SigningKey key = SigningKey::generate().value();
  TestLog log = small_log({.key = &key, .sign_events = false});
  Files files = log.files();
};

TEST_F(SignedLog, is_clean_and_counts_its_checkpoints) {
  const VerifyReport report = verify(files);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.signatures, SignatureCheck::checked);
  EXPECT_EQ(report.checkpoints_verified, 8U) << "one for each size but the last idle mark's";
  EXPECT_EQ(report.events_not_yet_signed, 0U);
}

TEST_F(SignedLog, with_a_checkpoint_stored_twice_is_found) {
  auto parts = take_apart(files);
  CommitParts& twice = parts[2].commits[2];
  twice.rest = parts[2].commits[1].rest;
  const VerifyReport report = verify(put_together(parts, files.at("store.meta")));
  EXPECT_NE(describe(report).find("was stored before"), std::string::npos) << describe(report);
}

TEST_F(SignedLog, says_when_signatures_were_not_checked) {
  const VerifyReport report = verify_files(files);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
}

TEST_F(SignedLog, counts_what_is_not_yet_signed) {
  TestLog longer = small_log({.key = &key, .sign_events = false});
  longer.commit({{.entity = "door:9", .payload = TestLog::note("opened")}});
  const VerifyReport report = verify(longer.files());
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.events_not_yet_signed, 1U);
}

// Witness: signatures_are_verified
TEST_F(SignedLog, is_found_to_be_of_another_key) {
  VerifyOptions options;
  const SigningKey other = SigningKey::generate().value();
  options.key = other.public_key();
  const VerifyReport report = verify_files(files, options);
  EXPECT_TRUE(has(report, Law::key_declaration)) << describe(report);
  EXPECT_EQ(report.checkpoints_verified, 0U);
}

TEST_F(SignedLog, with_a_checkpoint_stored_before_it_was_durable_is_found) {
  auto parts = take_apart(files);
  parts[2].commits[0].rest = parts[2].commits[1].rest;
  const VerifyReport report = verify(put_together(parts, files.at("store.meta")));
  EXPECT_NE(describe(report).find("of which the commit calls 8 durable"), std::string::npos) << describe(report);
}

// Witness: signatures_are_verified
TEST_F(SignedLog, with_a_signature_changed_is_found) {
  auto parts = take_apart(files);
  parts[2].commits[1].rest[70] ^= std::byte{1};
  const VerifyReport report = verify(put_together(parts, files.at("store.meta")));
  EXPECT_TRUE(has(report, Law::checkpoint_signature)) << describe(report);
}

TEST_F(SignedLog, with_the_last_signature_changed_says_what_that_leaves_unsigned) {
  auto parts = take_apart(files);
  parts[2].commits[2].rest[70] ^= std::byte{1};
  const VerifyReport report = verify(put_together(parts, files.at("store.meta")));
  EXPECT_TRUE(has(report, Law::checkpoint_signature)) << describe(report);
  EXPECT_TRUE(has(report, Law::unsigned_commit)) << describe(report);
}

// The checkpoint is printed, and parsed by others, with the names under which the log says that it was signed.
TEST_F(SignedLog, puts_no_signature_under_what_can_be_no_name_into_a_note) {
  for (const std::string witness :
       {"example.com/witness", "w\n\nexample.com/other\n1000000\n", "two words", "clears\x1B[2J"}) {
    TestLog named({.key = &key, .witness = witness});
    named.declare_notes();
    for (int i = 0; i < 4; ++i) named.commit({{.entity = "a", .payload = TestLog::note("x")}});
    platform::SimFs disk;
    for (const auto& [path, bytes] : named.files()) disk.write_file("store/" + path, bytes).value();
    const auto opened = Store::open_read_only("store", {.undurable = {}, .file_system = &disk});
    ASSERT_TRUE(opened) << opened.error();
    const Store& store = *opened;
    const CheckpointNote note = store.signed_checkpoint().value();
    const auto parsed = parse_note(format_note(note));
    ASSERT_TRUE(parsed) << parsed.error();
    EXPECT_EQ(parsed->checkpoint.origin, "example.com/test-log");
    EXPECT_EQ(parsed->signatures.size(), witness == "example.com/witness" ? 2U : 1U) << witness;
    EXPECT_TRUE(verify_note(*parsed, key.public_key()));
  }
}

TEST_F(SignedLog, with_every_event_signed_is_clean) {
  const VerifyReport report = verify(small_log({.key = &key, .sign_events = true}).files());
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.event_signatures_verified, 10U);
}

// Witness: signatures_are_verified
TEST_F(SignedLog, with_an_event_signature_changed_is_found) {
  const Files whole = small_log({.key = &key, .sign_events = true}).files();
  auto parts = take_apart(whole);
  Bytes& frame = parts[1].commits[0].frames[1];
  frame[frame.size() - 20] ^= std::byte{1};
  const VerifyReport report = verify(put_together(parts, whole.at("store.meta")));
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::event_signature);
  EXPECT_EQ(report.findings[0].sequence, 5U);
}

TEST_F(SignedLog, without_a_key_declared_finds_its_signatures) {
  TestLog unsigned_log = small_log();
  auto parts = take_apart(unsigned_log.files());
  parts[2].commits[1].rest = take_apart(files)[2].commits[1].rest;
  EXPECT_TRUE(has(verify(put_together(parts, unsigned_log.files().at("store.meta"))), Law::key_declaration));
}

}  // namespace
}  // namespace batpak::test
