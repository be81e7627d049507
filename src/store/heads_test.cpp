// Declarations of heads, and the proofs of a store that nothing was left out.
#include <gtest/gtest.h>

#include <map>

#include "event/draft.hpp"
#include "event/store_events.hpp"
#include "store/own_event.hpp"
#include "store/store_impl.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

class HeadsTest : public testing::Test {
 protected:
  HeadsTest() { store_.emplace(SimMachine::open(options())); }

  OpenOptions options() {
    OpenOptions options = machine_.options();
    options.key = key_;
    options.origin = "example.com/doors";
    return options;
  }
  void append(std::string_view entity, int count = 1) {
    for (int i = 0; i < count; ++i) {
      must(store_->append(at(entity), Moved{.x = i, .y = 0}));
      ++appended_[std::string(entity)];
    }
  }
  void reopen() {
    must(store_->close());
    store_.emplace(SimMachine::open(options()));
  }
  [[nodiscard]] VerifierKey verifier() const { return must(VerifierKey::make("example.com/doors", key_->public_key())); }
  // As somebody sees it who has only the text and the key.
  [[nodiscard]] ProvenStream proven(const Store& store, std::string_view entity,
                                    Store::Show show = Store::Show::fields) const {
    const auto parsed = parse_stream_proof(format_stream_proof(must(store.prove_stream(entity, show))));
    if (!parsed) throw std::runtime_error(parsed.error().message);
    auto proven = verify_stream_proof(*parsed, verifier());
    if (!proven) throw std::runtime_error(proven.error().message);
    return *std::move(proven);
  }
  void expect_all_is_proven(const Store& store) const {
    for (const auto& [entity, count] : appended_) {
      const ProvenStream stream = proven(store, entity);
      EXPECT_EQ(stream.entity, entity);
      EXPECT_EQ(stream.events.size(), count) << entity;
      for (std::size_t i = 0; i < stream.events.size(); ++i) EXPECT_EQ(stream.events[i].stream_version, i);
    }
    for (const char* entity : {"!", "door", "door:", "door:00", "door:9", "door:99", "z"}) {
      EXPECT_TRUE(proven(store, entity).lanes.empty()) << entity;
    }
  }

  SimMachine machine_;
  std::shared_ptr<const SigningKey> key_ = new_key();
  std::optional<Store> store_;
  std::map<std::string, std::size_t> appended_;
};

// Witness: nothing_left_out_is_provable
TEST_F(HeadsTest, prove_all_events_of_every_entity_and_the_absence_of_others) {
  for (int round = 0; round < 4; ++round) {
    for (int door = 0; door < 7 * (round + 1); ++door) append("door:" + std::to_string(door * 100 + 1), 1 + door % 3);
    const Receipt receipt = must(store_->declare_heads());
    EXPECT_EQ(receipt.durability, Durability::durable);
    expect_all_is_proven(*store_);
  }
  const ProvenStream own = proven(*store_, "$batpak/heads");
  EXPECT_EQ(own.events.size(), 3U) << "a declaration speaks of those before it";
  EXPECT_EQ(proven(*store_, "$batpak/store").events.size(), 1U);
  reopen();
  expect_all_is_proven(*store_);
  const VerifyReport report = machine_.verify(key_->public_key());
  EXPECT_TRUE(report.clean()) << findings(report);
}

TEST_F(HeadsTest, speak_of_the_log_as_it_was_before) {
  append("door:1", 2);
  const Receipt declared = must(store_->declare_heads());
  append("door:1", 3);
  append("door:2");
  const ProvenStream stream = proven(*store_, "door:1");
  EXPECT_EQ(stream.events.size(), 2U);
  EXPECT_EQ(stream.log_size, declared.sequence);
  EXPECT_EQ(stream.declaration.event_hash, declared.event_hash);
  EXPECT_TRUE(proven(*store_, "door:2").lanes.empty()) << "it came later";
  must(store_->declare_heads());
  EXPECT_EQ(proven(*store_, "door:1").events.size(), 5U);
}

TEST_F(HeadsTest, show_payloads_where_asked_to) {
  append("door:1", 2);
  must(store_->declare_heads());
  EXPECT_FALSE(proven(*store_, "door:1").events[1].payload);
  const ProvenStream shown = proven(*store_, "door:1", Store::Show::content);
  ASSERT_TRUE(shown.events[1].payload);
  EXPECT_EQ(must(decode_payload<Moved>(*shown.events[1].payload)).x, 1);
}

