// Every way to read, and what a snapshot keeps.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "store/test_store.hpp"

namespace batpak {
namespace {

using test::all;
using test::at;
using test::error_of;
using test::Moved;
using test::must;
using test::Said;
using test::sequences;
using Numbers = std::vector<std::uint64_t>;

struct Deposited {
  static constexpr EventType event_type{.category = 0xA, .type_id = 1, .name = "deposited"};
  std::int64_t cents = 0;
};
struct Withdrawn {
  std::int64_t cents = 0;
};
struct DepositedDifferently {
  static constexpr EventType event_type{.category = 0xA, .type_id = 1, .name = "deposited"};
  std::string cents;
};

struct Balance {
  using events = EventTypes<Deposited, Withdrawn>;
  void apply(const Deposited& event) { cents += event.cents; }
  void apply(const Withdrawn& event, const EventView& view) {
    cents -= event.cents;
    last = view.sequence();
  }
  std::int64_t cents = 0;
  std::uint64_t last = 0;
};
struct BrokenBalance {
  using events = EventTypes<DepositedDifferently>;
  void apply(const DepositedDifferently&) {}
};

class ReadingTest : public testing::Test {
 protected:
  // Sequences 2, 3, … : events of one entity after the other.
  std::vector<Receipt> append(int count, std::string_view entity = "a") {
    std::vector<Receipt> receipts;
    for (int i = 0; i < count; ++i) receipts.push_back(must(store_.append(at(entity), Moved{.x = i})));
    return receipts;
  }

