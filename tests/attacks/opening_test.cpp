// What somebody without the key leaves behind the last signature, or in front of it, for the owner's next opening to sign.
#include <gtest/gtest.h>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "event/store_events.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view origin = "example.com/test-log";

class AttackOnOpening : public testing::Test {
 protected:
  template <class T>
  static TestLog::Event event(const T& fields) {
    Bytes payload;
    encode_payload(payload, fields).value();
    return {.entity = std::string(T::entity), .payload = payload, .kind = T::kind, .scope = std::string(event::store_scope)};
  }
  static TestLog::Event paid(std::string text, std::string entity = "order:7") {
    return {.entity = std::move(entity), .payload = TestLog::note(std::move(text))};
  }
  // A log with its signatures, to its last event but one.
  TestLog honest() {
    TestLog log({.key = &key_});
    log.declare_notes();
    for (int i = 0; i < 4; ++i) log.commit({paid("paid " + std::to_string(i))});
    return log;
  }
  static TestLog::Event rotation(const SigningKey& from, const SigningKey& to) {
    return event(event::KeyRotation{.key = to.public_key().bytes(), .previous_key = from.public_key().bytes()});
  }

  // What opening with the key says: the error, or "".
  std::string open(const Files& files, const SigningKey& key, const SigningKey* previous = nullptr) {
    platform::SimFs disk;
    disk.create_directory("store").value();
    for (const auto& [path, bytes] : files) disk.write_file("store/" + path, bytes).value();
    OpenOptions options;
    options.key = std::shared_ptr<const SigningKey>(std::shared_ptr<void>(), &key);
    if (previous != nullptr) options.previous_key = std::shared_ptr<const SigningKey>(std::shared_ptr<void>(), previous);
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    options.file_system = &disk;
    auto store = Store::open("store", options);
    if (!store) {
      for (const auto& [path, bytes] : files)
        EXPECT_EQ(disk.read_file("store/" + path).value(), bytes) << "nothing is changed";
      return std::string(to_string(store.error().code)) + ": " + store.error().message;
    }
    store->close().value();
    return "";
  }
  std::string open(const TestLog& log) { return open(log.files(), key_); }

  SigningKey key_ = SigningKey::generate().value();
  SigningKey second_ = SigningKey::generate().value();
  SigningKey third_ = SigningKey::generate().value();
};

// The same frames, put together with every CRC mended, where the first payload that says `was` says `is`.
Files with_text_changed(const Files& files, std::string_view was, std::string_view is) {
  auto parts = take_apart(files);
  for (SegmentParts& segment : parts) {
    for (CommitParts& commit : segment.commits) {
      for (Bytes& frame : commit.frames) {
        const auto at = std::ranges::search(frame, std::as_bytes(std::span(was)));
        if (at.empty()) continue;
        std::ranges::copy(std::as_bytes(std::span(is)), at.begin());
        return put_together(std::move(parts), files.at(std::string(event::store_meta_name)));
      }
    }
  }
  ADD_FAILURE() << "no event says so";
  return files;
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, none_is_met_where_there_is_none) {
  TestLog log = honest();
  EXPECT_EQ(open(log), "");
  log.rotate();
  EXPECT_EQ(open(log), "") << "a segment without a commit";
  log.commit({paid("paid 4")});
  log.idle_mark();
  EXPECT_EQ(open(log), "");
  log.leave_unsigned();
  log.commit({paid("paid 5")});
  log.rotate();
  log.commit({paid("paid 6")});
  EXPECT_EQ(open(log), "") << "what a crash leaves unsigned in two segments";
}

// The key would say another root of the events that it has signed, and receipts of events that are nowhere would verify.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_segment_that_goes_on_from_another_past_is_refused) {
  for (const bool leave_unsigned : {true, false}) {
    TestLog log = honest();
    TestLog other({.key = &key_});
    other.declare_notes();
    for (int i = 0; i < 4; ++i) other.commit({paid("paid 1000000, number " + std::to_string(i))});
    log.rotate();
    log.go_on_from(other);
    if (leave_unsigned) log.leave_unsigned();
    log.commit({paid("paid 4")});
    log.idle_mark();
    EXPECT_TRUE(open(log).starts_with("damaged")) << open(log);
  }
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_segment_without_a_commit_that_goes_on_from_another_past_is_refused) {
  TestLog log = honest();
  TestLog other({.key = &key_});
  other.declare_notes();
  for (int i = 0; i < 4; ++i) other.commit({paid("paid 1000000, number " + std::to_string(i))});
  log.rotate();
  log.go_on_from(other);
  EXPECT_TRUE(open(log).starts_with("damaged")) << open(log);
}

