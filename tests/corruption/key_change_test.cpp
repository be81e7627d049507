// Logs with forged changes of keys, and signatures by keys that are not in force: what verify finds.
#include <gtest/gtest.h>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "event/store_events.hpp"
#include "proof/revocation.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view origin = "example.com/test-log";

class KeyChanges : public testing::Test {
 protected:
  template <class T>
  static TestLog::Event event(const T& fields) {
    Bytes payload;
    encode_payload(payload, fields).value();
    return {.entity = std::string(T::entity), .payload = payload, .kind = T::kind, .scope = std::string(event::store_scope)};
  }
  static TestLog::Event note(std::string text) { return {.entity = "door:1", .payload = TestLog::note(std::move(text))}; }

  TestLog begin(bool sign_events = false) {
    TestLog log({.key = &first, .sign_events = sign_events, .recovery_key_hash = recovery_key_hash(recovery.public_key())});
    log.declare_notes();
    log.commit({note("one")});
    return log;
  }
  event::KeyRotation rotation(const SigningKey& from, const SigningKey& to) {
    return {.key = to.public_key().bytes(), .previous_key = from.public_key().bytes()};
  }
  event::KeyRevocation revocation(const SigningKey& by, std::string_view of, std::uint64_t from = 2) {
    return proof::event_of(make_revocation(by, of, first.public_key(), from, second.public_key()).value());
  }
  VerifyReport verify(const TestLog& log, const SigningKey& known) {
    VerifyOptions options;
    options.key = known.public_key();
    return verify_files(log.files(), options);
  }
  bool finds(const TestLog& log, Law law) { return has(verify(log, first), law); }

  SigningKey first = SigningKey::generate().value();
  SigningKey second = SigningKey::generate().value();
  SigningKey third = SigningKey::generate().value();
  SigningKey recovery = SigningKey::generate().value();
};

// Witness: keys_hand_over
TEST_F(KeyChanges, are_clean_when_those_sign_who_must) {
  TestLog log = begin();
  log.commit({event(rotation(first, second))});
  log.sign_with({&first, &second});
  log.commit({note("two")});
  log.sign_with({&second});
  log.commit({note("three")});
  log.idle_mark();
  for (const SigningKey* known : {&first, &second}) {
    const VerifyReport report = verify(log, *known);
    EXPECT_TRUE(report.clean()) << describe(report);
    EXPECT_EQ(report.checkpoints_verified, 6U);
    EXPECT_EQ(report.events_not_yet_signed, 0U);
  }
  EXPECT_TRUE(has(verify(log, third), Law::key_declaration));
}

// Witness: keys_hand_over
TEST_F(KeyChanges, need_the_signatures_of_both) {
  for (const std::vector<const SigningKey*>& signers :
       {std::vector<const SigningKey*>{&first}, {&second}, {&first, &second, &third}, {&first, &third}}) {
    TestLog log = begin();
    log.commit({event(rotation(first, second))});
    log.sign_with(signers);
    log.commit({note("two")});
    EXPECT_TRUE(finds(log, Law::key_declaration));
  }
}

// Witness: keys_hand_over
TEST_F(KeyChanges, leave_nothing_to_the_key_before) {
  TestLog log = begin();
  log.commit({event(rotation(first, second))});
  log.sign_with({&first, &second});
  log.commit({note("two")});
  log.sign_with({&first});
  log.commit({note("three")});
  EXPECT_TRUE(finds(log, Law::key_declaration));
}

// Who has to sign behind a change that cannot be read nobody knows; the commits before it are not to blame.
TEST_F(KeyChanges, that_are_lost_are_no_finding_of_the_commits_before_them) {
  TestLog log = begin();
  const std::size_t change = log.files().at(log.last_path()).size();
  log.commit({event(revocation(recovery, origin))});
  const std::size_t behind = log.files().at(log.last_path()).size();
  log.sign_with({&second});
  log.commit({note("two")});
  log.commit({note("three")});
  log.commit({note("four")});
  Files files = log.files();
  Bytes& bytes = files[log.last_path()];
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(change), bytes.begin() + static_cast<std::ptrdiff_t>(behind),
            std::byte{0});
  VerifyOptions options;
  options.key = first.public_key();
  const VerifyReport report = verify_files(files, options);
  EXPECT_TRUE(has(report, Law::key_declaration)) << describe(report);
  EXPECT_FALSE(has(report, Law::unsigned_commit)) << describe(report);
}

