#include "index/mapped_segments.hpp"

#include <gtest/gtest.h>

#include "platform/sim_fs.hpp"
#include "segment/commit.hpp"

namespace batpak::index {
namespace {

class MappedSegmentsTest : public testing::Test {
 protected:
  // Appends a frame to a file; answers where it stands.
  FramePlace append(std::uint32_t segment, std::size_t size, int value) {
    segment::CommitBuilder builder;
    builder.begin();
    const auto frame = builder.add_frame(size);
    std::fill(frame.begin() + segment::frame_prefix_bytes, frame.end(), static_cast<std::byte>(value));
    builder.finish({}, {}, {});
    const auto file = directory_->open_file(names_[segment], platform::OpenMode::create).value();
    const std::uint64_t offset = file->size().value();
    file->write_at(offset, builder.bytes().subspan(segment::commit_header_bytes, size)).value();
    return {.segment = segment, .offset = static_cast<std::uint32_t>(offset), .length = static_cast<std::uint32_t>(size)};
  }

  const std::vector<std::string> names_ = {"a.seg", "b.seg"};
  platform::SimFs files_;
  std::shared_ptr<platform::Directory> directory_ = files_.create_directory("d").value();
  MappedSegments maps_{directory_};
};

TEST_F(MappedSegmentsTest, gives_frames_of_each_segment) {
  const FramePlace first = append(0, 64, 1);
  const FramePlace second = append(0, 128, 2);
  const FramePlace other = append(1, 64, 3);
  maps_.add("a.seg", 192);
  maps_.add("b.seg", 64);
  EXPECT_EQ(maps_.frame(first, 0)->data()[8], std::byte{1});
  EXPECT_EQ(maps_.frame(second, 1)->size(), 128U);
  EXPECT_EQ(maps_.frame(other, 2)->data()[8], std::byte{3});
  EXPECT_EQ(maps_.name(1), "b.seg");
  EXPECT_EQ(maps_.name(9), "");
}

TEST_F(MappedSegmentsTest, maps_a_segment_once_and_only_when_it_is_read) {
  const FramePlace first = append(0, 64, 1);
  const FramePlace second = append(0, 64, 2);
  maps_.add("a.seg", 128);
  EXPECT_EQ(files_.count_calls(platform::SimCall::map), 0U);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(maps_.frame(first, 0));
    EXPECT_TRUE(maps_.frame(second, 1));
  }
  EXPECT_EQ(files_.count_calls(platform::SimCall::map), 1U);
}

TEST_F(MappedSegmentsTest, follows_a_file_that_grows_and_keeps_old_views) {
  const FramePlace first = append(0, 64, 1);
  maps_.add("a.seg", 64);
  const ByteView old = maps_.frame(first, 0).value();
  for (int i = 2; i < 50; ++i) {
    const FramePlace place = append(0, 512, i);
    const auto frame = maps_.frame(place, static_cast<std::uint64_t>(i));
    ASSERT_TRUE(frame) << to_string(frame.error());
    EXPECT_EQ((*frame)[8], static_cast<std::byte>(i));
  }
  EXPECT_EQ(old[8], std::byte{1});
  EXPECT_EQ(old.size(), 64U);
}

TEST_F(MappedSegmentsTest, says_corrupt_with_the_place_where_a_crc_does_not_match) {
  append(0, 64, 1);
  const FramePlace second = append(0, 64, 2);
  maps_.add("a.seg", 128);
  for (const std::uint64_t at : {0U, 5U, 20U, 63U}) {
    files_.flip_bit("d/a.seg", second.offset + at, 1).value();
    const auto frame = maps_.frame(second, 7);
    ASSERT_FALSE(frame) << at;
    EXPECT_EQ(frame.error().code, ErrorCode::corrupt);
    EXPECT_EQ(frame.error().path, "a.seg");
    EXPECT_EQ(frame.error().offset, second.offset);
    EXPECT_EQ(frame.error().sequence, 7U);
    files_.flip_bit("d/a.seg", second.offset + at, 1).value();
  }
  EXPECT_TRUE(maps_.frame(second, 7));
}

TEST_F(MappedSegmentsTest, says_corrupt_for_a_lost_event_and_the_systems_error_for_a_lost_file) {
  EXPECT_EQ(maps_.frame(FramePlace{}, 3).error().code, ErrorCode::corrupt);
  EXPECT_EQ(maps_.frame(FramePlace{}, 3).error().sequence, 3U);
  maps_.add("gone.seg", 64);
  EXPECT_FALSE(maps_.frame({.segment = 0, .offset = 0, .length = 64}, 0));
}

}  // namespace
}  // namespace batpak::index
