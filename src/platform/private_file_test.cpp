#include "platform/private_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "base/bytes.hpp"
#include "platform/temporary_directory.hpp"

namespace batpak::platform {
namespace {

class PrivateFile : public ::testing::Test {
 protected:
  Result<std::string> read() const {
    std::array<std::byte, 64> bytes{};
    const auto size = read_private_file(path, bytes);
    if (!size) return std::unexpected(size.error());
    return std::string(base::as_text(std::span(bytes).first(*size)));
  }

  TemporaryDirectory directory;
  std::string path = directory / "key";
};

// Witness: private_key_stays_private
TEST_F(PrivateFile, is_written_with_mode_0600_and_read_back) {
  ASSERT_TRUE(write_private_file(path, base::as_bytes("secret")));
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(read().value(), "secret");
}

// Witness: private_key_stays_private
TEST_F(PrivateFile, is_never_overwritten) {
  ASSERT_TRUE(write_private_file(path, base::as_bytes("first")));
  EXPECT_EQ(write_private_file(path, base::as_bytes("second")).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read().value(), "first");
}

TEST_F(PrivateFile, does_not_follow_a_symbolic_link) {
  ASSERT_TRUE(write_private_file(path, base::as_bytes("secret")));
  const std::string link = directory / "link";
  const std::string dangling = directory / "dangling";
  ASSERT_EQ(::symlink("key", link.c_str()), 0);
  ASSERT_EQ(::symlink("nothing", dangling.c_str()), 0);
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(read_private_file(link, bytes).error().code, ErrorCode::insecure_key_file);
  EXPECT_EQ(write_private_file(dangling, base::as_bytes("secret")).error().code, ErrorCode::invalid_argument);
}

// Witness: private_key_stays_private
TEST_F(PrivateFile, is_refused_when_others_may_use_it) {
  ASSERT_TRUE(write_private_file(path, base::as_bytes("secret")));
  for (const mode_t mode : {0640U, 0604U, 0620U, 0602U, 0700U, 0610U, 0601U, 0666U, 04600U}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    ASSERT_FALSE(read()) << std::oct << mode;
    EXPECT_EQ(read().error().code, ErrorCode::insecure_key_file);
    EXPECT_EQ(read().error().path, path);
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_TRUE(read());
}

TEST_F(PrivateFile, is_refused_when_it_belongs_to_another) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_TRUE(write_private_file(path, base::as_bytes("secret")));
  ASSERT_EQ(::chown(path.c_str(), 1, 1), 0);
  EXPECT_EQ(read().error().code, ErrorCode::insecure_key_file);
}

TEST_F(PrivateFile, is_not_a_pipe_or_a_directory) {
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_EQ(read().error().code, ErrorCode::insecure_key_file);
  std::array<std::byte, 8> bytes{};
  EXPECT_EQ(read_private_file(directory.path(), bytes).error().code, ErrorCode::insecure_key_file);
}

TEST_F(PrivateFile, that_is_not_there_is_not_found) {
  EXPECT_EQ(read().error().code, ErrorCode::not_found);
  EXPECT_EQ(write_private_file(directory / "no/key", {}).error().code, ErrorCode::no_such_directory);
}

}  // namespace
}  // namespace batpak::platform