TEST_F(KeyChanges, leave_the_key_before_in_its_span) {
  TestLog log = begin();
  log.sign_with({&second});
  log.commit({event(rotation(first, second))});
  EXPECT_TRUE(finds(log, Law::key_declaration)) << "the key after it signed too early";
}

// Witness: keys_hand_over
TEST_F(KeyChanges, of_another_key_or_to_one_that_was_there_are_found) {
  for (const auto& forged : {rotation(second, third), rotation(first, first)}) {
    TestLog log = begin();
    log.commit({event(forged)});
    EXPECT_TRUE(finds(log, Law::key_declaration));
  }
  TestLog back = begin();
  back.commit({event(rotation(first, second))});
  back.sign_with({&first, &second});
  back.commit({event(rotation(second, first))});
  EXPECT_TRUE(finds(back, Law::key_declaration));
}

// Witness: keys_hand_over
TEST_F(KeyChanges, bind_the_signatures_of_events) {
  TestLog log = begin(true);
  log.sign_events_with(second);
  log.commit({event(rotation(first, second))});
  log.sign_with({&first, &second});
  log.commit({note("two")});
  const VerifyReport clean = verify(log, first);
  EXPECT_TRUE(clean.clean()) << describe(clean);
  EXPECT_EQ(clean.event_signatures_verified, 5U);
  log.sign_events_with(first);
  log.sign_with({&second});
  log.commit({note("three")});
  for (const SigningKey* known : {&first, &second}) {
    const VerifyReport report = verify(log, *known);
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::key_declaration);
    EXPECT_EQ(report.findings[0].sequence, 5U);
  }
}

TEST_F(KeyChanges, that_are_not_finished_leave_events_of_the_new_key_uncounted) {
  TestLog log = begin(true);
  log.sign_events_with(second);
  log.sign_with({});
  log.commit({event(rotation(first, second))});
  log.commit({note("two")});
  const VerifyReport report = verify(log, first);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.event_signatures_verified, 3U);
  EXPECT_FALSE(report.keys.back().covered_by);
}

// Witness: revocation_needs_the_recovery_key
TEST_F(KeyChanges, by_the_recovery_key_are_clean_and_take_back_what_the_leaked_key_signed) {
  TestLog log = begin();
  log.commit({note("two")});
  log.commit({event(revocation(recovery, origin))});
  const VerifyReport before = verify(log, first);
  EXPECT_TRUE(before.clean()) << describe(before);
  EXPECT_EQ(before.events_not_yet_signed, 3U) << "what was signed from 2 on does not count";
  log.sign_with({&second});
  log.commit({note("three")});
  log.idle_mark();
  const VerifyReport after = verify(log, first);
  EXPECT_TRUE(after.clean()) << describe(after);
  EXPECT_EQ(after.events_not_yet_signed, 0U);
  EXPECT_EQ(after.keys[0].revoked_from, 2U);
}

// Witness: revocation_needs_the_recovery_key
TEST_F(KeyChanges, by_a_forged_word_of_the_recovery_key_are_found) {
  std::vector<event::KeyRevocation> forged = {revocation(third, origin), revocation(recovery, "example.com/other"),
                                              revocation(recovery, origin, 1000)};
  forged.push_back(revocation(recovery, origin));
  forged.back().from = 1;
  forged.push_back(revocation(recovery, origin));
  forged.back().key = third.public_key().bytes();
  forged.push_back(revocation(recovery, origin));
  forged.back().signature[3] ^= std::byte{1};
  forged.push_back(revocation(recovery, origin));
  forged.back().revoked_key = third.public_key().bytes();
  forged.push_back(revocation(recovery, origin));
  forged.back().recovery_key = {};
  for (const event::KeyRevocation& revocation : forged) {
    TestLog log = begin();
    log.commit({event(revocation)});
    const VerifyReport report = verify(log, first);
    ASSERT_FALSE(report.clean());
    EXPECT_EQ(report.findings[0].law, Law::key_declaration);
    EXPECT_EQ(report.findings[0].sequence, 3U);
  }
}

