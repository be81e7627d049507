// Segments of several megabytes, which verify reads in pieces: no piece's edge hides anything.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

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