  test::SimMachine machine_;
  Store store_ = machine_.open();
};

TEST_F(ReadingTest, reads_forwards_and_backwards_from_anywhere) {
  append(4);  // 0 genesis, 1 declaration, 2–5
  const Snapshot now = must(store_.snapshot());
  const auto read = [&](std::optional<std::uint64_t> from, Direction direction, StoreEvents own = StoreEvents::skip) {
    return sequences(now.read({.from = from, .direction = direction, .store_events = own}));
  };
  EXPECT_EQ(now.size(), 6U);
  EXPECT_EQ(read({}, Direction::forwards), (Numbers{2, 3, 4, 5}));
  EXPECT_EQ(read({}, Direction::forwards, StoreEvents::include), (Numbers{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(read({}, Direction::backwards), (Numbers{5, 4, 3, 2}));
  EXPECT_EQ(read({}, Direction::backwards, StoreEvents::include), (Numbers{5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(read(4, Direction::forwards), (Numbers{4, 5}));
  EXPECT_EQ(read(4, Direction::backwards), (Numbers{4, 3, 2}));
  EXPECT_EQ(read(0, Direction::backwards, StoreEvents::include), (Numbers{0}));
  EXPECT_EQ(read(5, Direction::forwards), (Numbers{5}));
  EXPECT_EQ(read(6, Direction::forwards), (Numbers{}));
  EXPECT_EQ(read(~0ULL, Direction::forwards), (Numbers{}));
  EXPECT_EQ(read(~0ULL, Direction::backwards), (Numbers{5, 4, 3, 2}));
}

TEST_F(ReadingTest, a_stream_is_an_entitys_history_over_many_pages) {
  std::vector<std::uint64_t> expected;
  Batch batch;
  for (std::uint64_t i = 0; i < 700; ++i) {
    must(
        batch.add(at(i % 2 == 0 ? "even" : "odd", i % 3 == 0 ? "here" : "there"), Moved{.x = static_cast<std::int32_t>(i)}));
    if (i % 2 == 0) expected.push_back(2 + i);
  }
  must(store_.append_batch(std::move(batch)));
  const Snapshot now = must(store_.snapshot());
  EXPECT_EQ(sequences(now.stream("even")), expected);
  for (const std::uint64_t from : {0U, 1U, 255U, 256U, 257U, 349U, 350U, 1000U}) {
    const auto tail = sequences(now.stream("even", {.from_version = from}));
    const auto begin = expected.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(from, 350));
    EXPECT_EQ(tail, Numbers(begin, expected.end())) << from;
    const auto back = sequences(now.stream("even", {.from_version = from, .direction = Direction::backwards}));
    Numbers reversed(expected.begin(),
                     expected.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(from + 1, 350)));
    std::ranges::reverse(reversed);
    EXPECT_EQ(back, reversed) << from;
  }
  std::ranges::reverse(expected);
  EXPECT_EQ(sequences(now.stream("even", {.from_version = {}, .direction = Direction::backwards})), expected);
  std::uint64_t version = 0;
  for (const EventView& event : all(now.stream("odd"))) EXPECT_EQ(event.stream_version(), version++);
  EXPECT_EQ(version, 350U);
}

// Witness: absent_is_not_zero
TEST_F(ReadingTest, what_is_not_there_is_empty_or_not_found) {
  append(1);
  EXPECT_EQ(sequences(must(store_.stream("nobody"))), Numbers{});
  EXPECT_EQ(sequences(must(store_.stream("nobody", {.from_version = {}, .direction = Direction::backwards}))), Numbers{});
  EXPECT_EQ(sequences(must(store_.stream("a", {.lane = 1}))), Numbers{});
  EXPECT_EQ(must(store_.head("nobody")), std::nullopt);
  EXPECT_EQ(must(store_.head("a", 1)), std::nullopt);
  EXPECT_EQ(error_of(store_.get(EventId{})), "not_found");
  EventId last;
  last.bytes.fill(std::byte{0xFF});
  EXPECT_EQ(error_of(store_.get(last)), "not_found");
  EXPECT_EQ(error_of(store_.at(3)), "past_the_end");
  EXPECT_EQ(error_of(store_.at(~0ULL)), "past_the_end");
  auto ancestors = must(store_.ancestors(last));
  int errors = 0;
  for (const auto& event : ancestors) {
    EXPECT_EQ(error_of(event), "not_found");
    ++errors;
  }
  EXPECT_EQ(errors, 1);
}

TEST_F(ReadingTest, ancestors_lead_back_to_the_beginning_of_the_stream) {
  const auto first = append(3, "a");
  append(2, "b");
  const auto last = append(2, "a");
  EXPECT_EQ(sequences(must(store_.ancestors(last.back().event_id))), (Numbers{8, 7, 4, 3, 2}));
  EXPECT_EQ(sequences(must(store_.ancestors(first[1].event_id))), (Numbers{3, 2}));
  const auto events = all(must(store_.ancestors(last.back().event_id)));
  EXPECT_EQ(events.back().stream_version(), 0U);
  EXPECT_EQ(sequences(must(store_.ancestors(must(store_.at(0)).id()))), (Numbers{0}));
}

TEST_F(ReadingTest, a_head_is_the_last_event_of_its_stream) {
  append(3);
  const auto last = append(1).back();
  append(1, "b");
  const auto head = must(store_.head("a"));
  ASSERT_TRUE(head);
  EXPECT_EQ(head->version, 3U);
  EXPECT_EQ(head->position, last.position());
}

TEST_F(ReadingTest, a_position_is_found_again_or_history_has_changed) {
  const Receipt receipt = append(2).front();
  const Snapshot now = must(store_.snapshot());
  EXPECT_EQ(must(now.at(receipt.position())).id(), receipt.event_id);
  Position other = receipt.position();
  other.event_hash.bytes[0] ^= std::byte{1};
  EXPECT_EQ(error_of(now.at(other)), "history_changed");
  other = receipt.position();
  other.sequence += 1;
  EXPECT_EQ(error_of(now.at(other)), "history_changed");
  other.sequence = now.size();
  EXPECT_EQ(error_of(now.at(other)), "past_the_end");
}

TEST_F(ReadingTest, a_snapshot_stays_as_it_was_while_the_writer_goes_on) {
  append(3);
  const Snapshot then = must(store_.snapshot());
  const auto later = append(600);  // through several segments
  append(1, "b");
  EXPECT_EQ(then.size(), 5U);
  EXPECT_EQ(sequences(then.read()), (Numbers{2, 3, 4}));
  EXPECT_EQ(sequences(then.stream("a")), (Numbers{2, 3, 4}));
  EXPECT_EQ(sequences(then.stream("a", {.from_version = {}, .direction = Direction::backwards})), (Numbers{4, 3, 2}));
  EXPECT_EQ(must(then.head("a"))->version, 2U);
  EXPECT_EQ(must(then.head("b")), std::nullopt);
  EXPECT_EQ(error_of(then.get(later.front().event_id)), "not_found");
  EXPECT_EQ(error_of(then.at(5)), "past_the_end");
  EXPECT_EQ(must(store_.snapshot()).size(), 606U);
}

TEST_F(ReadingTest, views_stay_valid_across_rotation_and_after_closing) {
  const Receipt receipt = append(1).front();
  std::optional<Store> closing(std::move(store_));
  std::optional<Snapshot> snapshot(must(closing->snapshot()));
  const EventView view = must(snapshot->at(2));
  const Event event = must(closing->at(2));
  auto range = snapshot->read();
  for (int i = 0; i < 1000; ++i) must(closing->append(at("a"), Said{std::string(1000, 'x')}));
  must(closing->close());
  EXPECT_GE(machine_.verify().segments, 4U);
  EXPECT_EQ(view.event_hash(), receipt.event_hash);
  EXPECT_EQ(must(snapshot->at(0)).kind_name(), "batpak.genesis");  // reading goes on after closing
  closing.reset();
  EXPECT_EQ(must(view.as<Moved>()).x, 0);
  EXPECT_EQ(view.kind_name(), "moved");
  EXPECT_EQ(must(snapshot->get(receipt.event_id)).sequence(), 2U);
  snapshot.reset();
  EXPECT_EQ(sequences(std::move(range)), (Numbers{2}));  // a range keeps its own
  EXPECT_EQ(must(event.as<Moved>()).x, 0);               // and so does an event
  EXPECT_EQ(event.kind_name(), "moved");
  store_ = machine_.open();
}

TEST_F(ReadingTest, everything_reads_the_same_after_reopening) {
  append(300, "a");
  must(store_.append_json(at("b"), "said", R"({"text":"hello"})", {.metadata = {{"k", 1}}}));
  const auto describe = [&] {
    std::string text;
    for (const EventView& event : all(must(store_.read({.from = {}, .store_events = StoreEvents::include})))) {
      text += std::to_string(event.sequence()) + ' ' + std::string(event.entity()) + ' ' + std::string(event.kind_name()) +
              ' ' + to_string(event.id()) + ' ' + to_string(event.event_hash()) + ' ' + to_string(event.time()) + '\n';
    }
    return text;
  };
  const std::string before = describe();
  must(store_.close());
  store_ = machine_.open();
  EXPECT_EQ(describe(), before);
  EXPECT_EQ(must(store_.head("a"))->version, 299U);
  ReadOnlyOptions options;
  options.file_system = &machine_.files;
  must(store_.close());
  store_ = must(Store::open_read_only("store", options));
  EXPECT_EQ(describe(), before);
}

TEST_F(ReadingTest, a_projection_folds_the_types_it_names) {
  must(store_.append(at("account"), Deposited{100}));
  must(store_.append(at("account"), Said{"passed over"}));
  const auto last = must(store_.append(at("account"), Withdrawn{30}));
  must(store_.append(at("other"), Deposited{1}));
  const auto balance = must(store_.project<Balance>("account"));
  EXPECT_EQ(balance.cents, 70);
  EXPECT_EQ(balance.last, last.sequence);
  EXPECT_EQ(must(store_.project<Balance>("nobody")).cents, 0);
  const auto broken = store_.project<BrokenBalance>("account");
  EXPECT_EQ(error_of(broken), "type_mismatch");
  EXPECT_EQ(broken.error().sequence, 2U);
}

TEST_F(ReadingTest, buffered_events_are_seen_at_once_and_durable_with_the_next_sync) {
  const auto receipt = must(store_.append(at("a"), Moved{}, {.durability = Durability::buffered}));
  EXPECT_EQ(receipt.durability, Durability::buffered);
  EXPECT_EQ(store_.frontier().accepted, 3U);
  EXPECT_EQ(store_.frontier().durable, 1U);
  EXPECT_EQ(must(store_.get(receipt.event_id)).sequence(), receipt.sequence);
  EXPECT_EQ(must(store_.snapshot()).size(), 3U);
  EXPECT_EQ(must(store_.snapshot()).durable_size(), 1U);
  EXPECT_EQ(store_.frontier().visible, 3U);
  must(store_.sync());
  EXPECT_EQ(must(store_.snapshot()).durable_size(), 3U);
  EXPECT_EQ(store_.frontier().durable, 3U);
  EXPECT_TRUE(store_.verify_receipt(receipt));
}

TEST_F(ReadingTest, buffered_events_are_synced_by_house_keeping_after_the_interval) {
  must(store_.append(at("a"), Moved{}, {.durability = Durability::buffered}));
  store_.keep_house();
  EXPECT_EQ(store_.frontier().durable, 1U);
  machine_.clock.advance(std::chrono::milliseconds(50));
  store_.keep_house();
  EXPECT_EQ(store_.frontier().durable, 3U);
}

TEST_F(ReadingTest, buffered_events_outlive_a_close_and_a_durable_neighbour) {
  const auto first = must(store_.append(at("a"), Moved{}, {.durability = Durability::buffered}));
  must(store_.append(at("a"), Moved{}));
  EXPECT_EQ(store_.frontier().durable, 4U);
  const auto last = must(store_.append(at("a"), Moved{}, {.durability = Durability::buffered}));
  must(store_.close());
  machine_.files.crash(platform::SimCrash::losing_everything());
  store_ = machine_.open();
  EXPECT_TRUE(store_.verify_receipt(first));
  EXPECT_TRUE(store_.verify_receipt(last));
}

// Witness: prefix_of_attempts
TEST_F(ReadingTest, a_crash_takes_buffered_events_from_the_end) {
  must(store_.append(at("a"), Moved{}));
  const auto lost = must(store_.append(at("a"), Moved{}, {.durability = Durability::buffered}));
  must(store_.snapshot());  // written, not synced
  machine_.files.crash(platform::SimCrash::losing_everything());
  static_cast<void>(store_.close());
  store_ = machine_.open();
  EXPECT_EQ(must(store_.snapshot()).size(), 3U);
  EXPECT_NE(error_of(store_.verify_receipt(lost)), "none");
}

// Witness: a_damaged_event_hides_no_other
TEST_F(ReadingTest, a_damaged_event_is_an_error_in_its_place_and_reading_goes_on) {
  append(5);
  const Position position = must(store_.at(4)).position();
  must(store_.close());
  const std::string path = machine_.files.list_files().at(2);
  ASSERT_TRUE(path.ends_with(".seg")) << path;
  const Bytes log = must(machine_.files.read_file(path));
  const auto found = std::search(log.begin(), log.end(), position.event_hash.bytes.begin(), position.event_hash.bytes.end());
  ASSERT_NE(found, log.end());
  must(machine_.files.flip_bit(path, static_cast<std::uint64_t>(found - log.begin()), 0));
  ReadOnlyOptions options;
  options.file_system = &machine_.files;
  store_ = must(Store::open_read_only("store", options));
  std::vector<std::string> seen;
  auto events = must(store_.read());
  for (const auto& event : events) seen.push_back(event ? std::to_string(event->sequence()) : error_of(event));
  EXPECT_EQ(seen, (std::vector<std::string>{"2", "3", "corrupt", "5", "6"}));
  EXPECT_FALSE(store_.open_report().damage.empty());
}

TEST(ReaderOfALogAtRest, reads_it_again_only_when_somebody_has_written_to_it) {
  test::SimMachine machine;
  Store writer = machine.open();
  must(writer.append(at("door:1"), Moved{.x = 1, .y = 0}));
  must(writer.close());
  ReadOnlyOptions options;
  options.file_system = &machine.files;
  const Store reader = must(Store::open_read_only("store", options));
  const std::uint64_t size = must(reader.snapshot()).size();
  machine.files.clear_calls();
  EXPECT_EQ(must(reader.snapshot()).size(), size);
  for (const platform::SimCallRecord& call : machine.files.calls()) {
    const bool reads_log = call.call == platform::SimCall::read && call.path.ends_with(".seg");
    EXPECT_FALSE(reads_log) << call.path;
  }
  for (int i = 0; i < 3; ++i) {
    Store again = machine.open();
    must(again.append(at("door:1"), Moved{.x = 1, .y = 0}));
    must(again.close());
    EXPECT_EQ(must(reader.snapshot()).size(), size + 1 + static_cast<std::uint64_t>(i));
  }
}

}  // namespace
}  // namespace batpak
