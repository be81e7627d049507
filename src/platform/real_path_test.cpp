#include "platform/real_path.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "platform/temporary_directory.hpp"

namespace batpak::platform {
namespace {

namespace fs = std::filesystem;

class RealPathTest : public testing::Test {
 protected:
  RealPathTest() {
    fs::create_directory(place_ / "there");
    std::ofstream(place_ / "there" / "file") << "text";
  }

  TemporaryDirectory directory_;
  fs::path place_ = fs::canonical(directory_.path());
};

TEST_F(RealPathTest, follows_links_to_files_and_on_the_way_to_them) {
  fs::create_symlink("there/file", place_ / "link");
  fs::create_symlink(place_ / "there", place_ / "way");
  fs::create_symlink("link", place_ / "link_to_link");
  const std::string file = (place_ / "there" / "file").string();
  for (const char* path : {"there/file", "there/../there/file", "link", "way/file", "link_to_link"}) {
    const auto real = real_path((place_ / path).string());
    ASSERT_TRUE(real) << path;
    EXPECT_EQ(*real, file) << path;
  }
}

TEST_F(RealPathTest, leads_to_what_is_not_there_yet) {
  fs::create_symlink("there/nothing", place_ / "link");
  EXPECT_EQ(real_path((place_ / "link").string()).value(), (place_ / "there" / "nothing").string());
  EXPECT_EQ(real_path((place_ / "new").string()).value(), (place_ / "new").string());
}

TEST_F(RealPathTest, refuses_circles_and_ways_through_nothing) {
  fs::create_symlink("b", place_ / "a");
  fs::create_symlink("a", place_ / "b");
  EXPECT_EQ(real_path((place_ / "a").string()).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(real_path((place_ / "nothing" / "file").string()).error().code, ErrorCode::no_such_directory);
}

}  // namespace
}  // namespace batpak::platform
