// The attacks of docs/PROOFS.md, each done by somebody who knows the format, with the store's key and without it: what finds
// them, and what does not.
#include <gtest/gtest.h>

#include "batpak/salvage.hpp"
#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "event/store_events.hpp"
#include "proof/revocation.hpp"

namespace batpak::test {
namespace {

const SigningKey& key() {
  static const SigningKey key = SigningKey::generate().value();
  return key;
}
const SigningKey& other_key() {
  static const SigningKey key = SigningKey::generate().value();
  return key;
}

// What happened: a commit for each of these, of the entity "door:<first letter>".
using Story = std::vector<std::string>;

const Story honest = {"a opened", "b opened", "a closed",       "b closed",
                      "c opened", "c closed", "a opened again", "a closed again"};

TestLog tell(const Story& story, TestLog::Options options = {.key = &key()}) {
  TestLog log(options);
  log.declare_notes();
  for (const std::string& text : story)
    log.commit({{.entity = "door:" + text.substr(0, 1), .payload = TestLog::note(text)}});
  log.idle_mark();
  return log;
}

Files tell_honestly() { return tell(honest).files(); }

// The first `count` events of the story and no more.
Story beginning(std::size_t count) { return {honest.begin(), honest.begin() + static_cast<std::ptrdiff_t>(count)}; }

// What people kept of a store: its signed checkpoint, and a receipt of each event.
struct Kept {
  explicit Kept(const Files& files) {
    for (const auto& [path, bytes] : files) disk.write_file("store/" + path, bytes).value();
    store.emplace(Store::open_read_only("store", {.file_system = &disk}).value());
    note = store->signed_checkpoint().value();
  }
  [[nodiscard]] KnownCheckpoint checkpoint() const {
    return {.name = "checkpoint", .checkpoint = note.checkpoint, .event = {}};
  }
  [[nodiscard]] KnownCheckpoint receipt(std::uint64_t sequence) const {
    const OfflineReceipt receipt = store->proof(sequence).value();
    EXPECT_TRUE(verify_offline_receipt(receipt, VerifierKey::make("example.com/test-log", key().public_key()).value()));
    return {.name = "receipt",
            .checkpoint = receipt.note.checkpoint,
            .event = KnownCheckpoint::Event{receipt.inclusion.sequence, receipt.event_hash}};
  }

