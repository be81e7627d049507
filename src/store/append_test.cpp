// Appending one event or a batch: what is stored, what is refused, and what a refusal leaves.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/limits.hpp"
#include "batpak/json.hpp"
#include "store/test_store.hpp"

namespace batpak {
namespace {

using test::all;
using test::at;
using test::error_of;
using test::Moved;
using test::must;
using test::Said;

struct MovedByName {
  static constexpr EventType event_type{.name = "moved"};
  std::int32_t x = 0;
  std::int32_t y = 0;
};
struct Jumped {  // claims the kind of Moved
  static constexpr EventType event_type{.category = 0xF, .type_id = 0x001, .name = "jumped"};
  std::int32_t height = 0;
};
struct MovedElsewhere {  // claims the name of Moved
  static constexpr EventType event_type{.category = 0xF, .type_id = 0x002, .name = "moved"};
  std::int32_t x = 0;
};
struct MovedAgain {
  static constexpr EventType event_type{.category = 0xF, .type_id = 0x001, .version = 2, .name = "moved"};
  std::int32_t x = 0;
  std::int32_t y = 0;
};
struct MovedWithZ {
  static constexpr EventType event_type{.category = 0xF, .type_id = 0x001, .name = "moved"};
  std::int32_t x = 0;
  std::int32_t y = 0;
  std::int32_t z = 0;
};
struct Named {
  static constexpr EventType event_type{.name = "batpak.mine"};
  int x = 0;
};

class AppendTest : public testing::Test {
 protected:
  std::vector<std::string> kind_names(StoreEvents store_events) {
    std::vector<std::string> names;
    for (const EventView& event : all(must(store_.read({.from = {}, .store_events = store_events})))) {
      names.emplace_back(event.kind_name());
    }
    return names;
  }
  void reopen() {
    must(store_.close());
    store_ = machine_.open();
  }

