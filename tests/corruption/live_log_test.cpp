// What verify says of a log beside its live owner: all that is durable is checked, what is under way is no fault.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

class BesideOwner : public testing::Test {
 protected:
  [[nodiscard]] VerifyReport verify(const std::optional<segment::LogPoint>& durable) {
    segment::LiveRecord live{.store_id = store_id, .session = 1, .durable_through = durable.value_or(segment::LogPoint{})};
    platform::SimFs fs;
    const auto directory = fs.create_directory("store").value();
    for (const auto& [path, bytes] : files) fs.write_file("store/" + path, bytes).value();
    if (durable) fs.write_file("store/live", live.encode()).value();
    const auto lock = directory->lock_as_owner().value();
    return verify_directory("store", {.key = {}, .threads = 1, .file_system = &fs}).value();
  }
  // The header of a successor that nothing was written to yet.
  static Bytes blank_successor() {
    TestLog sealed = small_log();
    sealed.rotate();
    return sealed.files()[sealed.last_path()];
  }

  TestLog log = small_log();
  Files files = log.files();
  segment::StoreId store_id = log.meta().genesis.store_id;
  const segment::LogPoint end = log.link().end;
  const std::string first = segment::segment_path(0);
  const std::string middle = segment::segment_path(4);
  const std::string last = segment::segment_path(8);
};

// Witness: flipped_byte_is_found
TEST_F(BesideOwner, every_durable_commit_is_checked_also_the_last_one) {
  const std::vector<SegmentParts> parts = take_apart(files);
  std::uint64_t offset = segment::segment_header_bytes;
  segment::CommitWalker walker(files[last], segment::SegmentHeader::decode(files[last]).value());
  for (auto step = walker.next(); step.commit; step = walker.next()) {
    offset = step.commit->header.offset;
    SCOPED_TRACE(offset);
    for (const std::uint64_t at : {offset + 20, offset + 100}) {
      files[last][at] ^= std::byte{1};
      const VerifyReport report = verify(end);
      EXPECT_EQ(report.findings.size(), 1U) << describe(report);
      EXPECT_FALSE(has(report, Law::unfinished)) << describe(report);
      files[last][at] ^= std::byte{1};
    }
  }
  EXPECT_TRUE(verify(end).clean());
}

TEST_F(BesideOwner, without_its_word_about_what_is_durable_the_end_is_taken_to_be_in_flight) {
  base::append(files[last], base::as_bytes("half a commit"));
  const VerifyReport report = verify({});
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.tail, TailState::in_flight);
  EXPECT_EQ(report.tail_bytes, 13U);
}

TEST_F(BesideOwner, the_word_of_the_owner_of_another_store_does_not_count) {
  store_id.fill(std::byte{0x11});
  const VerifyReport report = verify(segment::LogPoint{.segment = 0, .offset = 4096, .sequence = 0});
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.events, 10U);
}

TEST_F(BesideOwner, its_word_counts_where_store_meta_is_lost) {
  base::append(files[last], base::as_bytes("half a commit"));
  files.erase("store.meta");
  const VerifyReport report = verify(end);
  EXPECT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_TRUE(has(report, Law::store_meta));
  EXPECT_EQ(report.tail, TailState::in_flight);
}

TEST_F(BesideOwner, a_segment_behind_what_is_durable_is_in_flight) {
  files.erase(first);
  const VerifyReport report = verify(segment::LogPoint{.segment = 0, .offset = 4096, .sequence = 0});
  EXPECT_TRUE(has(report, Law::segment_set)) << describe(report);
  EXPECT_EQ(report.tail, TailState::in_flight);
  EXPECT_EQ(report.events, 0U);
}

TEST_F(BesideOwner, a_segment_shorter_than_what_is_durable_is_a_finding) {
  for (const std::uint64_t offset : {std::uint64_t{0}, std::uint64_t{files[last].size() + 1}}) {
    const VerifyReport report = verify(segment::LogPoint{.segment = 2, .offset = offset, .sequence = 10});
    EXPECT_TRUE(has(report, Law::segment_set)) << describe(report);
  }
}

