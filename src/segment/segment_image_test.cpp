#include "segment/segment_image.hpp"

#include <gtest/gtest.h>

#include "platform/sim_fs.hpp"

namespace batpak::segment {
namespace {

using platform::OpenMode;

class SegmentImageTest : public testing::Test {
 protected:
  Result<SegmentImage> load(std::uint64_t from = 0) {
    return SegmentImage::load(*directory_->open_file("s", OpenMode::read).value(), from);
  }
  void write(std::size_t size) {
    bytes_.resize(size);
    for (std::size_t i = 0; i < size; ++i) bytes_[i] = static_cast<std::byte>(1 + i % 251);
    files_.write_file("d/s", bytes_).value();
  }

  platform::SimFs files_;
  std::shared_ptr<platform::Directory> directory_ = files_.create_directory("d").value();
  Bytes bytes_;
};

TEST_F(SegmentImageTest, holds_the_whole_file) {
  for (const std::size_t size : {0U, 1U, 4'096U, 100'000U, 3'000'000U}) {
    write(size);
    const auto image = load();
    ASSERT_TRUE(image);
    EXPECT_EQ(image->bytes, bytes_);
    EXPECT_TRUE(image->unreadable.empty());
  }
}

TEST_F(SegmentImageTest, reads_nothing_before_the_place_asked_for) {
  write(10'000);
  const auto image = load(6'000);
  EXPECT_EQ(image->bytes.size(), 10'000U);
  EXPECT_TRUE(base::all_zero(ByteView(image->bytes).first(6'000)));
  EXPECT_TRUE(std::equal(image->bytes.begin() + 6'000, image->bytes.end(), bytes_.begin() + 6'000));
}

TEST_F(SegmentImageTest, holds_what_is_left_of_a_file_that_its_writer_cuts_shorter_meanwhile) {
  write(3'000'000);
  bytes_.resize(4'000);
  files_.watch([&](platform::SimCall call) {
    if (call == platform::SimCall::read) files_.write_file("d/s", bytes_).value();
  });
  const auto image = load();
  ASSERT_TRUE(image);
  EXPECT_EQ(image->bytes, bytes_);
  EXPECT_TRUE(image->unreadable.empty());
}

TEST_F(SegmentImageTest, names_a_sector_that_cannot_be_read_and_reads_all_others) {
  write(3'000'000);
  const std::uint64_t bad = 1'500'000;
  files_.spoil_sector("d/s", bad).value();
  const auto image = load();
  ASSERT_TRUE(image) << "it is no error";
  ASSERT_EQ(image->unreadable.size(), 1U);
  const UnreadableRange& range = image->unreadable.front();
  EXPECT_LE(range.offset, bad);
  EXPECT_GT(range.offset + range.length, bad);
  EXPECT_LE(range.length, 4'096U);
  EXPECT_EQ(range.system_errno, 5);
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    const bool lost = i >= range.offset && i < range.offset + range.length;
    ASSERT_EQ(image->bytes[i], lost ? std::byte{0} : bytes_[i]) << i;
  }
}

TEST_F(SegmentImageTest, names_each_of_several_bad_sectors) {
  write(200'000);
  for (const std::uint64_t bad : {0U, 50'000U, 199'999U}) files_.spoil_sector("d/s", bad).value();
  const auto image = load();
  ASSERT_EQ(image->unreadable.size(), 3U);
  EXPECT_EQ(image->unreadable.back().offset + image->unreadable.back().length, 200'000U);
}

}  // namespace
}  // namespace batpak::segment