  test::SimMachine machine_;
  Store store_ = machine_.open();
};

TEST_F(AppendTest, a_receipt_says_what_is_read_back) {
  const auto first = must(store_.append(at("alice"), Moved{1, 2}));
  machine_.clock.advance(std::chrono::seconds(1));
  const auto second = must(store_.append(at("alice", "elsewhere"), Moved{3, 4}));
  EXPECT_EQ(first.sequence, 2U);  // after the genesis and the declaration
  EXPECT_EQ(second.sequence, 3U);
  EXPECT_EQ(first.stream_version, 0U);
  EXPECT_EQ(second.stream_version, 1U);
  EXPECT_EQ(first.previous_hash, must(store_.at(0)).event_hash());  // a stream begins behind the genesis
  EXPECT_EQ(second.previous_hash, first.event_hash);                // whatever the scope
  for (const Receipt& receipt : {first, second}) {
    const Event event = must(store_.get(receipt.event_id));
    EXPECT_EQ(event.sequence(), receipt.sequence);
    EXPECT_EQ(event.stream_version(), receipt.stream_version);
    EXPECT_EQ(event.id(), receipt.event_id);
    EXPECT_EQ(event.kind(), receipt.kind);
    EXPECT_EQ(event.kind(), EventKind(0xF, 1));
    EXPECT_EQ(event.kind_name(), "moved");
    EXPECT_EQ(event.time(), receipt.time);
    EXPECT_EQ(event.wall_microseconds(), receipt.wall_microseconds);
    EXPECT_EQ(event.event_hash(), receipt.event_hash);
    EXPECT_EQ(event.previous_hash(), receipt.previous_hash);
    EXPECT_EQ(event.content_hash(), receipt.content_hash);
    EXPECT_EQ(event.compute_content_hash(), receipt.content_hash);
    EXPECT_EQ(event.position(), receipt.position());
    EXPECT_EQ(event.batch_index(), 0U);
    EXPECT_EQ(event.batch_size(), 1U);
    EXPECT_EQ(event.lane(), 0U);
    EXPECT_EQ(receipt.durability, Durability::durable);
    EXPECT_FALSE(receipt.clock_skew);
    EXPECT_EQ(receipt.checkpoint, nullptr);
    EXPECT_EQ(receipt.event_signature, std::nullopt);
    EXPECT_TRUE(store_.verify_receipt(receipt));
  }
  EXPECT_EQ(must(store_.get(second.event_id)).entity(), "alice");
  EXPECT_EQ(must(store_.get(second.event_id)).scope(), "elsewhere");
  EXPECT_EQ(must(must(store_.get(second.event_id)).as<Moved>()).y, 4);
  EXPECT_EQ(must(store_.get(second.event_id)).previous_sequence(), first.sequence);
}

// Witness: canonical_one_form
TEST_F(AppendTest, typed_and_json_give_the_same_bytes) {
  const auto typed = must(store_.append(at("a"), Moved{-1, 300}));
  const auto json = must(store_.append_json(at("a"), "moved", R"({"y":300,"x":-1})"));
  const auto by_name = must(store_.append(at("a"), MovedByName{-1, 300}));
  for (const Receipt& receipt : {json, by_name}) {
    EXPECT_EQ(receipt.kind, EventKind(0xF, 1));
    EXPECT_TRUE(
        std::ranges::equal(must(store_.get(receipt.event_id)).payload(), must(store_.get(typed.event_id)).payload()));
    EXPECT_NE(receipt.content_hash, typed.content_hash);  // salted each by itself
  }
  EXPECT_EQ(must(must(store_.get(json.event_id)).as<Moved>()).y, 300);
  EXPECT_EQ(must(json_from_messagepack(must(store_.get(typed.event_id)).payload(), JsonStyle::compact)),
            R"({"x":-1,"y":300})");
}

// Witness: declaration_before_event
TEST_F(AppendTest, a_type_is_declared_once_before_its_first_event) {
  must(store_.append(at("a"), Moved{}));
  must(store_.append(at("a"), Moved{}));
  must(store_.append(at("b"), Said{"hello"}));
  EXPECT_EQ(kind_names(StoreEvents::include),
            (std::vector<std::string>{"batpak.genesis", "batpak.type", "moved", "moved", "batpak.type", "Said"}));
  EXPECT_EQ(kind_names(StoreEvents::skip), (std::vector<std::string>{"moved", "moved", "Said"}));
  const auto types = store_.types();
  ASSERT_EQ(types.size(), 2U);
  EXPECT_EQ(types[0].name, "moved");
  EXPECT_EQ(types[0].kind, 0xF001);
  EXPECT_EQ(types[0].version, 1);
  EXPECT_EQ(types[0].sequence, 1U);
  ASSERT_EQ(types[0].fields.size(), 2U);
  EXPECT_EQ(types[0].fields[1].name, "y");
  EXPECT_EQ(types[0].fields[1].type, "i32");
  EXPECT_EQ(types[1].name, "Said");
  EXPECT_EQ(types[1].sequence, 4U);
  reopen();
  must(store_.append(at("a"), Moved{}));
  EXPECT_EQ(store_.types().size(), 2U);
  EXPECT_EQ(test::findings(machine_.verify()), "");
}

// Witness: declaration_before_event
TEST_F(AppendTest, a_declaration_is_in_the_commit_of_its_event) {
  machine_.files.clear_calls();
  must(store_.append(at("a"), Moved{}));
  std::size_t writes = 0;
  for (const auto& call : machine_.files.calls()) {
    writes += call.call == platform::SimCall::write && call.path.ends_with(".seg") ? 1 : 0;
  }
  EXPECT_EQ(writes, 1U);
}

TEST_F(AppendTest, other_versions_and_other_fields_are_declared_too) {
  must(store_.append(at("a"), Moved{}));
  const auto again = must(store_.append(at("a"), MovedAgain{.x = 7, .y = 8}));
  must(store_.append(at("a"), MovedWithZ{}));
  EXPECT_EQ(store_.types().size(), 3U);
  EXPECT_EQ(again.kind, EventKind(0xF, 1));
  const Event event = must(store_.get(again.event_id));
  EXPECT_EQ(event.payload_version(), 2);
  EXPECT_EQ(error_of(event.as<Moved>()), "version_mismatch");
  EXPECT_EQ(must(event.as<MovedAgain>()).x, 7);
  EXPECT_EQ(error_of(event.as<Said>()), "kind_mismatch");
  EXPECT_TRUE(event.is<MovedByName>());
  EXPECT_FALSE(event.is<Said>());
}

// Witness: declaration_before_event, whole_commits_only
TEST_F(AppendTest, a_collision_is_refused_and_leaves_nothing) {
  must(store_.append(at("a"), Moved{}));
  const auto size = must(store_.snapshot()).size();
  EXPECT_EQ(error_of(store_.append(at("a"), Jumped{})), "kind_collision");
  EXPECT_EQ(error_of(store_.append(at("a"), MovedElsewhere{})), "kind_collision");
  Batch batch;
  must(batch.add(at("a"), Said{"first of its kind"}));
  must(batch.add(at("a"), Jumped{}));
  EXPECT_EQ(error_of(store_.append_batch(std::move(batch))), "kind_collision");
  EXPECT_EQ(must(store_.snapshot()).size(), size);
  EXPECT_EQ(store_.types().size(), 1U);
  // What was refused took no kind and no place.
  const auto json = must(store_.append_json(at("a"), "first", "1"));
  EXPECT_EQ(json.kind, EventKind(0x1, 0));
  EXPECT_EQ(store_.types().size(), 2U);
  must(store_.append(at("a"), Said{"again"}));
  reopen();
  EXPECT_EQ(store_.types().size(), 3U);
  EXPECT_EQ(test::findings(machine_.verify()), "");
}

TEST_F(AppendTest, within_a_batch_later_events_are_judged_after_earlier_ones) {
  Batch batch;
  must(batch.add(at("a"), Moved{}));
  must(batch.add(at("a"), Jumped{}));
  EXPECT_EQ(error_of(store_.append_batch(std::move(batch))), "kind_collision");
  EXPECT_TRUE(store_.types().empty());
  Batch both;
  must(both.add_json(at("a"), "one", "1"));
  must(both.add_json(at("a"), "two", "2"));
  must(both.add_json(at("a"), "one", "3"));
  const auto receipts = must(store_.append_batch(std::move(both)));
  EXPECT_EQ(receipts[0].kind, EventKind(0x1, 0));
  EXPECT_EQ(receipts[1].kind, EventKind(0x1, 1));
  EXPECT_EQ(receipts[2].kind, EventKind(0x1, 0));
  EXPECT_EQ(receipts[0].sequence, 3U);
}

TEST_F(AppendTest, names_keep_their_kinds_over_reopening) {
  const auto first = must(store_.append_json(at("a"), "first", "{}"));
  const auto second = must(store_.append_json(at("a"), "second", "{}"));
  EXPECT_EQ(first.kind, EventKind(0x1, 0));
  EXPECT_EQ(second.kind, EventKind(0x1, 1));
  reopen();
  EXPECT_EQ(must(store_.append_json(at("a"), "second", "{}")).kind, second.kind);
  EXPECT_EQ(must(store_.append_json(at("a"), "third", "{}")).kind, EventKind(0x1, 2));
  EXPECT_EQ(must(store_.append_json(at("a"), "first", "{}")).kind, first.kind);
  EXPECT_EQ(must(store_.snapshot()).kind_named("second"), second.kind);
  EXPECT_EQ(must(store_.snapshot()).kind_named("never"), std::nullopt);
}

TEST_F(AppendTest, names_that_cannot_be_declared_are_refused) {
  for (const std::string& name :
       {std::string(), std::string(256, 'n'), std::string("\xFF"), std::string("a\tb"), std::string("batpak.genesis")}) {
    EXPECT_EQ(error_of(store_.append_json(at("a"), name, "{}")), "invalid_name") << name;
  }
  EXPECT_EQ(error_of(store_.append(at("a"), Named{})), "invalid_name");
  EXPECT_EQ(must(store_.snapshot()).size(), 1U);
}

TEST_F(AppendTest, json_that_is_none_is_refused) {
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", "")), "malformed");
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", "{\"a\":")), "malformed");
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", "{} {}")), "malformed");
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", R"({"a":1,"a":2})")), "duplicate_key");
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", "\"\xFF\"")), "invalid_utf8");
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", "99999999999999999999")), "out_of_range");
  EXPECT_EQ(error_of(store_.append_json(at("a"), "n", std::string(100, '[') + std::string(100, ']'))), "too_deep");
  EXPECT_EQ(error_of(store_.append(at("a"), Said{"\xC3"})), "invalid_utf8");
  EXPECT_EQ(must(store_.snapshot()).size(), 1U);
}