  platform::SimFs disk;
  std::optional<Store> store;
  CheckpointNote note;
};

enum class With : std::uint8_t { nothing, key };

VerifyReport look(const Files& files, With with, std::vector<KnownCheckpoint> against = {}) {
  VerifyOptions options;
  if (with == With::key) options.key = key().public_key();
  options.against = std::move(against);
  return verify_files(files, options);
}

void expect_found_by_anybody(const Files& files) {
  EXPECT_FALSE(look(files, With::nothing).clean());
  EXPECT_FALSE(look(files, With::key).clean());
}

// A whole log in itself, whoever looks; only what was kept speaks against it.
void expect_found_only_against(const Files& files, const Kept& kept, Law law) {
  EXPECT_EQ(describe(look(files, With::nothing)), "");
  EXPECT_EQ(describe(look(files, With::key)), "");
  EXPECT_TRUE(has(look(files, With::nothing, {kept.checkpoint()}), law));
  EXPECT_TRUE(has(look(files, With::nothing, {kept.receipt(5)}), law));
}

TEST(Attack, none_is_found_where_there_is_none) {
  const Files files = tell_honestly();
  const Kept kept(files);
  for (const With with : {With::nothing, With::key}) {
    EXPECT_EQ(describe(look(files, with, {kept.checkpoint(), kept.receipt(2), kept.receipt(5)})), "");
  }
  const Kept earlier(tell(beginning(4)).files());
  EXPECT_EQ(look(files, With::key, {earlier.checkpoint(), kept.checkpoint()}).known_checkpoints_held.size(), 2U);
}

TEST(Attack, none_follows_from_a_checkpoint_of_any_size_that_is_not_of_this_log) {
  const Files files = tell_honestly();
  for (const std::uint64_t size :
       {std::uint64_t{11}, (std::uint64_t{1} << 63U) - 1, std::uint64_t{1} << 63U, ~std::uint64_t{0}}) {
    const KnownCheckpoint far{
        .name = "far", .checkpoint = {.origin = "example.com/test-log", .size = size, .root = {}}, .event = {}};
    EXPECT_TRUE(has(look(files, With::key, {far}), Law::rolled_back)) << size;
  }
  const KnownCheckpoint of_another{
      .name = "other", .checkpoint = {.origin = "example.com/other", .size = 0, .root = {}}, .event = {}};
  EXPECT_TRUE(has(look(files, With::key, {of_another}), Law::forked));
}

// The store of a few commits: store.meta and the whole log, each bit by itself.
// Witness: flipped_byte_is_found
TEST(Attack, of_any_single_bit_is_found_by_anybody) {
  Files files = tell(beginning(2)).files();
  std::size_t tried = 0;
  for (auto& [path, bytes] : files) {
    for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
      for (unsigned bit = 0; bit < 8; ++bit, ++tried) {
        bytes[offset] ^= static_cast<std::byte>(1U << bit);
        const bool clean = look(files, With::nothing).clean();
        bytes[offset] ^= static_cast<std::byte>(1U << bit);
        ASSERT_FALSE(clean) << path << " " << offset << " bit " << bit;
      }
    }
  }
  EXPECT_GT(tried, std::size_t{8} * 4096);
}

// Every length that the last segment and store.meta can be cut to.
TEST(Attack, of_cutting_is_found_or_takes_whole_commits_which_a_checkpoint_tells_or_takes_no_event) {
  const Files whole = tell(beginning(3)).files();
  const VerifyReport before = look(whole, With::nothing);
  const KnownCheckpoint kept{.name = "what the owner said last", .checkpoint = before.checkpoint.value(), .event = {}};
  for (const auto& [path, bytes] : whole) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      Files files = whole;
      files[path].resize(size);
      const VerifyReport alone = look(files, With::key);
      if (!alone.clean()) continue;
      if (alone.events == before.events) continue;  // only the mark, or zeros, are gone
      const VerifyReport report = look(files, With::key, {kept});
      ASSERT_TRUE(has(report, Law::rolled_back)) << path << " " << size << "\n" << describe(report);
    }
  }
}

TEST(Attack, on_a_byte_whose_checksums_are_mended_is_found_by_anybody) {
  const Files files = tell_honestly();
  for (std::size_t at = 20; at < 400; at += 7) {
    auto parts = take_apart(files);
    Bytes& frame = parts[0].commits[3].frames[0];
    if (at >= frame.size() - 8) break;
    frame[at] ^= std::byte{4};
    expect_found_by_anybody(put_together(parts, files.at("store.meta")));
  }
}

// The event's own hashes are made anew, those of what follows are not.
TEST(Attack, on_one_event_alone_is_found_by_anybody) {
  Story changed = honest;
  changed[2] = "a CLOSED";
  const Files files = tell_honestly();
  auto parts = take_apart(files);
  const auto forged = take_apart(tell(changed).files());
  for (const bool with_end : {false, true}) {
    parts[0].commits[4].frames = forged[0].commits[4].frames;
    if (with_end) parts[0].commits[4].rest = forged[0].commits[4].rest;
    expect_found_by_anybody(put_together(parts, files.at("store.meta")));
  }
}

TEST(Attack, that_reorders_is_found_by_anybody) {
  const Files files = tell_honestly();
  auto parts = take_apart(files);
  std::swap(parts[0].commits[3], parts[0].commits[4]);
  expect_found_by_anybody(put_together(parts, files.at("store.meta")));
  std::swap(parts[0].commits[3], parts[0].commits[4]);
  std::swap(parts[0].commits[3].frames, parts[0].commits[5].frames);
  expect_found_by_anybody(put_together(parts, files.at("store.meta")));
}

