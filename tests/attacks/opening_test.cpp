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