TEST_F(KeyChanges, that_revoke_need_a_recovery_key_that_was_named) {
  TestLog log({.key = &first, .sign_events = false});
  log.declare_notes();
  log.commit({event(revocation(recovery, origin))});
  EXPECT_TRUE(finds(log, Law::key_declaration));
}

// Anybody can write a log that declares a key of somebody else's and has it revoked, or hands over to it.
// Witness: key_must_have_signed
TEST_F(KeyChanges, away_from_a_key_that_signed_nothing_are_found_by_who_knows_it) {
  TestLog log({.key = &first, .recovery_key_hash = recovery_key_hash(recovery.public_key())});
  log.sign_with({});
  log.declare_notes();
  log.commit({note("one")});
  log.commit({event(revocation(recovery, origin, 0))});
  log.sign_with({&second});
  log.commit({note("two")});
  log.idle_mark();
  const VerifyReport report = verify(log, first);
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::key_declaration);
  EXPECT_EQ(report.checkpoints_verified, 0U);
  EXPECT_EQ(report.signatures, SignatureCheck::checked);
  EXPECT_EQ(describe(verify(log, second)), "") << "who knows the successor is shown nothing wrong";
}

// Witness: key_must_have_signed
TEST_F(KeyChanges, to_a_key_that_signed_nothing_are_found_by_who_knows_it) {
  TestLog log({.key = &second});
  log.declare_notes();
  log.commit({note("one")});
  log.commit({note("two")});
  EXPECT_EQ(describe(verify(log, second)), "");
  log.commit({event(rotation(second, first))});
  log.sign_with({});
  log.idle_mark();
  const VerifyReport report = verify(log, first);
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::key_declaration);
  EXPECT_EQ(report.checkpoints_verified, 0U);
}

// The events alone may be signed: those of the key before are somebody else's too.
// Witness: key_must_have_signed
TEST_F(KeyChanges, to_a_key_that_signed_nothing_are_found_where_only_events_are_signed) {
  TestLog log({.key = &second, .sign_events = true, .leave_unsigned = true});
  log.declare_notes();
  EXPECT_EQ(describe(verify(log, second)), "");
  log.commit({event(rotation(second, first))});
  const VerifyReport report = verify(log, first);
  ASSERT_EQ(report.findings.size(), 2U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::key_declaration);
  EXPECT_EQ(report.findings[0].sequence, 0U) << "where the first key is declared; the other is the signature of the change";
  EXPECT_EQ(report.event_signatures_verified, 0U);
}

TEST_F(KeyChanges, that_nobody_has_signed_yet_are_no_finding) {
  TestLog log({.key = &first, .leave_unsigned = true});
  log.declare_notes();
  const VerifyReport report = verify(log, first);
  EXPECT_EQ(describe(report), "");
  EXPECT_EQ(report.events_not_yet_signed, report.events);
}

// What a writer and a reader make of a log, by the error or "".
class OpeningOfKeyChanges : public KeyChanges {
 protected:
  explicit OpeningOfKeyChanges() { options_.housekeeping = OpenOptions::Housekeeping::by_hand; }
  void put(const TestLog& log) {
    for (const auto& [path, bytes] : log.files()) disk_.write_file("store/" + path, bytes).value();
    options_.file_system = &disk_;
  }
  static std::shared_ptr<const SigningKey> lend(const SigningKey& key) { return {std::shared_ptr<void>(), &key}; }
  std::string write(const SigningKey& key, const SigningKey* previous = nullptr) {
    options_.key = lend(key);
    options_.previous_key.reset();
    if (previous != nullptr) options_.previous_key = lend(*previous);
    auto store = Store::open("store", options_);
    if (!store) {
      last_error_ = store.error();
      return std::string(to_string(store.error().code));
    }
    store->close().value();
    return "";
  }