TEST(Attack, that_drops_from_the_middle_is_found_by_anybody) {
  const Files files = tell_honestly();
  auto parts = take_apart(files);
  parts[0].commits.erase(parts[0].commits.begin() + 4);
  expect_found_by_anybody(put_together(parts, files.at("store.meta")));
}

TEST(Attack, that_inserts_or_repeats_is_found_by_anybody) {
  const Files files = tell_honestly();
  for (const std::size_t which : {2U, 5U}) {
    auto parts = take_apart(files);
    parts[0].commits.insert(parts[0].commits.begin() + 4, parts[0].commits[which]);
    expect_found_by_anybody(put_together(parts, files.at("store.meta")));
    parts = take_apart(files);
    parts[0].commits[4].frames.push_back(parts[0].commits[which].frames[0]);
    expect_found_by_anybody(put_together(parts, files.at("store.meta")));
  }
}

TEST(Attack, that_brings_an_event_or_a_segment_from_another_store_is_found_by_anybody) {
  const Files files = tell_honestly();
  Story story = honest;
  story[0] = "a of another store";
  const auto foreign = take_apart(tell(story, {.key = &other_key()}).files());
  auto parts = take_apart(files);
  parts[0].commits[3].frames = foreign[0].commits[3].frames;
  expect_found_by_anybody(put_together(parts, files.at("store.meta")));
  parts = take_apart(files);
  parts[0] = foreign[0];
  expect_found_by_anybody(put_together(parts, files.at("store.meta")));
}

// Witness: rollback_is_noticed
TEST(Attack, that_cuts_back_to_a_whole_commit_is_found_against_what_was_kept) {
  const Kept kept(tell_honestly());
  auto parts = take_apart(tell_honestly());
  parts[0].commits.resize(5);
  expect_found_only_against(put_together(parts, tell_honestly().at("store.meta")), kept, Law::rolled_back);
  expect_found_only_against(tell(beginning(3)).files(), kept, Law::rolled_back);
}

// Witness: rollback_is_noticed
TEST(Attack, that_rewrites_from_a_point_with_the_key_is_found_against_what_was_kept) {
  const Kept kept(tell_honestly());
  for (std::size_t from = 0; from < 4; ++from) {
    Story forged = honest;
    forged[from] += ", it is said";
    expect_found_only_against(tell(forged).files(), kept, Law::forked);
  }
}

TEST(Attack, that_rewrites_without_the_key_is_found_by_who_has_the_public_key) {
  const Kept kept(tell_honestly());
  Story forged = honest;
  forged[2] += ", it is said";
  const Files files = tell(forged, {.key = &key(), .forged_with = &other_key()}).files();
  EXPECT_EQ(describe(look(files, With::nothing)), "") << "without the key its signatures are not looked at";
  EXPECT_TRUE(has(look(files, With::key), Law::checkpoint_signature));
  EXPECT_TRUE(has(look(files, With::nothing, {kept.checkpoint()}), Law::forked));
}

TEST(Attack, that_leaves_the_old_signatures_on_a_rewritten_log_is_found_by_who_has_the_public_key) {
  Story forged = honest;
  forged[2] += ", it is said";
  const Files files = tell_honestly();
  auto parts = take_apart(tell(forged).files());
  const auto old = take_apart(files);
  for (std::size_t i = 0; i < parts[0].commits.size(); ++i) {
    Bytes& rest = parts[0].commits[i].rest;
    const Bytes& signatures = old[0].commits[i].rest;
    ASSERT_EQ(rest.size(), signatures.size());
    std::copy(signatures.begin() + 40, signatures.end(), rest.begin() + 40);
  }
  EXPECT_TRUE(has(look(put_together(parts, files.at("store.meta")), With::key), Law::checkpoint_signature));
}