TEST_F(HeadsTest, are_proven_by_a_reader_beside_the_owner_too) {
  append("door:1", 5);
  must(store_->declare_heads());
  append("door:2");
  const auto process = machine_.files.start_process();
  const Store reader = must(Store::open_read_only("store", {.file_system = process.get()}));
  EXPECT_EQ(proven(reader, "door:1").events.size(), 5U);
  EXPECT_TRUE(proven(reader, "door:2").lanes.empty());
  EXPECT_EQ(error_of(Store(must(Store::open_read_only("store", {.file_system = process.get()}))).declare_heads()),
            "read_only");
}

TEST_F(HeadsTest, of_what_was_never_declared_are_refused) {
  append("door:1");
  EXPECT_EQ(error_of(store_->prove_stream("door:1")), "no_heads");
  must(store_->declare_heads());
  EXPECT_EQ(error_of(store_->prove_stream("")), "invalid_coordinate");
  EXPECT_EQ(error_of(store_->prove_stream(std::string(1025, 'e'))), "invalid_coordinate");
  must(store_->close());
  EXPECT_EQ(error_of(store_->declare_heads()), "closed");
}

TEST_F(HeadsTest, are_declared_without_a_key_and_proven_by_none) {
  OpenOptions without = machine_.options();
  Store store = must(Store::open("other", without));
  must(store.append(at("door:1"), Moved{}));
  must(store.declare_heads());
  EXPECT_EQ(error_of(store.prove_stream("door:1")), "key_required");
  must(store.close());
}

TEST_F(HeadsTest, of_a_new_store_have_its_own_streams_only) {
  const Receipt declared = must(store_->declare_heads());
  EXPECT_EQ(declared.sequence, 1U);
  EXPECT_EQ(proven(*store_, "door:1").streams, 1U);
}

TEST_F(HeadsTest, cover_what_was_only_buffered_before) {
  must(store_->append(at("door:1"), Moved{}, {.durability = Durability::buffered}));
  must(store_->declare_heads());
  EXPECT_EQ(proven(*store_, "door:1").events.size(), 1U);
}

TEST_F(HeadsTest, are_refused_by_the_writer_where_the_log_has_grown_past_their_bound) {
  const auto impl = must(store::open_for_writing("other", machine_.options()));
  const auto submit = [&](std::uint64_t sequence_max) {
    engine::Item item = must(store::make_own_item(event::HeadsDeclaration{}, machine_.entropy));
    Receipt receipt;
    engine::Request request;
    request.items = {&item, 1};
    request.receipts = {&receipt, 1};
    request.bytes = item.draft.signed_frame_size();
    request.sequence_max = sequence_max;
    return error_of(impl->writer->submit(request, engine::Writer::WhenFull::wait));
  };
  EXPECT_EQ(submit(0), "past_the_end");
  EXPECT_EQ(submit(1), "none") << "behind the genesis event";
  EXPECT_EQ(submit(1), "past_the_end");
  EXPECT_EQ(submit(2), "none") << "a refusal leaves nothing";
  must(impl->close());
}

TEST_F(HeadsTest, are_left_out_by_a_salvage_which_has_other_streams) {
  append("door:1", 3);
  must(store_->declare_heads());
  append("door:1", 2);
  must(store_->close());
  OpenOptions to = machine_.options();
  to.key = key_;
  to.origin = "example.com/doors/2";
  must(salvage("store", "salvaged", to));
  OpenOptions again = machine_.options();
  again.key = key_;
  Store salvaged = must(Store::open("salvaged", again));
  EXPECT_EQ(error_of(salvaged.prove_stream("door:1")), "no_heads");
  must(salvaged.declare_heads());
  const auto verifier = must(VerifierKey::make("example.com/doors/2", key_->public_key()));
  const auto proven = verify_stream_proof(must(salvaged.prove_stream("door:1")), verifier);
  ASSERT_TRUE(proven) << proven.error().message;
  EXPECT_EQ(proven->events.size(), 5U);
  must(salvaged.close());
  VerifyOptions options;
  options.threads = 1;
  options.file_system = &machine_.files;
  const VerifyReport report = must(verify_directory("salvaged", options));
  EXPECT_TRUE(report.clean()) << findings(report);
}

}  // namespace
}  // namespace batpak::test