// The seal of the segment before is rewritten too: only the signature in it still speaks of the true past.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_past_that_only_the_signature_contradicts_is_refused) {
  TestLog log({.key = &key_});
  TestLog other({.key = &key_});
  Hash true_root;
  Hash other_root;
  for (auto [one, root, text] : {std::tuple(&log, &true_root, "paid "), std::tuple(&other, &other_root, "got ")}) {
    one->declare_notes();
    for (int i = 0; i < 4; ++i) one->commit({paid(text + std::to_string(i))});
    one->rotate();
    *root = verify_files(one->files()).checkpoint.value().root;
    one->leave_unsigned();
    one->commit({paid("order 8 opened", "order:8")});
    one->idle_mark();
  }
  auto parts = take_apart(log.files());
  const auto whole = [&] { return put_together(parts, log.files().at(std::string(event::store_meta_name))); };
  EXPECT_EQ(open(whole(), key_), "");
  parts[1] = take_apart(other.files())[1];
  EXPECT_TRUE(open(whole(), key_).starts_with("damaged")) << "the seal has the true root";
  const auto stated = std::ranges::search(parts[0].commits.back().rest, true_root.bytes);
  ASSERT_FALSE(stated.empty());
  std::ranges::copy(other_root.bytes, stated.begin());
  const std::string said = open(whole(), key_);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
  EXPECT_NE(said.find("is not the one that the store's key signed"), std::string::npos) << said;
}

// A whole log, signed by another key in the name of the first.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_log_that_the_key_has_not_signed_is_refused) {
  TestLog log({.key = &key_, .forged_with = &second_});
  log.declare_notes();
  for (int i = 0; i < 4; ++i) log.commit({paid("paid " + std::to_string(i))});
  log.idle_mark();
  const std::string said = open(log);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_an_unsigned_event_that_is_not_what_it_is_hashed_as_is_refused) {
  TestLog log = honest();
  log.leave_unsigned();
  log.commit({paid("paid 0000001")});
  log.idle_mark();
  EXPECT_EQ(open(log), "");
  const std::string said = open(with_text_changed(log.files(), "paid 0000001", "paid 1000000"), key_);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_events_that_do_not_link_is_refused) {
  TestLog other({.key = &key_});
  other.declare_notes();
  for (int i = 0; i < 4; ++i) other.commit({paid("got " + std::to_string(i))});
  // An event of the other log's, put behind those of this one as what it is there: the next of its stream.
  TestLog log = honest();
  log.leave_unsigned();
  other.leave_unsigned();
  log.commit({paid("paid 4")});
  other.commit({paid("got 4")});
  auto parts = take_apart(log.files());
  auto others = take_apart(other.files());
  parts.back().commits.back() = others.back().commits.back();
  const std::string said = open(put_together(parts, log.files().at(std::string(event::store_meta_name))), key_);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
}

