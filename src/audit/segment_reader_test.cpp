#include "audit/segment_reader.hpp"

#include <gtest/gtest.h>

#include "platform/sim_fs.hpp"

namespace batpak::audit {
namespace {

using platform::OpenMode;

class SegmentReaderTest : public testing::TestWithParam<unsigned> {
 protected:
  void write(std::size_t size) {
    bytes_.resize(size);
    for (std::size_t i = 0; i < size; ++i) bytes_[i] = static_cast<std::byte>(1 + i % 251);
    files_.write_file("d/s", bytes_).value();
  }
  std::unique_ptr<SegmentReader> open() {
    return std::make_unique<SegmentReader>(pool_, directory_->open_file("s", OpenMode::read).value(), bytes_.size(), sizes_,
                                           spare_);
  }
  // Whether the window holds the bytes of its place.
  [[nodiscard]] bool is_true(const Window& window) const {
    return std::ranges::equal(window.bytes(), ByteView(bytes_).subspan(window.begin(), window.bytes().size()));
  }

  platform::SimFs files_;
  std::shared_ptr<platform::Directory> directory_ = files_.create_directory("d").value();
  TaskPool pool_{GetParam()};
  WindowSizes sizes_{.bytes = 1000, .room = 300, .ahead = GetParam() == 1 ? 0U : 2U};
  std::vector<Bytes> spare_;
  Bytes bytes_;
};
INSTANTIATE_TEST_SUITE_P(Threads, SegmentReaderTest, testing::Values(1, 2));

TEST_P(SegmentReaderTest, gives_the_file_in_windows_that_follow_each_other) {
  for (const std::size_t size : {1U, 999U, 1000U, 1001U, 4500U}) {
    write(size);
    const auto reader = open();
    std::uint64_t end = 0;
    while (const auto window = reader->next()) {
      EXPECT_EQ(window->begin(), end);
      EXPECT_TRUE(is_true(*window));
      end += window->bytes().size();
    }
    EXPECT_EQ(end, size);
    EXPECT_FALSE(reader->next());
  }
}

TEST_P(SegmentReaderTest, begins_a_window_with_what_the_one_before_left_over) {
  write(10'000);
  for (const std::size_t left : {1U, 300U, 301U, 1000U}) {
    const auto reader = open();
    const auto first = reader->next();
    const auto second = reader->next(first->bytes().last(left), left + 1);
    EXPECT_EQ(second->begin(), 1000 - left);
    EXPECT_EQ(second->bytes().size(), 1000 + left);
    EXPECT_TRUE(is_true(*second));
    EXPECT_TRUE(is_true(*first));
  }
}

TEST_P(SegmentReaderTest, goes_on_until_a_window_holds_what_it_must) {
  write(10'500);
  const auto reader = open();
  const auto first = reader->next();
  const auto joined = reader->next(first->bytes().last(200), 3'300);
  EXPECT_EQ(joined->begin(), 800U);
  EXPECT_GE(joined->bytes().size(), 3'300U);
  EXPECT_TRUE(is_true(*joined));
  // More than there is: all of it.
  const auto rest = reader->next(joined->bytes().last(10), 100'000);
  EXPECT_EQ(rest->begin() + rest->bytes().size(), 10'500U);
  EXPECT_TRUE(is_true(*rest));
}

TEST_P(SegmentReaderTest, has_no_window_where_the_file_cannot_be_read_or_is_shorter_than_it_was) {
  sizes_.bytes = 8'192;
  write(40'000);
  files_.spoil_sector("d/s", 20'000).value();
  const auto broken = open();
  EXPECT_TRUE(broken->next());
  EXPECT_TRUE(broken->next());
  EXPECT_FALSE(broken->next());
  sizes_.bytes = 1'000;
  write(5'000);
  const auto cut = open();
  files_.write_file("d/s", ByteView(bytes_).first(500)).value();
  std::shared_ptr<const Window> window;
  do window = cut->next();
  while (window && window->begin() + window->bytes().size() < 5'000);
  EXPECT_TRUE(!window || is_true(*window));
}

TEST_P(SegmentReaderTest, uses_the_memory_of_windows_again) {
  write(100'000);
  {
    const auto reader = open();
    while (reader->next()) {
    }
  }
  EXPECT_LE(spare_.size(), sizes_.ahead + 2);
}

TEST_P(SegmentReaderTest, may_go_while_it_reads_ahead) {
  write(100'000);
  EXPECT_TRUE(open()->next());
}

}  // namespace
}  // namespace batpak::audit
