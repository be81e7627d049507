// Segments of several megabytes, which verify reads in pieces: no piece's edge hides anything.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/limits.hpp"
#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "platform/temporary_directory.hpp"

namespace batpak::test {
namespace {

constexpr std::size_t window_bytes = std::size_t{1} << 19U;
constexpr std::size_t step = std::size_t{1} << 16U;  // a divisor of whatever is read at once

TestLog::Event note_of(std::size_t size, char fill) {
  return {.entity = std::string("door:") + fill, .payload = TestLog::note(std::string(size, fill))};
}

// Commits from some hundred bytes to more than a megabyte, and idle marks with gaps of all lengths before them.
TestLog long_log() {
  TestLog log;
  log.declare_notes();
  for (std::size_t i = 0; i < 150; ++i) {
    log.commit({note_of(1 + i * 577 % 9'000, static_cast<char>('a' + i % 26))});
    if (i % 3 == 0) log.idle_mark();
  }
  log.commit({note_of(700'000, 'm')});
  for (std::size_t i = 0; i < 60; ++i) log.commit({note_of(10'000, 's')});
  log.commit({note_of(1'900'000, 'l')});
  log.idle_mark();
  log.commit({note_of(100, 's')});
  log.rotate();
  log.commit({note_of(600'000, 'm')});
  log.idle_mark();
  return log;
}

TEST(LongSegment, is_clean_in_any_number_of_threads) {
  const TestLog log = long_log();
  for (const unsigned threads : {1U, 3U}) {
    const VerifyReport report = verify_files(log.files(), {.threads = threads});
    EXPECT_TRUE(report.clean()) << describe(report);
    EXPECT_EQ(report.events, 216U);
  }
}

// Witness: flipped_byte_is_found
TEST(LongSegment, hides_no_changed_byte_at_the_edge_of_what_is_read_at_once) {
  const Files whole = long_log().files();
  const std::string path = segment::segment_path(0);
  for (std::size_t edge = step; edge < whole.at(path).size(); edge += step) {
    Files files = whole;
    const std::size_t at = edge - edge / step % 3 + 1;  // before it, on it, behind it
    files[path][at] ^= std::byte{0x40};
    const VerifyReport report = verify_files(files, {.threads = static_cast<unsigned>(1 + edge / step % 2)});
    ASSERT_EQ(report.findings.size(), 1U) << at << "\n" << describe(report);
    ASSERT_EQ(report.findings.front().offset, at) << describe(report);
  }
}

TEST(LongSegment, of_zeros_behind_its_end_is_looked_through_to_the_last_byte) {
  TestLog log = long_log();
  log.preallocate(3 * window_bytes);
  const std::size_t size = log.files().at(log.last_path()).size();
  for (const unsigned threads : {1U, 3U}) {
    EXPECT_TRUE(verify_files(log.files(), {.threads = threads}).clean());
    for (const std::size_t at : {size - 1, size - 2 * window_bytes}) {
      Files files = log.files();
      files[log.last_path()][at] = std::byte{1};
      const VerifyReport report = verify_files(files, {.threads = threads});
      ASSERT_EQ(report.findings.size(), 1U) << describe(report);
      EXPECT_EQ(report.findings.front().law, Law::unfinished) << describe(report);
    }
  }
}

TEST(LongSegment, sealed_with_zeros_behind_the_seal_is_longer_than_the_seal_says) {
  Files files = long_log().files();
  files[segment::segment_path(0)].resize(files[segment::segment_path(0)].size() + 3 * window_bytes);
  const VerifyReport report = verify_files(files);
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings.front().law, Law::segment_seal) << describe(report);
}

// Files of holes, which take no room on the disk. Whoever reads one whole takes what it says to have.
class TooLong : public testing::Test {
 protected:
  void put(const Files& files) {
    std::filesystem::create_directory(directory_ / "log");
    for (const auto& [path, bytes] : files) {
      std::ofstream(directory_ / path, std::ios::binary) << base::as_text(bytes);
    }
  }
  void stretch(const std::string& path, std::uint64_t size) { std::filesystem::resize_file(directory_ / path, size); }
  void expect_found(const std::string& path) {
    const VerifyReport report = verify_directory(directory_.path(), {}).value();
    EXPECT_TRUE(std::ranges::any_of(report.findings, [&](const Finding& finding) {
      return finding.law == Law::segment_set && finding.path == path && finding.offset == 0U;
    })) << describe(report);
    const auto store = Store::open(directory_.path(), {});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::damaged) << to_string(store.error());
    EXPECT_EQ(store.error().path, directory_ / path);
  }

  static constexpr std::uint64_t too_many = 1ULL << 34U;
  platform::TemporaryDirectory directory_;
};

TEST_F(TooLong, segment_is_found_and_not_read) {
  TestLog log;
  log.declare_notes();
  put(log.files());
  stretch(log.last_path(), limits::segment_file_bytes_max + 1);
  expect_found(log.last_path());
  stretch(log.last_path(), too_many);
  expect_found(log.last_path());
  const auto reader = Store::open_read_only(directory_.path());
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::damaged) << to_string(reader.error());
  EXPECT_EQ(reader.error().path, directory_ / log.last_path());
}

TEST_F(TooLong, older_segment_is_found_and_not_read) {
  put(small_log().files());
  stretch(segment::segment_path(4), too_many);
  expect_found(segment::segment_path(4));
}

TEST_F(TooLong, file_of_nothing_is_found_and_not_read) {
  TestLog log;
  log.declare_notes();
  put(log.files());
  const std::string path = segment::segment_path(9);
  std::ofstream(directory_ / path).flush();
  stretch(path, too_many);
  expect_found(path);
}

TEST(LongSegment, says_which_sector_cannot_be_read) {
  platform::SimFs fs;
  fs.create_directory("store").value();
  for (const auto& [path, bytes] : long_log().files()) fs.write_file("store/" + path, bytes).value();
  fs.spoil_sector("store/" + segment::segment_path(0), 2'000'000).value();
  const VerifyReport report = verify_directory("store", {.threads = 1, .file_system = &fs}).value();
  const auto unreadable = std::ranges::find(report.findings, Law::unreadable, &Finding::law);
  ASSERT_NE(unreadable, report.findings.end()) << describe(report);
  EXPECT_EQ(unreadable->offset, 1'998'848U) << describe(report);
}

// Nothing but the commits says where a segment ends.
TEST(LongSegment, cut_where_a_piece_ends_lacks_its_seal) {
  const std::string path = segment::segment_path(0);
  const Files whole = long_log().files();
  for (std::size_t edge = 8 * step; edge < whole.at(path).size(); edge += 8 * step) {
    Files files = whole;
    files[path].resize(edge);
    EXPECT_FALSE(verify_files(files).clean()) << edge;
  }
}

}  // namespace
}  // namespace batpak::test