// The commits' roots are those of what they hold: only the links contradict it.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_an_event_that_follows_another_than_the_one_before_it_is_refused) {
  const auto said_of = [&](const TestLog::Link& link, std::string entity) {
    TestLog log = honest();
    log.leave_unsigned();
    TestLog::Event event = paid("paid 4", std::move(entity));
    event.follows = link;
    log.commit({event});
    return open(log);
  };
  const TestLog log = honest();
  const std::uint64_t last = 5;
  EXPECT_EQ(said_of(log.link_to(last), "order:7"), "") << "as it should";
  const std::string not_linked = "damaged: the event does not link to the one before it in its stream";
  EXPECT_EQ(said_of({.sequence = last, .hash = log.link_to(last - 1).hash}, "order:7"), not_linked) << "another hash";
  EXPECT_EQ(said_of({.sequence = last - 1, .hash = log.link_to(last).hash}, "order:7"), not_linked) << "another place";
  EXPECT_TRUE(said_of(log.link_to(last), "order:8").starts_with("damaged")) << "the first of its stream";
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_an_event_of_a_type_that_is_not_declared_before_it_is_refused) {
  const std::string undeclared = "damaged: the event is of a type that is not declared before it";
  TestLog::Event event = paid("paid 4");
  event.kind = EventKind(0xF, 0x002);
  TestLog of_kind = honest();
  of_kind.leave_unsigned();
  of_kind.commit({event});
  EXPECT_EQ(open(of_kind), undeclared);
  event = paid("paid 4");
  event.payload_version = 2;
  TestLog of_version = honest();
  of_version.leave_unsigned();
  of_version.commit({event});
  EXPECT_EQ(open(of_version), undeclared);
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_declarations_that_contradict_earlier_ones_is_refused) {
  const auto said_of = [&](const std::string& name, EventKind kind, const std::string& field, std::uint16_t version = 1) {
    TestLog log = honest();
    log.leave_unsigned();
    event::TypeDeclaration type;
    type.fields = {{.name = field, .type = "string"}};
    type.declares = kind.value();
    type.name = name;
    type.version = version;
    log.commit({this->event(type)});
    return open(log);
  };
  EXPECT_EQ(said_of("note", note_kind, "text", 2), "") << "another version";
  EXPECT_EQ(said_of("note", note_kind, "title"), "") << "other fields";
  EXPECT_EQ(said_of("other", EventKind(0xF, 0x002), "text"), "") << "another type";
  EXPECT_TRUE(said_of("other", note_kind, "text").starts_with("damaged: a declaration contradicts an earlier one"));
  EXPECT_TRUE(
      said_of("note", EventKind(0xF, 0x002), "text").starts_with("damaged: a declaration contradicts an earlier one"));
  EXPECT_EQ(said_of("note", note_kind, "text"), "damaged: a type is declared again just as before");
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_an_event_that_a_stranger_signed_is_refused) {
  const auto said_of = [&](const SigningKey& signs_event) {
    TestLog log({.key = &key_, .sign_events = true});
    log.declare_notes();
    log.commit({paid("paid 0")});
    log.leave_unsigned();
    log.sign_events_with(signs_event);
    log.commit({paid("paid 1")});
    return open(log);
  };
  EXPECT_EQ(said_of(key_), "");
  EXPECT_TRUE(said_of(second_).starts_with("damaged: the event's own signature is not that of the key in force there"));
}

// Else a kill right after it would leave the log as it was, for whoever can write the files.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, has_no_time_once_the_store_is_open) {
  TestLog log = honest();
  log.leave_unsigned();
  log.commit({paid("paid 4")});
  const VerifyOptions options{.key = key_.public_key()};
  ASSERT_GT(verify_files(log.files(), options).events_not_yet_signed, 0U);

  platform::SimFs disk;
  disk.create_directory("store").value();
  for (const auto& [path, bytes] : log.files()) disk.write_file("store/" + path, bytes).value();
  OpenOptions open_options;
  open_options.key = std::shared_ptr<const SigningKey>(std::shared_ptr<void>(), &key_);
  open_options.housekeeping = OpenOptions::Housekeeping::by_hand;
  open_options.file_system = &disk;
  const Store store = Store::open("store", open_options).value();
  Files left;
  for (const auto& [path, bytes] : log.files()) left[path] = disk.read_file("store/" + path).value();
  const VerifyReport report = verify_files(left, options);
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.events_not_yet_signed, 0U);
}

