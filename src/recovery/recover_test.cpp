#include "recovery/recover.hpp"

#include <gtest/gtest.h>

#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"
#include "recovery/follow.hpp"
#include "segment/commit_walker.hpp"
#include "segment/live_file.hpp"

namespace batpak::recovery {
namespace {

using platform::SimCall;

// A store that was made and never opened; what crosses rooms is in tests/crash.
class Recover : public testing::Test {
 protected:
  void SetUp() override {
    NewStore store;
    store.created = 1'700'000'000'000'000;
    store.entropy = &entropy_;
    ASSERT_TRUE(create_store(*directory_, store));
    files_.clear_calls();
  }
  Result<LogState> recover() {
    return recovery::recover(directory_, {.torn_tail = TornTail::quarantine, .entropy = &entropy_});
  }

  static constexpr const char* segment_ = "store/log/00000000000000000000.seg";
  platform::SimFs files_;
  platform::SeededEntropy entropy_{1};
  std::shared_ptr<platform::Directory> directory_ = files_.create_directory("store").value();
};

TEST_F(Recover, reads_the_log_in) {
  const auto state = recover();
  ASSERT_TRUE(state) << to_string(state.error());
  EXPECT_EQ(state->segments.size(), 1U);
  EXPECT_EQ(state->session, 1U);
  EXPECT_EQ(state->tree.size(), 1U);
  EXPECT_EQ(state->link.end.sequence, 1U);
  EXPECT_EQ(state->index->visible(), 1U);
  EXPECT_NE(state->genesis_hash, Hash{});
  EXPECT_EQ(state->last_time.microseconds, 1'700'000'000'000'000);
  EXPECT_TRUE(state->keys.empty());
  EXPECT_EQ(state->report.events, 1U);
  EXPECT_EQ(state->report.segments, 1U);
}

TEST_F(Recover, writes_again_what_nothing_says_is_durable) {
  const auto state = recover();
  ASSERT_TRUE(state);
  EXPECT_EQ(state->report.commits_rewritten, 1U);
  EXPECT_GE(files_.count_calls(SimCall::rename), 1U) << "store.meta";
  std::uint64_t parents = 0;
  for (const auto& call : files_.calls()) {
    parents += call.call == SimCall::sync_directory && call.path.ends_with("..") ? 1 : 0;
    const bool of_log = call.call == SimCall::write && call.path == segment_;
    EXPECT_TRUE(!of_log || call.offset == segment::segment_header_bytes);
  }
  EXPECT_EQ(parents, 1U);
}

TEST_F(Recover, shows_nothing_that_the_device_might_not_have) {
  // The next process finds a page cache of which the device has nothing.
  platform::SimFs files;
  auto directory = files.create_directory("store").value();
  for (const std::string& name : files_.list_files()) {
    files.write_file(name, files_.read_file(name).value()).value();
  }
  const auto file = directory->open_file("log/00000000000000000000.seg", platform::OpenMode::write).value();
  const Bytes log = files_.read_file(segment_).value();
  ASSERT_TRUE(file->write_at(4'096, ByteView(log).subspan(4'096)));
  files.kill();
  files.fail_write_back();
  directory = files.open_directory("store").value();
  ASSERT_TRUE(recovery::recover(directory, {.torn_tail = TornTail::quarantine, .entropy = &entropy_}));
  files.crash(platform::SimCrash::losing_everything());
  EXPECT_EQ(files.read_file(segment_).value(), log);
}

// Witness: every_refusal_is_typed
TEST_F(Recover, fails_with_the_systems_error_where_the_device_does_and_can_be_done_again) {
  for (const SimCall call : {SimCall::write, SimCall::sync, SimCall::rename, SimCall::sync_directory}) {
    files_.inject({.call = call, .path_contains = {}, .nth = 1});
    const auto state = recover();
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, ErrorCode::io_error);
    EXPECT_EQ(state.error().system_errno, 5);
  }
  EXPECT_TRUE(recover());
}

TEST_F(Recover, refuses_a_directory_without_store_meta) {
  files_.remove_file("store/store.meta").value();
  EXPECT_EQ(recover().error().code, ErrorCode::not_a_store);
}

TEST_F(Recover, refuses_a_genesis_that_is_not_the_one_of_store_meta) {
  platform::SimFs other;
  platform::SeededEntropy entropy(1);  // the same store id
  const auto directory = other.create_directory("store").value();
  NewStore store;
  store.origin = "example.com/another";
  store.entropy = &entropy;
  ASSERT_TRUE(create_store(*directory, store));
  files_.write_file("store/store.meta", other.read_file("store/store.meta").value()).value();
  const auto state = recover();
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::damaged);
  EXPECT_EQ(state.error().sequence, 0U);
}

