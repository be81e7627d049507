#include <gtest/gtest.h>

#include <algorithm>

#include "batpak/codec.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"
#include "recovery/log_files.hpp"
#include "recovery/recover.hpp"
#include "segment/commit_walker.hpp"

namespace batpak::recovery {
namespace {

class CreateStore : public testing::Test {
 protected:
  NewStore options() {
    NewStore store;
    store.origin = "example.com/log";
    store.created = 1'700'000'000'000'000;
    store.entropy = &entropy_;
    return store;
  }
  [[nodiscard]] Result<Found> look() const { return look_for_store(*directory_); }

  platform::SimFs files_;
  platform::SeededEntropy entropy_{1};
  std::shared_ptr<platform::Directory> directory_ = files_.create_directory("store").value();
};

TEST_F(CreateStore, finds_nothing_in_an_empty_directory_and_a_store_afterwards) {
  EXPECT_EQ(look().value(), Found::nothing);
  ASSERT_TRUE(create_store(*directory_, options()));
  EXPECT_EQ(look().value(), Found::store);
}

TEST_F(CreateStore, makes_a_genesis_that_store_meta_repeats) {
  ASSERT_TRUE(create_store(*directory_, options()));
  const auto meta = read_store_meta(*directory_).value();
  ASSERT_TRUE(meta);
  EXPECT_EQ(meta->genesis.origin, "example.com/log");
  EXPECT_EQ(meta->genesis.created, 1'700'000'000'000'000);
  EXPECT_FALSE(meta->genesis.key);
  const Bytes log = files_.read_file("store/log/00000000000000000000.seg").value();
  const auto header = segment::SegmentHeader::decode(log).value();
  EXPECT_EQ(header.store_id, meta->genesis.store_id);
  segment::CommitWalker walker(log, header);
  const auto step = walker.next();
  ASSERT_TRUE(step.commit);
  EXPECT_EQ(step.commit->header.count, 1U);
  EXPECT_EQ(step.commit->header.session, 0U);
  const auto frame = event::FrameView::parse(step.commit->body).value();
  EXPECT_EQ(frame.header().kind(), event::Genesis::kind);
  EXPECT_TRUE(std::ranges::equal(frame.payload(), meta->genesis_payload));
  EXPECT_EQ(frame.header().previous_hash(), Hash{});
  EXPECT_TRUE(walker.next().at_end());
}

TEST_F(CreateStore, names_a_store_after_its_id_where_no_origin_is_given) {
  NewStore store = options();
  store.origin.clear();
  ASSERT_TRUE(create_store(*directory_, store));
  EXPECT_TRUE(read_store_meta(*directory_).value()->genesis.origin.starts_with("batpak.invalid/"));
}

// Witness: acknowledged_durable_survives
TEST_F(CreateStore, is_durable_when_it_returns) {
  ASSERT_TRUE(create_store(*directory_, options()));
  files_.crash(platform::SimCrash::losing_everything());
  directory_ = files_.open_directory("store").value();
  EXPECT_EQ(look().value(), Found::store);
  EXPECT_TRUE(recover(directory_, {.torn_tail = TornTail::quarantine, .entropy = &entropy_}));
}

TEST_F(CreateStore, writes_store_meta_last) {
  ASSERT_TRUE(create_store(*directory_, options()));
  bool meta_was_named = false;
  for (const platform::SimCallRecord& call : files_.calls()) {
    const bool of_log = call.path.starts_with("store/log/");
    if (call.call == platform::SimCall::rename && call.path.find("store.meta") != std::string::npos) meta_was_named = true;
    EXPECT_FALSE(of_log && meta_was_named && platform::modifies(call.call)) << call.path;
  }
  EXPECT_TRUE(meta_was_named);
}

TEST_F(CreateStore, is_interrupted_wherever_it_stops_and_can_be_done_again) {
  for (std::uint64_t call = 1;; ++call) {
    SCOPED_TRACE(call);
    platform::SimFs files;
    auto directory = files.create_directory("store").value();
    files.inject({.call = {}, .path_contains = {}, .nth = call, .effect = platform::SimFault::Effect::stop});
    const auto created = create_store(*directory, options());
    files.crash(platform::SimCrash::from_seed(call));
    files.clear_faults();
    directory = files.create_directory("store").value();
    const auto found = look_for_store(*directory);
    ASSERT_TRUE(found) << to_string(found.error());
    if (created) {
      EXPECT_EQ(*found, Found::store);
      break;
    }
    ASSERT_TRUE(*found == Found::store || create_store(*directory, options()).has_value());
    ASSERT_TRUE(recover(directory, {.torn_tail = TornTail::quarantine, .entropy = &entropy_}));
  }
}

TEST_F(CreateStore, leaves_a_directory_with_other_files_alone) {
  files_.write_file("store/holiday.jpg", Bytes(10)).value();
  EXPECT_EQ(look().error().code, ErrorCode::not_a_store);
}

TEST_F(CreateStore, makes_nothing_under_an_origin_that_no_payload_can_carry) {
  NewStore store = options();
  store.origin = "example.com/\xFF";
  files_.clear_calls();
  EXPECT_EQ(create_store(*directory_, store).error().code, ErrorCode::invalid_utf8);
  for (const auto& call : files_.calls()) EXPECT_FALSE(platform::modifies(call.call)) << call.path;
}

TEST_F(CreateStore, takes_what_is_left_of_an_interrupted_one_for_such) {
  files_.write_file("store/LOCK", {}).value();
  EXPECT_EQ(look().value(), Found::interrupted);
  files_.write_file("store/store.meta.tmp", Bytes(5)).value();
  EXPECT_EQ(look().value(), Found::interrupted);
  files_.write_file("store/log/next.tmp", Bytes(5)).value();
  EXPECT_EQ(look().value(), Found::interrupted);
}

TEST_F(CreateStore, does_not_take_a_log_that_lost_its_identity_for_an_interrupted_one) {
  ASSERT_TRUE(create_store(*directory_, options()));
  files_.remove_file("store/store.meta").value();
  EXPECT_EQ(look().value(), Found::interrupted) << "with its genesis alone it is one";
  const std::string first = "store/log/00000000000000000000.seg";
  const Bytes log = files_.read_file(first).value();
  files_.write_file("store/log/00000000000000000001.seg", log).value();
  EXPECT_EQ(look().error().code, ErrorCode::damaged) << "two segments";
  files_.remove_file(first).value();
  files_.flip_bit("store/log/00000000000000000001.seg", 60, 0).value();
  EXPECT_EQ(look().error().code, ErrorCode::damaged) << "a header that no crash breaks";
}

TEST_F(CreateStore, lists_segments_in_order_and_refuses_a_name_that_is_none) {
  EXPECT_TRUE(list_segments(*directory_)->empty());
  files_.write_file("store/log/00000000000000000020.seg", {}).value();
  files_.write_file("store/log/00000000000000000003.seg", {}).value();
  files_.write_file("store/log/next.tmp", {}).value();
  EXPECT_EQ(list_segments(*directory_).value(),
            (std::vector<std::string>{"00000000000000000003.seg", "00000000000000000020.seg"}));
  files_.write_file("store/log/copy of 3.seg", {}).value();
  EXPECT_EQ(list_segments(*directory_).error().code, ErrorCode::damaged);
}

}  // namespace
}  // namespace batpak::recovery