// What is erased proves nothing of the hash of its content.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_an_unsigned_event_that_is_erased_is_refused) {
  TestLog log = honest();
  log.leave_unsigned();
  log.commit({paid("paid 1000000")});
  log.idle_mark();
  auto parts = take_apart(log.files());
  Bytes& frame = parts.back().commits[parts.back().commits.size() - 2].frames[0];
  const std::size_t payload_at =
      event::layout::header + base::load_le<std::uint32_t>(frame.data() + event::layout::header_length);
  const auto length = base::load_le<std::uint64_t>(frame.data() + payload_at);
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(payload_at) + 8, 16 + length, std::byte{0});
  base::store_le<std::uint16_t>(frame.data() + event::layout::state, 1);
  const std::string said = open(put_together(parts, log.files().at(std::string(event::store_meta_name))), key_);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
  EXPECT_TRUE(said.contains("erased")) << said;
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_lane_that_begins_nowhere_is_refused) {
  const auto of_lane = [](std::string entity, const TestLog::Link& begins_at) {
    TestLog::Event event = paid("paid in another way", std::move(entity));
    event.lane = 1;
    event.follows = begins_at;
    return event;
  };
  const auto with_lane = [&](std::string entity, std::uint64_t begins_at, const Hash& mask = {}) {
    TestLog log = honest();
    log.commit({paid("paid 4")});
    log.leave_unsigned();
    TestLog::Link link = log.link_to(begins_at);
    for (std::size_t i = 0; i < link.hash.bytes.size(); ++i) link.hash.bytes[i] ^= mask.bytes[i];
    log.commit({of_lane(std::move(entity), link)});
    return open(log);
  };
  EXPECT_EQ(with_lane("order:7", 3), "");
  Hash other;
  other.bytes[5] = std::byte{1};
  for (const std::string& said : {with_lane("order:7", 3, other), with_lane("order:8", 3), with_lane("order:7", 1)}) {
    EXPECT_TRUE(said.starts_with("damaged")) << said;
  }
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_batch_that_is_not_whole_is_refused) {
  TestLog::Event half = paid("paid in two parts");
  half.batch_size = 2;
  TestLog::Event other_half = half;
  other_half.batch_index = 1;
  for (const std::vector<TestLog::Event>& events :
       {std::vector{half}, std::vector{other_half}, std::vector{half, half}, std::vector{half, other_half, other_half}}) {
    TestLog log = honest();
    log.leave_unsigned();
    log.commit(events);
    EXPECT_TRUE(open(log).starts_with("damaged")) << open(log);
  }
  TestLog log = honest();
  log.leave_unsigned();
  log.commit({half, other_half});
  EXPECT_EQ(open(log), "");
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_root_that_an_older_segment_states_is_refused) {
  TestLog log = honest();
  log.leave_unsigned();
  log.commit({paid("paid 4")});
  log.commit({paid("paid 5")});
  log.rotate();
  log.commit({paid("paid 6")});
  auto parts = take_apart(log.files());
  const auto whole = [&] { return put_together(parts, log.files().at(std::string(event::store_meta_name))); };
  EXPECT_EQ(open(whole(), key_), "");
  std::vector<CommitParts>& commits = parts.front().commits;
  commits[commits.size() - 2].rest[10] ^= std::byte{1};  // in the root, behind the size of 8 bytes
  const std::string said = open(whole(), key_);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
}

// Nobody else signs under the name of the log, and the owner once.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_signatures_beside_that_of_the_owner_is_refused) {
  for (const std::vector<const SigningKey*>& signers :
       {std::vector<const SigningKey*>{&key_, &key_}, {&key_, &second_}, {&second_, &key_}, {&second_}}) {
    TestLog log = honest();
    log.sign_with(signers);
    log.commit({paid("paid 4")});
    log.idle_mark();
    EXPECT_TRUE(open(log).starts_with("damaged")) << open(log);
  }
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_heads_that_leave_a_stream_out_is_refused) {
  TestLog log = honest();
  log.leave_unsigned();
  log.commit({event(event::HeadsDeclaration{.log_size = 4, .root = Hash{}.bytes, .streams = 1})});
  log.idle_mark();
  const std::string said = open(log);
  EXPECT_TRUE(said.starts_with("damaged")) << said;
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_heads_of_a_size_that_the_log_never_had_there_is_refused) {
  for (const std::uint64_t size : {std::uint64_t{0}, std::uint64_t{1000}}) {
    TestLog log = honest();
    log.leave_unsigned();
    log.commit({event(event::HeadsDeclaration{.log_size = size, .root = Hash{}.bytes, .streams = 1})});
    EXPECT_TRUE(open(log).starts_with("damaged")) << open(log);
  }
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_second_genesis_event_is_refused) {
  TestLog log = honest();
  TestLog::Event genesis = event(event::Genesis{.key = {}, .origin = std::string(origin), .recovery_key_hash = {}});
  log.commit({genesis});
  EXPECT_TRUE(open(log).starts_with("damaged")) << open(log);
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_events_in_places_that_are_not_theirs_is_refused) {
  TestLog::Event elsewhere = event(event::HeadsDeclaration{.log_size = 4, .root = {}, .streams = 1});
  elsewhere.entity = "order:7";
  TestLog::Event in_scope = rotation(key_, second_);
  in_scope.scope = "shop";
  TestLog::Event in_lane = rotation(key_, second_);
  in_lane.lane = 1;
  for (const TestLog::Event& event : {elsewhere, in_scope, in_lane, paid("mine", "$batpak/keys")}) {
    TestLog log = honest();
    log.commit({event});
    EXPECT_TRUE(open(log).starts_with("damaged")) << event.entity << ": " << open(log);
  }
}