// Witness: whole_commits_only
TEST_F(AppendTest, a_batch_is_one_commit_in_its_order) {
  Batch batch;
  for (std::int32_t i = 0; i < 5; ++i) must(batch.add(at(i % 2 == 0 ? "even" : "odd"), Moved{.x = i}));
  EXPECT_EQ(batch.size(), 5U);
  EXPECT_GT(batch.bytes_size(), 5U * 200U);
  machine_.files.clear_calls();
  const auto receipts = must(store_.append_batch(std::move(batch)));
  EXPECT_EQ(machine_.files.count_calls(platform::SimCall::sync), 1U);
  ASSERT_EQ(receipts.size(), 5U);
  for (std::uint32_t i = 0; i < 5; ++i) {
    EXPECT_EQ(receipts[i].sequence, 2 + i);
    EXPECT_EQ(receipts[i].stream_version, i / 2);
    const Event event = must(store_.get(receipts[i].event_id));
    EXPECT_EQ(must(event.as<Moved>()).x, static_cast<std::int32_t>(i));
    EXPECT_EQ(event.batch_index(), i);
    EXPECT_EQ(event.batch_size(), 5U);
    EXPECT_TRUE(store_.verify_receipt(receipts[i]));
  }
  must(store_.close());
  EXPECT_EQ(test::findings(machine_.verify()), "");
}

