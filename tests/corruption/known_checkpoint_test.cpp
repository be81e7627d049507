// What is known of a log from elsewhere: its name.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view origin = "example.com/test-log";

TEST(KnownName, of_another_log_is_found_though_the_key_is_the_same) {
  const SigningKey first = SigningKey::generate().value();
  Files files = small_log({.key = &first}).files();
  VerifyOptions options{.key = first.public_key(), .origin = std::string(origin)};
  EXPECT_TRUE(verify_files(files, options).clean());
  options.origin = "example.com/other";
  for (const bool with_key : {true, false}) {
    if (!with_key) options.key.reset();
    const VerifyReport report = verify_files(files, options);
    ASSERT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_EQ(report.findings[0].law, Law::unknown_origin);
    EXPECT_TRUE(report.findings[0].message.contains(origin)) << report.findings[0].message;
    EXPECT_TRUE(report.findings[0].message.contains("example.com/other"));
  }
  // The genesis event says it too.
  files.erase("store.meta");
  EXPECT_TRUE(has(verify_files(files, options), Law::unknown_origin));
  options.origin = origin;
  EXPECT_FALSE(has(verify_files(files, options), Law::unknown_origin));
}

}  // namespace
}  // namespace batpak::test