// Not detected by the public key alone: the log looks like one whose last commits are not signed yet. It says how many.
TEST(Attack, that_takes_the_signatures_off_a_rewritten_log_is_counted_and_found_against_what_was_kept) {
  const Kept kept(tell_honestly());
  Story forged = honest;
  forged[2] += ", it is said";
  const Files files = tell(forged, {.key = &key(), .leave_unsigned = true}).files();
  const VerifyReport report = look(files, With::key);
  EXPECT_EQ(describe(report), "");
  EXPECT_EQ(report.events_not_yet_signed, report.events);
  EXPECT_TRUE(has(look(files, With::key, {kept.checkpoint()}), Law::forked));
}

// What its owner does with a log that somebody without the key wrote on: opens it with the key, appends, closes.
struct Continued {
  Files files;
  std::uint64_t told_at_opening = 0;
};
Continued go_on(const Files& files) {
  platform::SimFs disk;
  for (const auto& [path, bytes] : files) disk.write_file("store/" + path, bytes).value();
  OpenOptions options;
  options.key = std::shared_ptr<const SigningKey>(std::shared_ptr<void>(), &key());
  options.housekeeping = OpenOptions::Housekeeping::by_hand;
  options.file_system = &disk;
  Store store = Store::open("store", options).value();
  Continued after{.files = {}, .told_at_opening = store.open_report().events_signed_late};
  store.append_json(Coordinate::make("door:z", "tests").value(), "note", R"({"text":"the owner goes on"})").value();
  store.close().value();
  for (const std::string& path : disk.list_files())
    after.files[path.substr(std::string_view("store/").size())] = disk.read_file(path).value();
  return after;
}

// Behind the last signature whoever can write the files is the writer, and the owner's next checkpoint covers what they left.
// Nothing of the result is wrong: opening tells how many events it signs, and verify how many were signed so late.
TEST(Attack, that_appends_or_rewrites_behind_the_last_signature_is_signed_by_the_owner_and_told) {
  const Kept kept(tell_honestly());
  EXPECT_EQ(go_on(tell_honestly()).told_at_opening, 0U);
  EXPECT_EQ(look(go_on(tell_honestly()).files, With::key).events_signed_late, 0U);
  TestLog appended = tell(honest);
  appended.leave_unsigned();
  appended.commit({{.entity = "door:a", .payload = TestLog::note("a opened, it is said")}});
  TestLog rewritten = tell(beginning(5));
  rewritten.leave_unsigned();
  for (const std::string_view text : {"c was never closed", "a was never opened again"})
    rewritten.commit({{.entity = "door:c", .payload = TestLog::note(std::string(text))}});
  for (const auto& [forged, count] : {std::pair(&appended, 1U), std::pair(&rewritten, 2U)}) {
    const Continued after = go_on(forged->files());
    EXPECT_EQ(after.told_at_opening, count);
    const VerifyReport report = look(after.files, With::key);
    EXPECT_EQ(describe(report), "");
    EXPECT_EQ(report.events_not_yet_signed, 0U);
    EXPECT_EQ(report.events_signed_late, count);
  }
  EXPECT_EQ(describe(look(go_on(appended.files()).files, With::key, {kept.checkpoint()})), "") << "it goes on from it";
  EXPECT_TRUE(has(look(go_on(rewritten.files()).files, With::key, {kept.checkpoint()}), Law::forked));
}

