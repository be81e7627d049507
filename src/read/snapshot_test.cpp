#include "batpak/snapshot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "base/crc32c.hpp"
#include "event/draft.hpp"
#include "event/frame_layout.hpp"
#include "event/frame_view.hpp"
#include "event/type_registry.hpp"
#include "index/mapped_segments.hpp"
#include "platform/sim_fs.hpp"
#include "read/snapshot_state.hpp"

namespace batpak::read {
namespace {

namespace layout = event::layout;

struct Said {
  static constexpr EventType event_type{.category = 0xF, .type_id = 1, .version = 2, .name = "said"};
  std::string text;
};
struct Named {  // found by the name alone
  static constexpr EventType event_type{.version = 2, .name = "said"};
  std::string text;
};
struct Other {
  static constexpr EventType event_type{.category = 0xF, .type_id = 2, .name = "other"};
  std::string text;
};

// What of an event is not as usual.
struct Given {
  std::string entity = "alice";
  std::uint32_t lane = 0;
  EventKind kind = EventKind(0xF, 1);
  std::uint16_t version = 2;
  std::uint64_t stream_version = 0;
  std::uint64_t previous = 0;
  ByteView metadata = {};
  std::function<void(Bytes&)> change = {};  // of the frame, before its CRC
};

// Snapshots of a log written by hand: frames in one file, and an index of them. What needs a whole store is in src/store.
class SnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    DeclaredType said;
    said.kind = 0xF001;
    said.version = 2;
    said.name = "said";
    types_->add(std::move(said));
  }

  static EventId id_of(std::uint64_t sequence) {
    EventId id;
    id.bytes[14] = static_cast<std::byte>((sequence + 1) >> 8U);
    id.bytes[15] = static_cast<std::byte>(sequence + 1);
    return id;
  }

  // Writes an event; answers its sequence.
  std::uint64_t add(const Given& given = {}) {
    const std::uint64_t sequence = next_++;
    event::DraftFields fields;
    fields.entity = given.entity;
    fields.scope = "tests";
    fields.kind = given.kind;
    fields.payload_version = given.version;
    fields.lane = given.lane;
    fields.metadata = given.metadata;
    event::DraftFrame draft = event::DraftFrame::begin(fields, {});
    encode_payload(draft.payload_buffer(), Said{"number " + std::to_string(sequence)}).value();
    draft.finish({}).value();
    Bytes frame(draft.frame_size());
    static_cast<void>(draft.complete({.sequence = sequence,
                                      .stream_version = given.stream_version,
                                      .time = {},
                                      .wall_microseconds = 0,
                                      .id = id_of(sequence),
                                      .previous_sequence = given.previous,
                                      .previous_hash = {}},
                                     frame));
    if (given.change) given.change(frame);
    base::store_le(frame.data() + 4, static_cast<std::uint32_t>(frame.size()));
    base::store_le(frame.data(), base::crc32c(ByteView(frame).subspan(4)));
    last_ = {
        .segment = 0, .offset = static_cast<std::uint32_t>(log_.size()), .length = static_cast<std::uint32_t>(frame.size())};
    base::append(log_, frame);
    index_->add_event(id_of(sequence), last_, &index_->add_stream(given.entity, given.lane));
    return sequence;
  }
  // An event that is lost.
  std::uint64_t lose(std::string_view entity = "alice") {
    const std::uint64_t sequence = next_++;
    index_->add_event(id_of(sequence), {}, &index_->add_stream(entity, 0));
    return sequence;
  }

  Snapshot snapshot() {
    files_.write_file("store/log.seg", log_).value();
    maps_->add("log.seg", log_.size());
    index_->publish();
    return Snapshot(std::make_shared<const SnapshotState>(index_, maps_, types_, index_->visible(), index_->visible()));
  }

  // What stands in a range: a sequence, or the code of the error in its place.
  static std::vector<std::string> seen(EventRange range) {
    std::vector<std::string> found;
    for (const Result<EventView>& event : range) {
      found.push_back(event ? std::to_string(event->sequence()) : std::string(to_string(event.error().code)));
    }
    return found;
  }

  using Seen = std::vector<std::string>;
  platform::SimFs files_;
  std::shared_ptr<platform::Directory> directory_ = files_.create_directory("store").value();
  std::shared_ptr<index::TailIndex> index_ = std::make_shared<index::TailIndex>();
  std::shared_ptr<index::MappedSegments> maps_ = std::make_shared<index::MappedSegments>(directory_);
  std::shared_ptr<event::TypeRegistry> types_ = std::make_shared<event::TypeRegistry>();
  Bytes log_;
  index::FramePlace last_;
  std::uint64_t next_ = 0;
};

