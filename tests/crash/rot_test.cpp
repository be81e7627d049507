// Rot in what was sealed long ago: it is met where it is read, and stops the writer only where the next event could not be
// linked safely.
#include <gtest/gtest.h>

#include <array>

#include "crash/machine.hpp"

namespace batpak::test {
namespace {

// Several segments, cleanly closed. The first holds: the genesis (0), the declaration of the type (1), "alice" (2) to (4),
// "once" (5), a batch (6) to (8), "carol" (9) and more of alice. All streams but "once" go on in later segments.
class Rot : public testing::Test {
 protected:
  static constexpr std::uint64_t declaration = 1;
  static constexpr std::uint64_t superseded = 3;
  static constexpr std::uint64_t head = 5;
  static constexpr std::uint64_t second_of_batch = 7;
  static constexpr std::uint64_t large = 10;

  static void SetUpTestSuite() {
    whole_ = std::make_unique<Machine>();
    Machine& machine = *whole_;
    ASSERT_TRUE(machine.open());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(machine.append("alice", Durability::durable, 1'000));
    ASSERT_TRUE(machine.append("once"));
    ASSERT_TRUE(machine.append_batch(3));
    ASSERT_TRUE(machine.append("carol"));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(machine.append("alice", Durability::durable, 18'000));
    ASSERT_TRUE(machine.append_batch(3));
    ASSERT_TRUE(machine.append("carol"));
    ASSERT_TRUE(machine.close());
    ASSERT_GE(machine.segments().size(), 3U);
  }
  static void TearDownTestSuite() { whole_.reset(); }
  void SetUp() override { machine_ = whole_->fork(); }

  // Where an event's frame stands in the first segment.
  struct Frame {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  [[nodiscard]] Frame frame_of(std::uint64_t sequence) const {
    const Bytes bytes = whole_->read_file(segment_);
    for (const segment::CommitHeader& commit : commits_in(bytes)) {
      if (sequence < commit.first_sequence || sequence >= commit.next_sequence()) continue;
      std::uint64_t offset = commit.offset + segment::commit_header_bytes;
      for (std::uint64_t at = commit.first_sequence; at < sequence; ++at) {
        offset += segment::frame_at(ByteView(bytes).subspan(offset)).value().size();
      }
      return {.offset = offset, .size = segment::frame_at(ByteView(bytes).subspan(offset)).value().size()};
    }
    return {};
  }
  static std::string full_path() { return std::string(Machine::path) + "/" + segment_; }
  void flip(std::uint64_t offset) { machine_->files().flip_bit(full_path(), offset, 5).value(); }
  void flip_payload(std::uint64_t sequence) {
    const Frame frame = frame_of(sequence);
    flip(frame.offset + frame.size - 16);
  }
  void flip_header(std::uint64_t sequence) { flip(frame_of(sequence).offset + 48 + 70); }

  // The event says corrupt; every other one is there.
  static void expect_only_lost(const Store& store, std::uint64_t lost, std::uint64_t size) {
    const Snapshot now = store.snapshot().value();
    EXPECT_EQ(now.size(), size);
    for (std::uint64_t sequence = 0; sequence < size; ++sequence) {
      const auto event = now.at(sequence);
      if (sequence != lost) {
        ASSERT_TRUE(event) << to_string(event.error());
        EXPECT_EQ(event->sequence(), sequence);
        continue;
      }
      ASSERT_FALSE(event);
      EXPECT_EQ(event.error().code, ErrorCode::corrupt);
      EXPECT_EQ(event.error().sequence, sequence);
    }
  }
  void expect_written_around(std::uint64_t lost) {
    const std::uint64_t size = whole_events();
    ASSERT_TRUE(machine_->open());
    expect_only_lost(machine_->store(), lost, size);
    expect_named(machine_->store().open_report(), lost);
    ASSERT_TRUE(machine_->append("alice"));
    ASSERT_TRUE(machine_->append("dave"));
    expect_only_lost(machine_->store(), lost, size + 2);
    ASSERT_TRUE(machine_->close());
    for (const Finding& finding : machine_->verify().findings) {
      EXPECT_EQ(finding.path, segment_) << "only what rotted is found: " << finding.message;
    }
    expect_read_around(lost, size + 2);
    ASSERT_TRUE(machine_->open());
  }
  void expect_read_around(std::uint64_t lost, std::uint64_t size) {
    auto store = Store::open_read_only(Machine::path, {.file_system = &machine_->files()});
    ASSERT_TRUE(store) << to_string(store.error());
    expect_only_lost(*store, lost, size);
    expect_named(store->open_report(), lost);
  }
  static void expect_named(const OpenReport& report, std::uint64_t lost) {
    ASSERT_EQ(report.damage.size(), 1U);
    EXPECT_EQ(report.damage.front().path, segment_);
    EXPECT_EQ(report.damage.front().first_sequence, lost);
    EXPECT_EQ(report.damage.front().next_sequence, lost + 1);
    EXPECT_NE(report.damage.front().reason, "");
  }
  void expect_refused(std::uint64_t lost) {
    const Files before = machine_->read_files("log/");
    const auto opened = machine_->open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::damaged);
    EXPECT_EQ(opened.error().sequence, lost);
    EXPECT_EQ(opened.error().path, full_path());
    EXPECT_EQ(machine_->read_files("log/"), before);
    expect_read_around(lost, whole_events());
  }
  [[nodiscard]] static std::uint64_t whole_events() { return whole_->verify().events; }

  static constexpr const char* segment_ = "log/00000000000000000000.seg";
  static std::unique_ptr<Machine> whole_;
  std::unique_ptr<Machine> machine_;
};

std::unique_ptr<Machine> Rot::whole_;

TEST_F(Rot, of_a_payload_does_not_stop_the_writer_and_reading_it_names_the_place) {
  for (const std::uint64_t lost : {superseded, head, second_of_batch}) {
    SCOPED_TRACE(lost);
    SetUp();
    flip_payload(lost);
    expect_written_around(lost);
    const auto event = machine_->store().at(lost);
    ASSERT_FALSE(event);
    EXPECT_EQ(event.error().path, segment_);
    EXPECT_EQ(event.error().offset, frame_of(lost).offset);
  }
}

TEST_F(Rot, of_a_header_does_not_stop_the_writer_where_a_later_event_of_the_stream_is_whole) {
  for (const std::uint64_t lost : {superseded, second_of_batch}) {
    SCOPED_TRACE(lost);
    SetUp();
    flip_header(lost);
    expect_written_around(lost);
  }
}

// Witness: a_damaged_event_hides_no_other
TEST_F(Rot, of_any_byte_of_an_events_frame_leaves_all_others_readable) {
  const Frame frame = frame_of(superseded);
  for (std::uint64_t offset = 0; offset < frame.size; offset += offset < 400 ? 1 : 61) {
    SCOPED_TRACE(offset);
    SetUp();
    flip(frame.offset + offset);
    ASSERT_TRUE(machine_->open());
    expect_only_lost(machine_->store(), superseded, whole_events());
    expect_read_around(superseded, whole_events());
    if (HasFailure()) return;
  }
}

// Witness: a_damaged_event_hides_no_other
TEST_F(Rot, of_a_header_leaves_the_stream_in_its_order_with_an_error_in_the_place_of_the_lost_event) {
  const auto expect_stream = [](const Store& store) {
    std::uint64_t version = 0;
    auto stream = store.stream("alice").value();
    for (const auto& event : stream) {
      SCOPED_TRACE(version);
      if (version == 1) {
        ASSERT_FALSE(event);
        EXPECT_EQ(event.error().code, ErrorCode::corrupt);
        EXPECT_EQ(event.error().sequence, superseded);
      } else {
        ASSERT_TRUE(event) << to_string(event.error());
        EXPECT_EQ(event->stream_version(), version);
      }
      ++version;
    }
    EXPECT_EQ(version, 11U);
  };
  flip_header(superseded);
  const auto reader = Store::open_read_only(Machine::path, {.file_system = &machine_->files()});
  ASSERT_TRUE(reader) << to_string(reader.error());
  expect_stream(*reader);
  ASSERT_TRUE(machine_->open());
  expect_stream(machine_->store());
}

TEST_F(Rot, of_a_commit_header_loses_no_event) {
  const Bytes bytes = machine_->read_file(segment_);
  for (const segment::CommitHeader& commit : commits_in(bytes)) {
    if (commit.type == segment::CommitType::seal) continue;
    for (const std::uint64_t offset : {0U, 9U, 33U, 45U, 85U}) {
      SCOPED_TRACE(std::to_string(commit.offset) + " + " + std::to_string(offset));
      SetUp();
      flip(commit.offset + offset);
      ASSERT_TRUE(machine_->open());
      expect_only_lost(machine_->store(), ~0ULL, whole_events());
    }
  }
}

TEST_F(Rot, that_may_hide_the_head_of_a_stream_is_refused) {
  flip_header(head);
  expect_refused(head);
}

TEST_F(Rot, that_may_hide_several_heads_is_refused_at_the_first_of_them) {
  flip_header(head);
  flip_header(large);
  const auto opened = machine_->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().sequence, head);
  EXPECT_LT(*opened.error().offset, frame_of(large).offset);
  flip_header(head);
  ASSERT_TRUE(machine_->open()) << "the other one is not the last of its stream";
}

TEST_F(Rot, of_what_declares_a_type_is_refused) {
  flip_payload(declaration);
  expect_refused(declaration);
  SetUp();
  flip_header(declaration);
  expect_refused(declaration);
}

TEST_F(Rot, of_the_genesis_event_is_refused) {
  flip_payload(0);
  expect_refused(0);
  SetUp();
  flip_header(0);
  expect_refused(0);
}

TEST_F(Rot, of_a_sector_that_cannot_be_read_any_more_is_like_any_other) {
  // A page of the payload; the mappings of the simulation do not notice, so that only the opening meets it.
  machine_->files().spoil_sector(full_path(), frame_of(large).offset + 8'000).value();
  ASSERT_TRUE(machine_->open());
  expect_named(machine_->store().open_report(), large);
  ASSERT_TRUE(machine_->append("alice"));
}

TEST_F(Rot, of_neighbours_is_one_range_where_the_cause_is_one_and_two_where_it_is_not) {
  flip_payload(second_of_batch);
  flip_payload(second_of_batch - 1);
  ASSERT_TRUE(machine_->open());
  ASSERT_EQ(machine_->store().open_report().damage.size(), 1U);
  EXPECT_EQ(machine_->store().open_report().damage.front().first_sequence, second_of_batch - 1);
  EXPECT_EQ(machine_->store().open_report().damage.front().next_sequence, second_of_batch + 1);
  SetUp();
  flip_header(second_of_batch);
  flip_payload(second_of_batch + 1);
  ASSERT_TRUE(machine_->open());
  ASSERT_EQ(machine_->store().open_report().damage.size(), 2U);
  EXPECT_EQ(machine_->store().open_report().damage[0].next_sequence, second_of_batch + 1);
  EXPECT_EQ(machine_->store().open_report().damage[1].first_sequence, second_of_batch + 1);
}

// Witness: sequence_is_dense
TEST_F(Rot, of_two_events_in_different_commits_leaves_the_rest) {
  flip_payload(superseded);
  flip_payload(second_of_batch);
  ASSERT_TRUE(machine_->open());
  EXPECT_EQ(machine_->store().open_report().damage.size(), 2U);
  auto events = machine_->store().read();
  std::uint64_t broken = 0;
  for (const auto& event : *events) broken += event ? 0 : 1;
  EXPECT_EQ(broken, 2U);
}

// Witness: damage_is_not_a_tail
TEST_F(Rot, in_the_last_segment_behind_a_mark_is_damage) {
  const std::string last = machine_->segments().back();
  const auto commits = commits_in(machine_->read_file(last));
  ASSERT_EQ(commits.back().type, segment::CommitType::idle_mark);
  const segment::CommitHeader& acknowledged = commits[commits.size() - 2];
  for (std::uint64_t offset = 0; offset < acknowledged.length; offset += 7) {
    SCOPED_TRACE(offset);
    SetUp();
    machine_->files().flip_bit(std::string(Machine::path) + "/" + last, acknowledged.offset + offset, 2).value();
    const auto opened = machine_->open();
    ASSERT_FALSE(opened) << "an acknowledged event was taken for a torn tail";
    EXPECT_EQ(opened.error().code, ErrorCode::damaged);
  }
}

}  // namespace
}  // namespace batpak::test
