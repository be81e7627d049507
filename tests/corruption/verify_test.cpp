// What verify finds, and that it finds nothing in a log that is whole.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

TEST(Verify, finds_nothing_in_a_whole_log) {
  const VerifyReport report = verify_files(small_log().files());
  EXPECT_TRUE(report.clean()) << describe(report);
  EXPECT_EQ(report.segments, 3U);
  EXPECT_EQ(report.events, 10U);
  EXPECT_EQ(report.commits, 11U);
  EXPECT_EQ(report.streams, 5U);
  EXPECT_EQ(report.origin, "example.com/test-log");
  EXPECT_EQ(report.tail, TailState::clean);
  EXPECT_EQ(report.signatures, SignatureCheck::not_checked);
  ASSERT_TRUE(report.checkpoint);
  EXPECT_EQ(report.checkpoint->size, 10U);
}

TEST(Verify, finds_nothing_in_a_log_put_together_from_its_parts) {
  const Files files = small_log().files();
  const Files again = put_together(take_apart(files), files.at("store.meta"));
  EXPECT_EQ(files, again);
}

}  // namespace
}  // namespace batpak::test