TEST_F(SnapshotTest, says_corrupt_where_another_event_stands_in_the_place_of_the_one_asked_for) {
  add();
  index_->add_event(id_of(next_++), last_, &index_->add_stream("alice", 0));
  const auto event = snapshot().at(1);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::corrupt);
  EXPECT_EQ(event.error().path, "log.seg");
  EXPECT_EQ(event.error().offset, 0U);
  EXPECT_EQ(event.error().sequence, 1U);
}

TEST_F(SnapshotTest, says_corrupt_where_a_frame_with_a_right_crc_has_not_the_form_of_one) {
  add();
  add({.change = [](Bytes& frame) { base::store_le<std::uint32_t>(frame.data() + layout::header_length, 8); }});
  const Snapshot now = snapshot();
  EXPECT_TRUE(now.at(0));
  const auto event = now.at(1);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::corrupt);
  EXPECT_EQ(event.error().path, "log.seg");
  EXPECT_EQ(event.error().offset, last_.offset);
  EXPECT_EQ(event.error().sequence, 1U);
}

// Witness: unknown_is_refused
TEST_F(SnapshotTest, says_newer_format_where_a_frame_is_of_a_type_from_the_future) {
  add({.change = [](Bytes& frame) { base::store_le<std::uint16_t>(frame.data() + layout::frame_type, 2); }});
  const auto event = snapshot().at(0);
  ASSERT_FALSE(event);
  EXPECT_EQ(event.error().code, ErrorCode::newer_format);
  EXPECT_EQ(event.error().sequence, 0U);
}

// Witness: a_damaged_event_hides_no_other
TEST_F(SnapshotTest, gives_the_error_of_a_lost_event_in_its_place_and_goes_on_in_both_directions) {
  add();
  lose();
  add({.stream_version = 2, .previous = 1});
  const Snapshot now = snapshot();
  EXPECT_EQ(seen(now.read()), (Seen{"0", "corrupt", "2"}));
  EXPECT_EQ(seen(now.read({.from = {}, .direction = Direction::backwards})), (Seen{"2", "corrupt", "0"}));
  EXPECT_EQ(seen(now.stream("alice")), (Seen{"0", "corrupt", "2"}));
  EXPECT_EQ(seen(now.stream("alice", {.from_version = {}, .direction = Direction::backwards})), (Seen{"2", "corrupt", "0"}));
}

TEST_F(SnapshotTest, follows_ancestors_from_a_branch_back_into_the_main_line) {
  add();                                                                  // 0: alice, version 0
  add({.stream_version = 1, .previous = 0});                              // 1
  add({.entity = "bob"});                                                 // 2
  add({.lane = 3, .stream_version = 0, .previous = 1});                   // 3: leaves the main line at 1
  add({.stream_version = 2, .previous = 1});                              // 4
  const auto tip = add({.lane = 3, .stream_version = 1, .previous = 3});  // 5
  const Snapshot now = snapshot();
  EXPECT_EQ(seen(now.ancestors(id_of(tip))), (Seen{"5", "3", "1", "0"}));
  EXPECT_EQ(seen(now.ancestors(id_of(4))), (Seen{"4", "1", "0"}));
  EXPECT_EQ(seen(now.stream("alice", {.lane = 3})), (Seen{"3", "5"}));
  EXPECT_EQ(now.head("alice", 3).value()->version, 1U);
  EXPECT_EQ(now.lanes("alice"), (std::vector<std::uint32_t>{0, 3}));
  EXPECT_EQ(now.lanes("nobody"), std::vector<std::uint32_t>{});
}

TEST_F(SnapshotTest, ends_ancestors_with_the_error_of_one_that_cannot_be_read) {
  add();
  lose();
  const auto last = add({.stream_version = 2, .previous = 1});
  EXPECT_EQ(seen(snapshot().ancestors(id_of(last))), (Seen{"2", "corrupt"}));
}

TEST_F(SnapshotTest, gives_no_head_where_the_last_event_of_the_stream_cannot_be_read) {
  add();
  lose();
  const auto head = snapshot().head("alice");
  ASSERT_FALSE(head) << "an older event would be taken for the last";
  EXPECT_EQ(head.error().code, ErrorCode::corrupt);
}