// The old key signed nothing of it, so it counts for nobody; but it stands there.
TEST(Attack, that_appends_a_rotation_keeps_the_owner_out_until_the_events_are_salvaged) {
  for (const bool with_signature : {false, true}) {
    TestLog log = tell(honest);
    Bytes payload;
    const event::KeyRotation rotation{.key = other_key().public_key().bytes(), .previous_key = key().public_key().bytes()};
    encode_payload(payload, rotation).value();
    log.commit({{.entity = std::string(event::KeyRotation::entity),
                 .payload = payload,
                 .kind = event::KeyRotation::kind,
                 .scope = std::string(event::store_scope)}});
    log.sign_with({&other_key()});
    if (!with_signature) log.leave_unsigned();
    log.commit({{.entity = "door:z", .payload = TestLog::note("a stranger's")}});
    log.idle_mark();
    platform::SimFs disk;
    for (const auto& [path, bytes] : log.files()) disk.write_file("store/" + path, bytes).value();
    OpenOptions options;
    options.file_system = &disk;
    options.key = std::shared_ptr<const SigningKey>(std::shared_ptr<void>(), &key());
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    EXPECT_FALSE(Store::open("store", options));
    options.origin = "example.com/after";
    const auto salvaged = salvage("store", "new", options);
    ASSERT_TRUE(salvaged) << to_string(salvaged.error());
    EXPECT_EQ(salvaged->events_lost, 0U);
    VerifyOptions looking{.key = key().public_key(), .origin = "example.com/after", .threads = 1, .file_system = &disk};
    const VerifyReport report = verify_directory("new", looking).value();
    EXPECT_EQ(describe(report), "");
    ASSERT_EQ(report.keys.size(), 1U) << "and nothing of the stranger's key";
    EXPECT_EQ(report.events_not_yet_signed, 0U);
    EXPECT_TRUE(Store::open("new", options)) << "the owner goes on with the old key";
  }
}

// The root is over events. How they were written is in no hash: the same events under the same root.
TEST(Attack, on_what_no_hash_covers_changes_no_event_and_is_not_found) {
  const VerifyReport told = look(tell_honestly(), With::key);
  const auto expect_the_same = [&](const Files& files) {
    const VerifyReport report = look(files, With::key);
    EXPECT_EQ(describe(report), "");
    EXPECT_EQ(report.checkpoint, told.checkpoint);
  };
  expect_the_same(tell(honest, {.key = &key(), .session = 7}).files());
  expect_the_same(tell(honest, {.key = &key(), .salts = 0x11}).files());
  expect_the_same(tell(honest, {.key = &key(), .leave_unsigned = true}).files());
  TestLog merged({.key = &key()});
  merged.declare_notes();
  std::vector<TestLog::Event> events;
  for (const std::string& text : honest)
    events.push_back({.entity = "door:" + text.substr(0, 1), .payload = TestLog::note(text)});
  merged.commit(events);
  merged.idle_mark();
  merged.idle_mark();
  expect_the_same(merged.files());
}

// An event's own signature is beside the event and not in it. Without it the checkpoints still hold; it is counted.
TEST(Attack, that_takes_the_signatures_off_events_is_only_counted) {
  const VerifyReport told = look(tell(honest, {.key = &key(), .sign_events = true}).files(), With::key);
  const VerifyReport report = look(tell_honestly(), With::key);
  EXPECT_EQ(describe(report), "");
  EXPECT_EQ(report.checkpoint, told.checkpoint);
  EXPECT_EQ(told.event_signatures_verified, told.events);
  EXPECT_EQ(report.event_signatures_verified, 0U);
}

// Who knows only the key that was rotated away is shown a log without the rotation.
TEST(Attack, that_rewrites_with_a_key_rotated_away_is_found_by_who_knows_a_later_key) {
  Story forged = honest;
  forged[5] += ", it is said";
  const Files files = tell(forged).files();
  EXPECT_EQ(describe(look(files, With::key)), "");
  VerifyOptions options;
  options.key = other_key().public_key();  // to which the true log goes over
  EXPECT_TRUE(has(verify_files(files, options), Law::key_declaration));
  EXPECT_TRUE(has(look(files, With::key, {Kept(tell_honestly()).checkpoint()}), Law::forked));
}

TEST(Attack, that_declares_another_key_is_found_by_who_has_the_public_key) {
  const Files files = tell(honest, {.key = &other_key()}).files();
  EXPECT_EQ(describe(look(files, With::nothing)), "");
  EXPECT_TRUE(has(look(files, With::key), Law::key_declaration));
}

