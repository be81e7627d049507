#include "read/log_tree.hpp"

#include <gtest/gtest.h>

#include <bit>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "platform/sim_fs.hpp"
#include "proof/merkle.hpp"
#include "read/tree_file.hpp"

namespace batpak::read {
namespace {

// A segment file of nothing but frames that state hashes, which is all that a tree reads of them.
class LogTreeTest : public testing::Test {
 protected:
  static constexpr std::uint32_t frame_bytes = 64;

  explicit LogTreeTest() {
    directory_ = files_.create_directory("store").value();
    index_ = std::make_shared<index::TailIndex>();
    maps_ = std::make_shared<index::MappedSegments>(directory_);
    maps_->add("segment", 1U << 20U);
  }

  void add_events(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      Bytes frame(frame_bytes);
      base::store_le(frame.data() + 4, frame_bytes);
      base::store_le(frame.data() + 16, edge_.size() + 1);
      base::store_le(frame.data(), base::crc32c(ByteView(frame).subspan(4)));
      Hash hash;
      base::store_le(hash.bytes.data(), edge_.size() + 1);
      edge_.append(proof::leaf_hash(hash));
      roots_.push_back(edge_.root());
      EventId id;
      base::store_le(id.bytes.data(), std::byteswap(edge_.size()));
      index_->add_event(id, {.segment = 0, .offset = static_cast<std::uint32_t>(segment_.size()), .length = frame_bytes},
                        nullptr);
      base::append(segment_, frame);
    }
    files_.write_file("store/segment", segment_).value();
    index_->publish();
  }

  platform::SimFs files_;
  std::shared_ptr<platform::Directory> directory_;
  std::shared_ptr<index::TailIndex> index_;
  std::shared_ptr<index::MappedSegments> maps_;
  proof::RightEdge edge_;
  std::vector<Hash> roots_;
  Bytes segment_;
};

TEST_F(LogTreeTest, has_the_root_of_every_size) {
  add_events(300);
  LogTree tree(index_, maps_);
  for (std::uint64_t size = 1; size <= 300; ++size) {
    ASSERT_TRUE(tree.grow(size));
    EXPECT_LE(tree.size(), size);
    EXPECT_GT(tree.size() + 16, size);
    ASSERT_EQ(proof::root_at(tree, size).value(), roots_[size - 1]) << size;
  }
}

TEST_F(LogTreeTest, goes_on_from_the_nodes_of_an_earlier_one) {
  add_events(200);
  LogTree first(index_, maps_);
  ASSERT_TRUE(first.grow(200));
  ASSERT_EQ(first.nodes().size(), LogTree::count_nodes(first.size()));
  LogTree second(index_, maps_);
  second.resume(first.size(), first.nodes());
  EXPECT_EQ(second.nodes(), first.nodes());
  add_events(100);
  ASSERT_TRUE(second.grow(300));
  EXPECT_EQ(proof::root_at(second, 300).value(), roots_[299]);
}

TEST_F(LogTreeTest, tells_of_what_cannot_be_read) {
  add_events(40);
  index_->add_event({}, {}, nullptr);
  add_events(40);
  LogTree tree(index_, maps_);
  EXPECT_EQ(tree.grow(81).error().code, ErrorCode::corrupt);
  EXPECT_EQ(tree.size(), 32U);
  EXPECT_EQ(tree.node(6, 0).error().code, ErrorCode::past_the_end);
  EXPECT_EQ(tree.node(0, 81).error().code, ErrorCode::past_the_end);
}

class TreeFile : public LogTreeTest {
 protected:
  TreeFile() {
    add_events(100);
    EXPECT_TRUE(tree_.grow(100));
    EXPECT_TRUE(save_tree(*directory_, id_, tree_));
    file_ = files_.read_file("store/tree/nodes").value();
  }
  // How many events the tree has that is loaded from these bytes.
  std::uint64_t load(const Bytes& bytes, std::uint64_t events_max = 100) {
    files_.write_file("store/tree/nodes", bytes).value();
    LogTree loaded(index_, maps_);
    load_tree(*directory_, id_, events_max, loaded);
    return loaded.size();
  }
  static Bytes mended(Bytes bytes) {
    base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
    return bytes;
  }

  StoreId id_{std::byte{1}};
  LogTree tree_{index_, maps_};
  Bytes file_;
};

TEST_F(TreeFile, comes_back) { EXPECT_EQ(load(file_), 96U); }

TEST_F(TreeFile, of_more_events_than_the_log_has_is_not_taken) {
  EXPECT_EQ(load(file_, 96), 96U);
  EXPECT_EQ(load(file_, 95), 0U);
}

TEST_F(TreeFile, of_another_store_is_not_taken) {
  Bytes other = file_;
  other[16] ^= std::byte{1};
  EXPECT_EQ(load(mended(other)), 0U);
}

TEST_F(TreeFile, cut_or_changed_anywhere_is_not_taken) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    ASSERT_EQ(load({file_.begin(), file_.begin() + static_cast<std::ptrdiff_t>(size)}), 0U) << size;
  }
  for (std::size_t offset = 0; offset < file_.size(); ++offset) {
    Bytes changed = file_;
    changed[offset] ^= std::byte{1};
    ASSERT_EQ(load(changed), 0U) << offset;
  }
}

TEST_F(TreeFile, with_another_root_or_size_and_its_crc_mended_is_not_taken) {
  for (std::size_t offset = 8; offset < 72; ++offset) {
    Bytes changed = file_;
    changed[offset] ^= std::byte{1};
    ASSERT_EQ(load(mended(changed)), 0U) << offset;
  }
}

}  // namespace
}  // namespace batpak::read
