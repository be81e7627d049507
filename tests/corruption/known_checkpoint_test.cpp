// What is known of a log from elsewhere: its name, and checkpoints and receipts with the signatures under them.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"
#include "event/store_events.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view origin = "example.com/test-log";

TEST(KnownName, of_another_log_is_found_though_the_key_is_the_same) {
  const SigningKey first = SigningKey::generate().value();
  Files files = small_log({.key = &first}).files();
  VerifyOptions options{.key = first.public_key(), .origin = std::string(origin)};
  EXPECT_TRUE(verify_files(files, options).clean());
  options.origin = "example.com/other";
  for (const bool with_key : {true, false}) {
    if (!with_key) options.key.reset();
    const VerifyReport report = verify_files(files, options);
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::unknown_origin);
    EXPECT_TRUE(report.findings[0].message.contains(origin)) << report.findings[0].message;
    EXPECT_TRUE(report.findings[0].message.contains("example.com/other"));
  }
  // The genesis event says it too.
  files.erase("store.meta");
  EXPECT_TRUE(has(verify_files(files, options), Law::unknown_origin));
  options.origin = origin;
  EXPECT_FALSE(has(verify_files(files, options), Law::unknown_origin));
}

// A log whose key was changed: a checkpoint from before, and one from after.
class Known : public testing::Test {
 protected:
  Known() {
    log.declare_notes();
    log.commit({note("one")});
    before = now();
    Bytes payload;
    encode_payload(payload,
                   event::KeyRotation{.key = second.public_key().bytes(), .previous_key = first.public_key().bytes()})
        .value();
    log.commit({{.entity = std::string(event::KeyRotation::entity),
                 .payload = payload,
                 .kind = event::KeyRotation::kind,
                 .scope = std::string(event::store_scope)}});
    log.sign_with({&first, &second});
    log.commit({note("two")});
    log.sign_with({&second});
    log.commit({note("three")});
    after = now();
    log.idle_mark();
  }

  static TestLog::Event note(std::string text) { return {.entity = "door:1", .payload = TestLog::note(std::move(text))}; }
  [[nodiscard]] Checkpoint now() const { return verify_files(log.files()).checkpoint.value(); }
  static KnownCheckpoint known(const Checkpoint& checkpoint, const std::vector<const SigningKey*>& signers,
                               std::string name = "kept") {
    CheckpointNote note{.checkpoint = checkpoint, .text = note_body(checkpoint), .signatures = {}};
    for (const SigningKey* key : signers) note.signatures.push_back(proof::sign_checkpoint(checkpoint, *key).value());
    return {.name = std::move(name), .checkpoint = checkpoint, .event = {}, .note = note};
  }
  [[nodiscard]] VerifyReport verify(std::vector<KnownCheckpoint> against, const SigningKey* key) const {
    VerifyOptions options;
    if (key != nullptr) options.key = key->public_key();
    options.against = std::move(against);
    return verify_files(log.files(), options);
  }

  SigningKey first = SigningKey::generate().value();
  SigningKey second = SigningKey::generate().value();
  SigningKey stranger = SigningKey::generate().value();
  TestLog log{{.key = &first}};
  Checkpoint before;
  Checkpoint after;
};

// Witness: rollback_is_noticed
TEST_F(Known, is_verified_with_the_key_that_the_log_had_at_its_size) {
  for (const SigningKey* key : {&first, &second}) {
    const VerifyReport report = verify({known(before, {&first}, "old"), known(after, {&second}, "new")}, key);
    EXPECT_TRUE(report.clean()) << describe(report);
    EXPECT_EQ(report.known_checkpoints_held, (std::vector<std::string>{"old", "new"}));
    EXPECT_EQ(report.known_signatures_verified, (std::vector<std::string>{"old", "new"}));
  }
}