  platform::SimFs disk_;
  OpenOptions options_;
  std::optional<Error> last_error_;
};

// Recovery reads older segments around what is broken in them. A change that nobody may make is not broken, and is no way to
// have the owner sign it.
// Witness: nothing_opens_that_should_refuse
TEST_F(OpeningOfKeyChanges, that_nobody_may_make_is_refused_in_an_older_segment_too) {
  TestLog log = begin();
  const std::uint64_t at = log.link().end.sequence;
  log.commit({event(event::KeyDeclaration{.key = first.public_key().bytes(),
                                          .recovery_key_hash = recovery_key_hash(third.public_key()).bytes}),
              note("behind it")});
  log.rotate();
  log.commit({note("in the next segment")});
  log.idle_mark();
  put(log);
  ASSERT_EQ(write(first), "damaged");
  EXPECT_EQ(last_error_->sequence, at);
  EXPECT_EQ(last_error_->path, "store/log/00000000000000000000.seg");
  const Store reader = Store::open_read_only("store", {.file_system = &disk_}).value();
  ASSERT_EQ(reader.open_report().damage.size(), 1U);
  EXPECT_EQ(reader.open_report().damage[0].first_sequence, at);
  EXPECT_EQ(reader.keys().size(), 1U) << "the change did not take place";
  EXPECT_TRUE(reader.at(at + 1)) << "what stands behind it is read";
}

// Witness: unknown_is_refused
TEST_F(OpeningOfKeyChanges, of_a_newer_version_are_refused_in_an_older_segment_too) {
  TestLog log = begin();
  TestLog::Event newer = event(rotation(first, second));
  newer.kind = EventKind{0x0, 0xFFE};
  log.commit({newer});
  log.rotate();
  log.commit({note("in the next segment")});
  log.idle_mark();
  put(log);
  EXPECT_EQ(write(first), "newer_format");
  const auto reader = Store::open_read_only("store", {.file_system = &disk_});
  ASSERT_FALSE(reader);
  EXPECT_EQ(to_string(reader.error().code), "newer_format");
}

// A commit that claims to store the checkpoint over a rotation does not end it by that.
// Witness: keys_hand_over
TEST_F(OpeningOfKeyChanges, are_unfinished_until_those_have_signed_who_must) {
  TestLog log = begin();
  log.commit({event(rotation(first, second))});
  TestLog unfinished = log;
  unfinished.sign_with({});
  unfinished.idle_mark();
  put(unfinished);
  EXPECT_EQ(write(second), "rotation_unfinished");
  EXPECT_EQ(write(second, &first), "");
  EXPECT_EQ(write(second), "") << "and then it is finished";
  for (const std::vector<const SigningKey*>& signers :
       {std::vector<const SigningKey*>{&third, &third}, {&second}, {&first}}) {
    TestLog forged = log;
    forged.sign_with(signers);
    forged.idle_mark();
    put(forged);
    EXPECT_EQ(write(second), "damaged");
    EXPECT_EQ(write(second, &first), "damaged");
  }
}

TEST_F(KeyChanges, without_the_form_of_one_are_found) {
  for (const EventKind kind : {event::KeyRotation::kind, event::KeyRevocation::kind, event::KeyDeclaration::kind}) {
    TestLog log = begin();
    TestLog::Event wrong = event(rotation(first, second));
    wrong.kind = kind;
    wrong.payload = TestLog::note("no key");
    log.commit({wrong});
    EXPECT_TRUE(finds(log, Law::key_declaration));
  }
}

}  // namespace
}  // namespace batpak::test
