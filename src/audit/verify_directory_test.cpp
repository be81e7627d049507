#include <gtest/gtest.h>

#include "batpak/verify.hpp"

namespace batpak {
namespace {

TEST(VerifyDirectory, takes_no_more_threads_than_its_bound) {
  const auto report = verify_directory("nowhere", {.threads = VerifyOptions::threads_max + 1});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::invalid_argument);
  const auto at_the_bound = verify_directory("nowhere", {.threads = VerifyOptions::threads_max});
  ASSERT_FALSE(at_the_bound);
  EXPECT_EQ(at_the_bound.error().code, ErrorCode::no_such_directory);
}

}  // namespace
}  // namespace batpak