// Witness: rollback_is_noticed
TEST_F(Known, is_not_held_where_no_key_of_the_log_has_signed) {
  CheckpointNote forged = *known(before, {&first}).note;
  forged.signatures[0].signature[5] ^= std::byte{1};
  const KnownCheckpoint bad{.name = "kept", .checkpoint = before, .event = {}, .note = forged};
  CheckpointNote of_another = *known(after, {&first}).note;
  const KnownCheckpoint exchanged{.name = "kept", .checkpoint = before, .event = {}, .note = of_another};
  for (const KnownCheckpoint& wrong :
       {known(before, {&stranger}), known(before, {&second}), known(after, {&stranger}), bad, exchanged}) {
    const VerifyReport report = verify({wrong}, &first);
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::known_signature);
    EXPECT_TRUE(report.findings[0].message.contains("'kept'")) << report.findings[0].message;
    EXPECT_TRUE(report.known_checkpoints_held.empty());
    EXPECT_TRUE(report.known_signatures_verified.empty());
  }
  EXPECT_TRUE(verify({known(after, {&first})}, &first).clean()) << "the key given counts for whoever gives it";
  EXPECT_TRUE(has(verify({known(after, {&first})}, &second), Law::known_signature));
}

TEST_F(Known, is_compared_and_not_verified_where_no_key_is_given) {
  const VerifyReport report = verify({known(before, {&stranger})}, nullptr);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.known_checkpoints_held.size(), 1U);
  EXPECT_TRUE(report.known_signatures_verified.empty());
}

TEST_F(Known, without_signatures_is_compared_and_does_not_count_as_verified) {
  const VerifyReport report = verify({known(before, {})}, &first);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.known_checkpoints_held.size(), 1U);
  EXPECT_TRUE(report.known_signatures_verified.empty());
}

// A log says itself which keys it has; what it says counts for nothing where the key given has signed none of it.
TEST_F(Known, is_not_verified_with_keys_that_only_the_log_names) {
  const VerifyReport foreign = verify({known(before, {&first})}, &stranger);
  EXPECT_TRUE(has(foreign, Law::key_declaration));
  EXPECT_TRUE(has(foreign, Law::known_signature));

  // A log of a stranger's that names the key given as its next one, which has signed nothing.
  TestLog other({.key = &stranger});
  other.declare_notes();
  const Checkpoint kept = verify_files(other.files()).checkpoint.value();
  Bytes payload;
  encode_payload(payload,
                 event::KeyRotation{.key = first.public_key().bytes(), .previous_key = stranger.public_key().bytes()})
      .value();
  other.commit({{.entity = std::string(event::KeyRotation::entity),
                 .payload = payload,
                 .kind = event::KeyRotation::kind,
                 .scope = std::string(event::store_scope)}});
  VerifyOptions options;
  options.key = first.public_key();
  options.against = {known(kept, {&stranger})};
  EXPECT_TRUE(has(verify_files(other.files(), options), Law::known_signature));
}

TEST_F(Known, of_another_log_or_of_an_event_that_its_checkpoint_does_not_cover_is_not_held) {
  Checkpoint elsewhere = before;
  elsewhere.origin = "example.com/other";
  const VerifyReport of_another = verify({known(elsewhere, {&first})}, &first);
  EXPECT_TRUE(has(of_another, Law::forked));
  EXPECT_TRUE(of_another.known_checkpoints_held.empty());

  KnownCheckpoint receipt = known(before, {&first});
  receipt.event = KnownCheckpoint::Event{.sequence = 1'000'000, .event_hash = {}};
  const VerifyReport beyond = verify({receipt}, &first);
  EXPECT_TRUE(has(beyond, Law::forked)) << describe(beyond);
  EXPECT_TRUE(beyond.known_checkpoints_held.empty());
  receipt.event->sequence = 1;
  const VerifyReport another_event = verify({receipt}, &first);
  EXPECT_TRUE(has(another_event, Law::forked)) << describe(another_event);
  EXPECT_TRUE(another_event.known_checkpoints_held.empty());
}

}  // namespace
}  // namespace batpak::test