TEST_F(BesideOwner, a_segment_that_ends_durably_in_its_seal_is_whole) {
  TestLog sealed = small_log();
  sealed.rotate();
  files = sealed.files();
  segment::CommitWalker walker(files[last], segment::SegmentHeader::decode(files[last]).value());
  segment::LogPoint seal_end;
  for (auto step = walker.next(); step.commit; step = walker.next()) seal_end = step.commit->header.end();
  files.erase(sealed.last_path());
  const VerifyReport report = verify(seal_end);
  EXPECT_TRUE(report.clean()) << describe(report);
}

TEST_F(BesideOwner, a_seal_whose_segment_is_not_trimmed_yet_is_in_flight_and_in_an_older_segment_a_finding) {
  TestLog sealed = small_log();
  sealed.rotate();
  files = sealed.files();
  files[last].resize(files[last].size() + 5'000);
  const VerifyReport newest = verify({});
  EXPECT_TRUE(newest.clean()) << describe(newest);
  EXPECT_EQ(newest.tail, TailState::in_flight);
  files = sealed.files();
  files[first].resize(files[first].size() + 5'000);
  const VerifyReport older = verify({});
  EXPECT_EQ(older.findings.size(), 1U) << describe(older);
  EXPECT_TRUE(has(older, Law::segment_seal)) << describe(older);
}

TEST_F(BesideOwner, a_seal_before_the_end_of_what_is_durable_is_not_trimmed_yet_either) {
  files[first].resize(files[first].size() + 8);
  const VerifyReport report = verify(segment::LogPoint{.segment = 0, .offset = files[first].size(), .sequence = 4});
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.tail, TailState::in_flight);
}

TEST_F(BesideOwner, a_successor_without_a_seal_before_it_is_in_flight) {
  files[segment::segment_path(10)] = blank_successor();
  const VerifyReport report = verify({});
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.tail, TailState::in_flight);
}

// Without an owner, in the last two segments.
class Interrupted : public BesideOwner {
 protected:
  [[nodiscard]] VerifyReport verify_alone() const { return verify_files(files); }
};

TEST_F(Interrupted, rotation_behind_a_torn_commit_is_an_unfinished_tail) {
  base::append(files[last], base::as_bytes("half a commit"));
  files[segment::segment_path(10)] = blank_successor();
  const VerifyReport report = verify_alone();
  EXPECT_TRUE(has(report, Law::unfinished)) << describe(report);
  EXPECT_EQ(report.tail, TailState::unfinished);
}

TEST_F(Interrupted, rotation_to_a_segment_whose_header_cannot_be_made_out_is_found_in_both) {
  base::append(files[last], base::as_bytes("half a commit"));
  files[segment::segment_path(10)] = Bytes(5'000, std::byte{0x77});
  const VerifyReport report = verify_alone();
  EXPECT_TRUE(has(report, Law::segment_set)) << describe(report);
  EXPECT_TRUE(has(report, Law::unfinished)) << describe(report);
}

TEST_F(Interrupted, rotation_to_a_segment_that_cannot_be_read_is_found_in_both) {
  base::append(files[last], base::as_bytes("half a commit"));
  const std::string next = segment::segment_path(10);
  files[next] = blank_successor();
  platform::SimFs fs;
  fs.create_directory("store").value();
  for (const auto& [path, bytes] : files) fs.write_file("store/" + path, bytes).value();
  fs.inject({.call = platform::SimCall::open, .path_contains = next, .nth = 2, .times = 100});
  const VerifyReport report = verify_directory("store", {.key = {}, .threads = 1, .file_system = &fs}).value();
  EXPECT_TRUE(has(report, Law::unreadable)) << describe(report);
  EXPECT_TRUE(has(report, Law::unfinished)) << describe(report);
}

// What follows the last segment was written to: nothing of the one before it can be a tail.
TEST_F(Interrupted, commit_before_a_segment_with_commits_is_damage) {
  files[middle][4096 + 20] ^= std::byte{1};
  files[middle][4096 + 21] ^= std::byte{1};
  EXPECT_FALSE(has(verify_alone(), Law::unfinished)) << describe(verify_alone());
}

}  // namespace
}  // namespace batpak::test