TEST_F(Recover, refuses_a_log_whose_genesis_is_broken) {
  files_.flip_bit(segment_, 4'096 + 150, 1).value();
  files_.clear_calls();
  EXPECT_EQ(recover().error().code, ErrorCode::damaged);
  for (const auto& call : files_.calls()) EXPECT_FALSE(platform::modifies(call.call)) << call.path;
}

class Follow : public Recover {
 protected:
  Result<std::unique_ptr<LogFollower>> follow(ReadOnlyOptions::Undurable undurable = ReadOnlyOptions::Undurable::hide) {
    return LogFollower::open(directory_, undurable);
  }
};

TEST_F(Follow, hides_and_counts_a_genesis_that_nothing_covers) {
  const auto follower = follow();
  ASSERT_TRUE(follower) << to_string(follower.error());
  EXPECT_EQ((*follower)->durable(), 0U);
  EXPECT_EQ((*follower)->state().index->visible(), 0U);
  EXPECT_EQ((*follower)->state().report.undurable_events, 1U);
}

TEST_F(Follow, shows_it_where_asked_to_and_goes_on_calling_it_undurable) {
  const auto follower = follow(ReadOnlyOptions::Undurable::show);
  ASSERT_TRUE(follower);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*follower)->durable(), 0U);
    EXPECT_EQ((*follower)->state().index->visible(), 1U);
    EXPECT_EQ((*follower)->state().report.undurable_events, 1U);
    ASSERT_TRUE((*follower)->refresh());
  }
}

// Witness: read_only_writes_nothing
TEST_F(Follow, changes_nothing) {
  ASSERT_TRUE(follow());
  ASSERT_TRUE(follow(ReadOnlyOptions::Undurable::show));
  for (const auto& call : files_.calls()) EXPECT_FALSE(platform::modifies(call.call)) << call.path;
}

TEST_F(Follow, knows_the_store_by_its_genesis_where_store_meta_is_gone_or_broken) {
  const auto expect_known = [&] {
    const auto follower = follow();
    ASSERT_TRUE(follower) << to_string(follower.error());
    EXPECT_TRUE((*follower)->state().meta.genesis.origin.starts_with("batpak.invalid/"));
    ASSERT_EQ((*follower)->state().report.damage.size(), 1U);
    EXPECT_EQ((*follower)->state().report.damage.front().path, "store.meta");
  };
  files_.flip_bit("store/store.meta", 30, 2).value();
  expect_known();
}

// The next writer makes such a store anew, so nothing of it may have been shown.
TEST_F(Follow, takes_a_store_whose_making_was_cut_short_for_none) {
  files_.remove_file("store/store.meta").value();
  EXPECT_EQ(follow().error().code, ErrorCode::not_a_store);
  EXPECT_EQ(follow(ReadOnlyOptions::Undurable::show).error().code, ErrorCode::not_a_store);
}

TEST_F(Follow, does_not_believe_the_live_record_of_another_store) {
  segment::LiveRecord live;
  live.store_id.fill(std::byte{0x77});
  live.durable_through = {.segment = 0, .offset = 1ULL << 20U, .sequence = 1};
  files_.write_file("store/live", live.encode()).value();
  const auto follower = follow();
  ASSERT_TRUE(follower) << to_string(follower.error());
  EXPECT_EQ((*follower)->durable(), 0U);
  const auto lock = directory_->lock_as_owner().value();
  const auto beside_owner = follow();
  ASSERT_TRUE(beside_owner) << to_string(beside_owner.error());
  EXPECT_EQ((*beside_owner)->durable(), 0U);
}

TEST_F(Follow, refuses_a_directory_that_is_no_store) {
  files_.create_directory("other").value();
  EXPECT_EQ(LogFollower::open(files_.open_directory("other").value(), {}).error().code, ErrorCode::not_a_store);
}

}  // namespace
}  // namespace batpak::recovery
