// Logs whose store.meta is gone, and whose beginning does not say who the store is either: whoever looks is told so, checks no
// signature against a name that nobody stated, and changes nothing.
#include <gtest/gtest.h>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "event/frame_layout.hpp"

namespace batpak::test {
namespace {

class LostIdentity : public testing::Test {
 protected:
  LostIdentity() : whole_(small_log({.key = &key(), .sign_events = true}).files()), segments_(take_apart(whole_)) {}

  static const SigningKey& key() {
    static const SigningKey key = SigningKey::generate().value();
    return key;
  }

  [[nodiscard]] Bytes& genesis() { return segments_[0].commits[0].frames[0]; }
  // Puts these files, and no store.meta, on the disk.
  void put(const Files& files) {
    for (const auto& [path, bytes] : files) disk_.write_file("store/" + path, bytes).value();
    disk_.remove_file("store/store.meta").value();
  }
  void put_parts() { put(put_together(segments_, whole_.at("store.meta"))); }

  VerifyReport verify() {
    return verify_directory("store", {.key = key().public_key(), .threads = 1, .file_system = &disk_}).value();
  }
  Result<Store> read() { return Store::open_read_only("store", {.undurable = {}, .file_system = &disk_}); }
  Result<Store> write() {
    OpenOptions options;
    options.file_system = &disk_;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    return Store::open("store", options);
  }

  // Nobody can tell whose log this is.
  void expect_unknown() {
    const VerifyReport report = verify();
    EXPECT_TRUE(has(report, Law::store_meta)) << describe(report);
    EXPECT_GT(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
    expect_refused();
  }
  void expect_refused() {
    std::map<std::string, Bytes> before;
    for (const std::string& path : disk_.list_files()) before[path] = disk_.read_file(path).value();
    const auto reader = read();
    ASSERT_FALSE(reader);
    EXPECT_FALSE(reader.error().message.empty());
    const auto writer = write();
    ASSERT_FALSE(writer);
    EXPECT_FALSE(writer.error().message.empty());
    for (const auto& [path, bytes] : before) {
      EXPECT_TRUE(path.ends_with("LOCK") || disk_.read_file(path).value() == bytes) << path;
    }
  }

  Files whole_;
  std::vector<SegmentParts> segments_;
  platform::SimFs disk_;
  std::shared_ptr<platform::Directory> directory_ = disk_.create_directory("store").value();
};

TEST_F(LostIdentity, is_found_in_the_genesis_event_as_long_as_that_is_whole) {
  put_parts();
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_TRUE(has(report, Law::store_meta));
  EXPECT_EQ(report.signatures, SignatureCheck::checked);
  EXPECT_EQ(report.event_signatures_verified, 10U);
  const auto reader = read();
  ASSERT_TRUE(reader) << to_string(reader.error());
  EXPECT_EQ(reader->origin(), "example.com/test-log");
  EXPECT_FALSE(write()) << "a log without store.meta is not written to";
}

// Whole in itself, by somebody who would have it printed: "ESC [2J" clears a terminal.
TEST_F(LostIdentity, with_an_origin_that_is_no_name) {
  TestLog log({.leave_unsigned = true, .origin = "example.com/\x1B[2J"});
  log.commit({{.entity = "a", .payload = TestLog::note("x")}});
  put(log.files());
  expect_unknown();
  for (const Finding& finding : verify().findings) EXPECT_FALSE(finding.message.contains('\x1B')) << finding.message;
}

TEST_F(LostIdentity, with_a_broken_header_of_the_first_segment) {
  whole_.at(segments_[0].path)[30] ^= std::byte{1};
  whole_.at(segments_[0].path)[31] ^= std::byte{1};
  put(whole_);
  expect_unknown();
}

TEST_F(LostIdentity, with_a_first_segment_of_no_bytes) {
  whole_.at(segments_[0].path).clear();
  put(whole_);
  expect_unknown();
}

TEST_F(LostIdentity, with_a_broken_genesis_commit) {
  whole_.at(segments_[0].path)[4096 + 200] ^= std::byte{1};
  whole_.at(segments_[0].path)[4096 + 201] ^= std::byte{1};
  put(whole_);
  expect_unknown();
}

TEST_F(LostIdentity, with_a_seal_in_the_place_of_the_genesis_commit) {
  segments_[0].commits = {segments_[0].commits.back()};
  put_parts();
  expect_unknown();
}

TEST_F(LostIdentity, with_a_genesis_frame_from_the_future) {
  base::store_le<std::uint16_t>(genesis().data() + event::layout::frame_type, 2);
  put_parts();
  expect_unknown();
}

TEST_F(LostIdentity, with_a_genesis_event_that_is_none) {
  const auto payload = event::FrameView::parse(genesis()).value().payload();
  genesis()[static_cast<std::size_t>(payload.data() - genesis().data())] = std::byte{0xC0};
  put_parts();
  expect_unknown();
}

TEST_F(LostIdentity, with_another_event_in_the_place_of_the_genesis) {
  base::store_le<std::uint16_t>(genesis().data() + event::layout::header + event::layout::in_header::kind, 0x0002);
  put_parts();
  EXPECT_TRUE(has(verify(), Law::store_meta)) << describe(verify());
  expect_refused();
}

TEST_F(LostIdentity, of_a_log_with_more_than_the_genesis_is_damage_and_no_store_half_made) {
  segments_.resize(1);
  std::vector<CommitParts>& commits = segments_[0].commits;
  const std::array expected{"one commit", "two events in the first commit"};
  for (const char* const what : expected) {
    SCOPED_TRACE(what);
    if (what == expected[1]) {
      commits[0].frames.push_back(commits[1].frames[0]);
      commits.resize(1);
    }
    put_parts();
    const auto opened = write();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::damaged) << to_string(opened.error());
    // What recovery once cut off says no more about whose log it is.
    disk_.write_file("store/quarantine/00000000000000000000.seg.4096.1", Bytes(8)).value();
    EXPECT_EQ(write().error().code, ErrorCode::damaged);
    disk_.remove_file("store/quarantine/00000000000000000000.seg.4096.1").value();
  }
}

TEST_F(LostIdentity, with_a_first_segment_that_cannot_be_read) {
  put(whole_);
  for (const platform::SimCall call : {platform::SimCall::open, platform::SimCall::look}) {
    disk_.inject({.call = call, .path_contains = segments_[0].path, .nth = 1, .times = 100});
    const VerifyReport report = verify();
    EXPECT_TRUE(has(report, Law::unreadable)) << describe(report);
    EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
    EXPECT_FALSE(read());
    disk_.clear_faults();
  }
}

TEST_F(LostIdentity, of_a_log_whose_first_segments_are_gone_is_damage_and_no_store_half_made) {
  for (const std::size_t left : {1U, 2U}) {
    SCOPED_TRACE(left);
    put(whole_);
    for (std::size_t gone = 0; gone < segments_.size(); ++gone) {
      if (gone != left) disk_.remove_file("store/" + segments_[gone].path).value();
    }
    const auto opened = write();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::damaged) << to_string(opened.error());
    EXPECT_FALSE(verify().clean());
  }
}

TEST_F(LostIdentity, with_a_broken_store_meta_and_no_log) {
  Bytes meta = whole_.at("store.meta");
  meta[20] ^= std::byte{1};
  meta[21] ^= std::byte{1};
  disk_.write_file("store/store.meta", meta).value();
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::store_meta)) << describe(report);
  EXPECT_TRUE(has(report, Law::segment_set)) << describe(report);
  EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
  expect_refused();
}

}  // namespace
}  // namespace batpak::test