// The owner's public key is declared, and handed over from at once, by a recovery key of the attacker's; or handed over to.
// Witness: key_must_have_signed
TEST(Attack, that_declares_the_owners_key_without_having_it_is_found_by_who_has_the_public_key) {
  static const SigningKey recovery = SigningKey::generate().value();
  const auto own = [](const auto& payload) {
    using T = std::remove_cvref_t<decltype(payload)>;
    Bytes bytes;
    encode_payload(bytes, payload).value();
    return TestLog::Event{
        .entity = std::string(T::entity), .payload = bytes, .kind = T::kind, .scope = std::string(event::store_scope)};
  };
  TestLog away({.key = &key(), .recovery_key_hash = recovery_key_hash(recovery.public_key())});
  away.sign_with({});
  away.commit({own(proof::event_of(
      make_revocation(recovery, "example.com/test-log", key().public_key(), 0, other_key().public_key()).value()))});
  away.sign_with({&other_key()});
  TestLog towards({.key = &other_key()});
  for (TestLog* log : {&away, &towards}) {
    log->declare_notes();
    log->commit({{.entity = "door:a", .payload = TestLog::note("a opened, it is said")}});
    log->idle_mark();
  }
  towards.sign_with({});
  towards.commit(
      {own(event::KeyRotation{.key = key().public_key().bytes(), .previous_key = other_key().public_key().bytes()})});
  for (const TestLog* log : {&away, &towards}) {
    EXPECT_EQ(describe(look(log->files(), With::nothing)), "");
    EXPECT_TRUE(has(look(log->files(), With::key), Law::key_declaration));
  }
}

// Two people are shown two logs, both signed with the key.
TEST(Attack, that_shows_two_histories_is_found_when_the_two_compare) {
  Story for_the_other = honest;
  for_the_other[5] = "c was never closed";
  const Files one = tell_honestly();
  const Files two = tell(for_the_other).files();
  const Kept first(one);
  const Kept second(two);
  EXPECT_TRUE(verify_note(first.note, key().public_key()));
  EXPECT_TRUE(verify_note(second.note, key().public_key()));
  EXPECT_TRUE(has(look(one, With::key, {second.checkpoint()}), Law::forked));
  EXPECT_TRUE(has(look(two, With::key, {first.checkpoint()}), Law::forked));
  // Nor does either lead to a later state of the other.
  Story longer = for_the_other;
  longer.emplace_back("d opened");
  const Kept third(tell(longer).files());
  const ConsistencyProof proof =
      third.store->prove_consistency(first.note.checkpoint.size, third.note.checkpoint.size).value();
  EXPECT_FALSE(verify_consistency(proof, first.note.checkpoint.root, third.note.checkpoint.root));
  EXPECT_TRUE(verify_consistency(proof, second.note.checkpoint.root, third.note.checkpoint.root));
}

TEST(Attack, that_shows_a_receipt_of_a_forged_event_is_refused) {
  Story forged = honest;
  forged[2] += ", it is said";
  const VerifierKey verifier = VerifierKey::make("example.com/test-log", key().public_key()).value();
  const Kept honest_one(tell_honestly());
  OfflineReceipt mixed = Kept(tell(forged).files()).store->proof(4).value();
  mixed.note = honest_one.note;  // signed, and of another root
  const auto proven = verify_offline_receipt(mixed, verifier);
  ASSERT_FALSE(proven);
  EXPECT_EQ(proven.error().fault, ReceiptFault::wrong_root);
}

// Who has the key can go on with the log as the owner can: nothing tells the two apart.
TEST(Attack, that_appends_with_a_stolen_key_is_not_found) {
  const Kept kept(tell_honestly());
  Story longer = honest;
  longer.emplace_back("a opened by a thief");
  EXPECT_EQ(describe(look(tell(longer).files(), With::key, {kept.checkpoint(), kept.receipt(5)})), "");
}

}  // namespace
}  // namespace batpak::test