TEST_F(SnapshotTest, shows_nothing_of_a_log_in_which_nothing_is_visible) {
  const Snapshot now = snapshot();
  EXPECT_EQ(now.size(), 0U);
  EXPECT_EQ(seen(now.read()), Seen{});
  EXPECT_EQ(seen(now.read({.from = {}, .direction = Direction::backwards})), Seen{});
  EXPECT_EQ(seen(now.read({.from = 7, .direction = Direction::backwards})), Seen{});
  EXPECT_EQ(now.at(0).error().code, ErrorCode::past_the_end);
}

TEST_F(SnapshotTest, pages_through_a_long_stream_both_ways_and_from_either_side_of_a_pages_edge) {
  std::vector<std::string> expected;
  for (std::uint64_t version = 0; version < 600; ++version) {
    expected.push_back(std::to_string(add({.stream_version = version, .previous = version == 0 ? 0 : next_ - 1})));
    if (version % 5 == 0) add({.entity = "bob", .stream_version = version / 5});
  }
  const Snapshot now = snapshot();
  EXPECT_EQ(seen(now.stream("alice")), expected);
  for (const std::uint64_t from : {0U, 255U, 256U, 257U, 511U, 512U, 599U}) {
    const auto middle = expected.begin() + static_cast<std::ptrdiff_t>(from);
    EXPECT_EQ(seen(now.stream("alice", {.from_version = from})), Seen(middle, expected.end())) << from;
    Seen back(expected.begin(), middle + 1);
    std::ranges::reverse(back);
    EXPECT_EQ(seen(now.stream("alice", {.from_version = from, .direction = Direction::backwards})), back) << from;
  }
  EXPECT_EQ(seen(now.stream("alice", {.from_version = 600})), Seen{});
}

TEST_F(SnapshotTest, gives_a_payload_only_as_the_type_and_version_that_it_has) {
  add();
  add({.kind = EventKind(0xF, 0x777)});
  add({.version = 1});
  const Snapshot now = snapshot();
  const EventView said = now.at(0).value();
  EXPECT_EQ(said.kind_name(), "said");
  EXPECT_TRUE(said.is<Said>());
  EXPECT_TRUE(said.is<Named>()) << "the name is enough";
  EXPECT_FALSE(said.is<Other>());
  EXPECT_EQ(said.as<Said>()->text, "number 0");
  EXPECT_EQ(said.as<Named>()->text, "number 0");
  const auto other = said.as<Other>();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kind_mismatch);
  EXPECT_EQ(other.error().sequence, 0U);
  EXPECT_NE(other.error().message.find("'said'"), std::string::npos);
  const EventView undeclared = now.at(1).value();
  EXPECT_EQ(undeclared.kind_name(), "");
  EXPECT_FALSE(undeclared.is<Named>());
  EXPECT_NE(undeclared.as<Named>().error().message.find("'?'"), std::string::npos);
  EXPECT_EQ(now.at(2)->as<Said>().error().code, ErrorCode::version_mismatch);
  EXPECT_EQ(EventView(event::FrameView::parse(said.frame_bytes())->parts(), nullptr).kind_name(), "")
      << "a view may be of an event whose names nobody knows";
}

TEST_F(SnapshotTest, gives_no_payload_that_was_erased) {
  add({.change = [](Bytes& frame) {
    const auto parsed = event::FrameView::parse(frame).value();
    const auto at = static_cast<std::size_t>(parsed.payload_section().data() - frame.data());
    std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(at + layout::length_bytes),
                parsed.payload_section().size() - layout::length_bytes, std::byte{0});
    base::store_le(frame.data() + layout::state, layout::state_payload_erased);
  }});
  const EventView event = snapshot().at(0).value();
  EXPECT_TRUE(event.payload_erased());
  const auto payload = event.as<Said>();
  ASSERT_FALSE(payload);
  EXPECT_EQ(payload.error().code, ErrorCode::not_found);
  EXPECT_EQ(payload.error().sequence, 0U);
}

TEST_F(SnapshotTest, gives_metadata_where_there_is_some_and_an_error_where_it_is_none) {
  Bytes good;
  encode_payload(good, Said{"why"}).value();
  const Bytes bad(3, std::byte{0xC1});
  add();
  add({.metadata = good});
  add({.metadata = bad});
  const Snapshot now = snapshot();
  EXPECT_TRUE(now.at(0)->metadata()->empty());
  EXPECT_EQ(now.at(1)->metadata()->size(), 1U);
  EXPECT_FALSE(now.at(2)->metadata());
}

}  // namespace
}  // namespace batpak::read