TEST_F(AppendTest, an_empty_batch_is_refused) { EXPECT_EQ(error_of(store_.append_batch(Batch())), "empty_batch"); }

TEST_F(AppendTest, what_does_not_fit_into_a_segment_is_refused_before_anything_is_written) {
  machine_.files.clear_calls();
  Batch batch;
  for (int i = 0; i < 300; ++i) must(batch.add(at("a"), Said{std::string(1000, 'x')}));
  EXPECT_EQ(error_of(store_.append_batch(std::move(batch))), "batch_too_large");
  EXPECT_EQ(error_of(store_.append(at("a"), Said{std::string(300'000, 'x')})), "batch_too_large");
  EXPECT_EQ(error_of(store_.try_append(at("a"), Said{std::string(300'000, 'x')})), "batch_too_large");
  EXPECT_EQ(machine_.files.count_calls(platform::SimCall::write), 0U);
  EXPECT_TRUE(store_.append(at("a"), Said{std::string(200'000, 'x')}));
}

TEST_F(AppendTest, the_largest_request_of_each_size_of_segment_fits) {
  for (std::uint64_t segment_bytes = limits::segment_bytes_min; segment_bytes <= (1U << 20); segment_bytes *= 2) {
    test::SimMachine machine;
    OpenOptions options = machine.options();
    options.segment_bytes = segment_bytes;
    Store store = test::SimMachine::open(options);
    // The edge between what is taken and what is refused, and then the largest ones of each alignment.
    std::size_t size = segment_bytes - 20'000;
    std::size_t refused = segment_bytes;
    while (refused - size > 1) {
      const std::size_t middle = size + (refused - size) / 2;
      const std::string answer = error_of(store.append(at("a"), Said{std::string(middle, 'x')}));
      ASSERT_TRUE(answer == "none" || answer == "batch_too_large") << answer;
      (answer == "none" ? size : refused) = middle;
    }
    for (std::size_t less = 0; less < 9; ++less) must(store.append(at("b"), Said{std::string(size - less, 'x')}));
    must(store.close());
    EXPECT_EQ(test::findings(machine.verify()), "") << segment_bytes;
    EXPECT_GE(machine.verify().segments, 8U);
  }
}

TEST_F(AppendTest, a_batch_needs_room_for_each_declaration_once) {
  test::SimMachine machine;
  OpenOptions options = machine.options();
  options.segment_bytes = limits::segment_bytes_min;
  Store store = test::SimMachine::open(options);
  for (int round = 0; round < 2; ++round) {
    Batch batch;
    for (int i = 0; i < 150; ++i) must(batch.add_json(at("a"), i % 2 == 0 ? "said" : "heard", R"({"n":1})"));
    EXPECT_EQ(must(store.append_batch(std::move(batch))).size(), 150U);
  }
}

TEST_F(AppendTest, a_payload_over_the_limit_is_refused) {
  EXPECT_EQ(error_of(store_.append(at("a"), Said{std::string(limits::payload_bytes_max, 'x')})), "payload_too_large");
  Batch batch;
  EXPECT_EQ(error_of(batch.add(at("a"), Said{std::string(limits::payload_bytes_max, 'x')})), "payload_too_large");
  EXPECT_EQ(error_of(batch.add_json(at("a"), "n", "\"" + std::string(limits::payload_bytes_max, 'x') + "\"")),
            "payload_too_large");
  EXPECT_TRUE(batch.empty());
}

TEST_F(AppendTest, a_batch_holds_32_mebibytes) {
  Batch batch;
  const Said large{std::string(8U << 20, 'x')};
  for (int i = 0; i < 3; ++i) must(batch.add(at("a"), large));
  const std::uint64_t before = batch.bytes_size();
  EXPECT_EQ(error_of(batch.add(at("a"), large)), "batch_too_large");
  EXPECT_EQ(batch.size(), 3U);
  EXPECT_EQ(batch.bytes_size(), before);
  EXPECT_TRUE(batch.add(at("a"), Moved{}));
}

TEST_F(AppendTest, coordinates_of_the_store_cannot_be_made) {
  EXPECT_EQ(error_of(Coordinate::make("$batpak/types", "x")), "reserved_entity");
  EXPECT_EQ(error_of(Coordinate::make("", "x")), "invalid_coordinate");
  EXPECT_EQ(error_of(Coordinate::make("x", "")), "invalid_coordinate");
  EXPECT_EQ(error_of(Coordinate::make(std::string(1025, 'x'), "x")), "invalid_coordinate");
  EXPECT_EQ(error_of(Coordinate::make("x", "\xFF")), "invalid_coordinate");
  EXPECT_EQ(error_of(Coordinate::make("a\nb", "x")), "invalid_coordinate");
}

TEST_F(AppendTest, metadata_correlation_and_causation_come_back) {
  AppendOptions options;
  options.correlation = must(CorrelationId::from_string("000102030405060708090a0b0c0d0e0f"));
  options.causation = must(store_.at(0)).id();
  options.metadata["user"] = "alice";
  options.metadata["attempt"] = 3;
  options.metadata["tags"] = Value::array({"a", true, nullptr == nullptr});
  const auto receipt = must(store_.append(at("a"), Moved{}, options));
  const auto plain = must(store_.append(at("a"), Moved{}));
  reopen();
  const Event event = must(store_.get(receipt.event_id));
  EXPECT_EQ(event.correlation(), options.correlation);
  EXPECT_EQ(event.causation(), options.causation);
  EXPECT_EQ(must(event.metadata()), options.metadata);
  const Event without = must(store_.get(plain.event_id));
  EXPECT_EQ(without.correlation(), std::nullopt);
  EXPECT_EQ(without.causation(), std::nullopt);
  EXPECT_TRUE(must(without.metadata()).empty());
  must(store_.close());
  EXPECT_EQ(test::findings(machine_.verify()), "");
}

TEST_F(AppendTest, metadata_is_bounded) {
  const auto refused = [&](const Metadata& metadata) {
    return error_of(store_.append(at("a"), Moved{}, {.metadata = metadata}));
  };
  Metadata many;
  for (int i = 0; i < 64; ++i) many["name " + std::to_string(i)] = i;
  EXPECT_EQ(refused(many), "none");
  many["one more"] = 1;
  EXPECT_EQ(refused(many), "invalid_metadata");
  EXPECT_EQ(refused({{"", 1}}), "invalid_metadata");
  EXPECT_EQ(refused({{std::string(255, 'n'), 1}}), "none");
  EXPECT_EQ(refused({{std::string(256, 'n'), 1}}), "invalid_metadata");
  EXPECT_EQ(refused({{"\xFF", 1}}), "invalid_metadata");
  EXPECT_EQ(refused({{"n", Value(std::string("\xFF"))}}), "invalid_metadata");
  // One map, its name and the head of a long string take 6 bytes.
  EXPECT_EQ(refused({{"n", Value(std::string(limits::metadata_bytes_max - 6, 'v'))}}), "none");
  EXPECT_EQ(refused({{"n", Value(std::string(limits::metadata_bytes_max - 5, 'v'))}}), "invalid_metadata");
  Batch batch;
  EXPECT_EQ(error_of(batch.add(at("a"), Moved{}, {.metadata = {{"", 1}}})), "invalid_metadata");
  EXPECT_TRUE(batch.empty());
  must(store_.close());
  EXPECT_EQ(test::findings(machine_.verify()), "");
}

// Witness: ids_rise
TEST_F(AppendTest, ids_increase_and_are_uuids_of_version_7) {
  EventId last;
  for (int i = 0; i < 200; ++i) {
    if (i % 7 == 0) machine_.clock.advance(std::chrono::microseconds(i * 13));
    if (i % 50 == 49) machine_.clock.set_wall_microseconds(machine_.clock.wall_microseconds() - 1'000'000);
    if (i % 40 == 39) reopen();
    const auto receipt = must(store_.append(at("a"), Moved{}));
    EXPECT_GT(receipt.event_id, last);
    last = receipt.event_id;
    EXPECT_EQ(std::to_integer<unsigned>(last.bytes[6]) >> 4U, 7U);
    EXPECT_EQ(std::to_integer<unsigned>(last.bytes[8]) >> 6U, 2U);
    EXPECT_EQ(must(store_.get(last)).sequence(), receipt.sequence);
  }
}

// Witness: clock_never_goes_back
TEST_F(AppendTest, time_never_goes_back_and_the_wall_clock_is_kept_as_read) {
  const std::int64_t start = machine_.clock.wall_microseconds();
  const auto first = must(store_.append(at("a"), Moved{}));
  EXPECT_EQ(first.wall_microseconds, start);
  machine_.clock.set_wall_microseconds(start - 5'000'000);
  const auto second = must(store_.append(at("a"), Moved{}));
  EXPECT_GT(second.time, first.time);
  EXPECT_EQ(second.time.microseconds, first.time.microseconds);
  EXPECT_EQ(second.wall_microseconds, start - 5'000'000);
  EXPECT_FALSE(second.clock_skew);  // five seconds are not ten
  reopen();
  machine_.clock.set_wall_microseconds(start - 3'600'000'000);
  const auto third = must(store_.append(at("a"), Moved{}));
  EXPECT_GT(third.time, second.time);
  EXPECT_EQ(third.wall_microseconds, start - 3'600'000'000);
  EXPECT_TRUE(third.clock_skew);
  machine_.clock.set_wall_microseconds(start + 1);
  const auto fourth = must(store_.append(at("a"), Moved{}));
  EXPECT_EQ(fourth.time, (Timestamp{start + 1, 0}));
  EXPECT_FALSE(fourth.clock_skew);
  for (const Receipt& receipt : {first, second, third, fourth}) {
    EXPECT_EQ(must(store_.get(receipt.event_id)).wall_microseconds(), receipt.wall_microseconds);
  }
  must(store_.close());
  const auto report = machine_.verify();
  EXPECT_EQ(test::findings(report), "");
  EXPECT_EQ(report.clock_skews, 1U);
}

TEST_F(AppendTest, the_bound_of_clock_skew_is_an_option) {
  must(store_.close());
  OpenOptions options = machine_.options();
  options.clock_skew_max = std::chrono::microseconds(100);
  store_ = test::SimMachine::open(options);
  const auto first = must(store_.append(at("a"), Moved{}));
  machine_.clock.set_wall_microseconds(first.wall_microseconds - 100);
  EXPECT_FALSE(must(store_.append(at("a"), Moved{})).clock_skew);
  machine_.clock.set_wall_microseconds(first.wall_microseconds - 101);
  EXPECT_TRUE(must(store_.append(at("a"), Moved{})).clock_skew);
}

}  // namespace
}  // namespace batpak
