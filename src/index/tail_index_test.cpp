#include "index/tail_index.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/sync.hpp"

namespace batpak::index {
namespace {

EventId id_of(std::uint64_t number) {
  EventId id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::byte>(number >> (8 * i));
  return id;
}

class TailIndexTest : public testing::Test {
 protected:
  void add(std::string_view entity, std::uint32_t lane = 0) {
    index_.add_event(id_of(10 * next_), {.segment = 0, .offset = static_cast<std::uint32_t>(next_ * 100), .length = 100},
                     &index_.add_stream(entity, lane));
    ++next_;
  }

  TailIndex index_;
  std::uint64_t next_ = 0;
};

TEST_F(TailIndexTest, shows_nothing_before_it_is_published) {
  add("alice");
  EXPECT_EQ(index_.visible(), 0U);
  EXPECT_EQ(index_.stream_size("alice", 0, 100), 0U);
  index_.publish();
  EXPECT_EQ(index_.visible(), 1U);
  EXPECT_EQ(index_.stream_size("alice", 0, 100), 1U);
}

TEST_F(TailIndexTest, knows_where_every_event_stands) {
  for (int i = 0; i < 3'000; ++i) add(i % 2 == 0 ? "alice" : "bob");
  index_.publish();
  for (std::uint64_t sequence = 0; sequence < 3'000; ++sequence) {
    EXPECT_EQ(index_.place(sequence).offset, sequence * 100);
    EXPECT_FALSE(index_.place(sequence).is_damaged());
    EXPECT_EQ(index_.find(id_of(10 * sequence), 3'000), sequence);
    EXPECT_FALSE(index_.find(id_of(10 * sequence + 5), 3'000));
  }
  EXPECT_EQ(index_.streams(), 2U);
}

TEST_F(TailIndexTest, finds_an_id_only_below_the_size_asked_for) {
  for (int i = 0; i < 10; ++i) add("alice");
  index_.publish();
  EXPECT_EQ(index_.find(id_of(50), 6), 5U);
  EXPECT_FALSE(index_.find(id_of(50), 5));
  EXPECT_FALSE(index_.find(id_of(50), 0));
}

TEST_F(TailIndexTest, pages_through_a_stream_as_it_was_at_a_size) {
  for (int i = 0; i < 20; ++i) add(i % 2 == 0 ? "alice" : "bob");
  index_.publish();
  EXPECT_EQ(index_.stream_sequences("bob", 0, 0, 3, 20), (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_EQ(index_.stream_sequences("bob", 0, 8, 100, 20), (std::vector<std::uint64_t>{17, 19}));
  EXPECT_EQ(index_.stream_sequences("bob", 0, 0, 100, 6), (std::vector<std::uint64_t>{1, 3, 5}));
  EXPECT_TRUE(index_.stream_sequences("bob", 0, 10, 100, 20).empty());
  EXPECT_EQ(index_.stream_size("bob", 0, 6), 3U);
  EXPECT_EQ(index_.stream_size("bob", 0, 5), 2U);
}

TEST_F(TailIndexTest, keeps_lanes_and_unknown_streams_apart) {
  add("alice");
  add("alice", 7);
  index_.publish();
  EXPECT_EQ(index_.stream_sequences("alice", 7, 0, 10, 2), (std::vector<std::uint64_t>{1}));
  EXPECT_EQ(index_.stream_size("alice", 1, 2), 0U);
  EXPECT_TRUE(index_.stream_sequences("nobody", 0, 0, 10, 2).empty());
}

TEST_F(TailIndexTest, gives_a_stream_one_entry_that_stays_where_it_is) {
  Stream& alice = index_.add_stream("alice", 0);
  for (int i = 0; i < 1'000; ++i) static_cast<void>(index_.add_stream("entity " + std::to_string(i), 0));
  EXPECT_EQ(&index_.add_stream("alice", 0), &alice);
}

TEST_F(TailIndexTest, takes_a_damaged_event_that_belongs_to_no_stream) {
  add("alice");
  index_.add_event(id_of(0), FramePlace{}, nullptr);
  next_ = 2;
  add("alice");
  index_.publish();
  EXPECT_EQ(index_.visible(), 3U);
  EXPECT_TRUE(index_.place(1).is_damaged());
  EXPECT_EQ(index_.stream_sequences("alice", 0, 0, 10, 3), (std::vector<std::uint64_t>{0, 2}));
  EXPECT_EQ(index_.find(id_of(20), 3), 2U);
}

TEST_F(TailIndexTest, shows_a_lost_event_in_its_place_of_the_stream_and_not_before_the_event_that_says_so) {
  add("alice");
  index_.add_event(id_of(0), FramePlace{}, nullptr);
  index_.add_event(id_of(0), FramePlace{}, nullptr);
  next_ = 3;
  index_.publish();
  Stream& alice = index_.add_stream("alice", 0);
  index_.add_lost(1, alice);
  index_.add_lost(1, alice);
  EXPECT_EQ(index_.stream_size("alice", 0, 3), 1U);
  add("alice");
  add("alice");
  index_.publish(4);
  EXPECT_EQ(index_.stream_sequences("alice", 0, 0, 10, 4), (std::vector<std::uint64_t>{0, 1, 1, 3}));
  index_.publish();
  EXPECT_EQ(index_.stream_sequences("alice", 0, 0, 10, 5), (std::vector<std::uint64_t>{0, 1, 1, 3, 4}));
}

// Witness: whole_commits_only
TEST_F(TailIndexTest, is_read_whole_while_the_writer_goes_on) {
  constexpr std::uint64_t commits = 50'000;
  // Several readers, so that the writer has to wait for them in the middle of what it does.
  base::Atomic<std::uint64_t> wrong{0};
  const auto note_wrong = [&] { wrong.fetch_add(1, std::memory_order_relaxed); };  // read when the threads have ended
  const auto read = [&] {
    std::uint64_t size = 0;
    while (size < 3 * commits) {
      size = index_.visible();
      // Three events at a time, one stream each: a reader must never see part of such a commit.
      if (size % 3 != 0) note_wrong();
      for (const std::string_view entity : {"a", "b", "c"}) {
        if (index_.stream_size(entity, 0, size) != size / 3) note_wrong();
      }
      if (size != 0 && index_.place(size - 1).offset != (size - 1) * 100) note_wrong();
    }
  };
  std::vector<base::Thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (std::uint64_t commit = 0; commit < commits; ++commit) {
    for (const std::string_view entity : {"a", "b", "c"}) add(entity);
    index_.publish();
  }
  for (base::Thread& reader : readers) reader.join();
  EXPECT_EQ(wrong.load(std::memory_order_relaxed), 0U);
}

TEST(StreamEnds, are_known_below_each_size) {
  TailIndex index;
  std::vector<Stream*> streams;
  for (const char* entity : {"c", "a", "b"}) streams.push_back(&index.add_stream(entity, 3));
  for (std::uint64_t sequence = 0; sequence < 6; ++sequence) {
    EventId id;
    id.bytes[15] = static_cast<std::byte>(sequence);
    index.add_event(id, {}, streams[sequence % 2]);
  }
  index.publish(5);
  const auto of = [&](std::uint64_t first, std::size_t count, std::uint64_t size) {
    std::string text;
    for (const StreamEnd& end : index.stream_ends(first, count, size)) {
      text += std::string(end.entity) + std::to_string(end.lane) + ":" + std::to_string(end.events) + "@" +
              std::to_string(end.last) + " ";
    }
    return text;
  };
  EXPECT_EQ(of(0, 10, 5), "c3:3@4 a3:2@3 ") << "a stream without events is left out, and what is not shown yet";
  EXPECT_EQ(of(0, 10, 3), "c3:2@2 a3:1@1 ");
  EXPECT_EQ(of(0, 10, 1), "c3:1@0 ");
  EXPECT_EQ(of(0, 10, 0), "");
  EXPECT_EQ(of(1, 1, 5), "a3:2@3 ");
  EXPECT_EQ(of(2, 10, 5), "");
  EXPECT_EQ(of(7, 10, 5), "");
}

}  // namespace
}  // namespace batpak::index