// A stored signature says who must sign next, and is not believed for its place alone: else the key before would not be asked for
// a change, or for ever.
// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_stored_signature_that_is_none_is_refused) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, std::uint64_t{4}, std::uint64_t{6}, std::uint64_t{1000}, std::uint64_t{1} << 40U}) {
    TestLog log = honest();
    log.idle_mark();
    log.leave_unsigned();
    log.commit({paid("paid 4")});
    log.store_no_signature_of(key_, size);
    EXPECT_TRUE(open(log).starts_with("damaged")) << size << ": " << open(log);
    EXPECT_TRUE(open(log.files(), second_, &key_).starts_with("damaged")) << size << ": also for a rotation";
  }
  TestLog log = honest();
  log.idle_mark();
  log.leave_unsigned();
  log.commit({paid("paid 4")});
  log.store_no_signature_of(key_, 7);
  EXPECT_TRUE(open(log).starts_with("damaged")) << "of the very size of the log: " << open(log);
}

// Witness: key_signs_nothing_unchecked
TEST_F(AttackOnOpening, by_a_stored_signature_that_is_none_over_a_change_of_keys_is_refused) {
  for (const std::uint64_t size : {std::uint64_t{7}, std::uint64_t{1000}}) {
    TestLog log = honest();
    log.commit({rotation(key_, second_)});
    log.leave_unsigned();
    EXPECT_TRUE(open(log.files(), second_).starts_with("rotation_unfinished"));
    log.store_no_signature_of(second_, size);
    EXPECT_TRUE(open(log.files(), second_).starts_with("damaged")) << size;
  }
}

// Readers are not stopped by it, and hand out nothing that does not verify.
// Witness: receipt_stays_true
TEST_F(AttackOnOpening, by_a_stored_signature_that_is_none_gives_nobody_a_receipt_that_does_not_verify) {
  TestLog log = honest();
  log.idle_mark();
  log.leave_unsigned();
  log.commit({paid("paid 4")});
  log.store_no_signature_of(key_, 7);
  log.idle_mark();  // which says that the one before was durable, so that readers go that far
  platform::SimFs disk;
  for (const auto& [path, bytes] : log.files()) disk.write_file("store/" + path, bytes).value();
  const Store reader = Store::open_read_only("store", {.file_system = &disk}).value();
  EXPECT_TRUE(reader.at(6));
  const auto receipt = reader.proof(2);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(to_string(receipt.error().code), "corrupt");
}

// Witness: receipt_stays_true
TEST_F(AttackOnOpening, gives_no_receipt_of_an_event_that_was_changed) {
  TestLog log = honest();
  log.idle_mark();
  platform::SimFs disk;
  for (const auto& [path, bytes] : with_text_changed(log.files(), "paid 2", "paid 9")) {
    disk.write_file("store/" + path, bytes).value();
  }
  const Store reader = Store::open_read_only("store", {.file_system = &disk}).value();
  EXPECT_TRUE(reader.proof(3, Store::Show::content));
  const auto receipt = reader.proof(4, Store::Show::content);
  ASSERT_FALSE(receipt);
  EXPECT_EQ(to_string(receipt.error().code), "corrupt");
}

}  // namespace
}  // namespace batpak::test
