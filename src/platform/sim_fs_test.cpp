#include "platform/sim_fs.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <set>
#include <string>

#include "base/sync.hpp"
#include "platform/sim_clock.hpp"

namespace batpak::platform {
namespace {

class SimFsTest : public testing::Test {
 protected:
  // A file whose content and name are durable.
  std::unique_ptr<File> durable_file(const std::string& name, std::string_view text) {
    auto file = directory_->open_file(name, OpenMode::create).value();
    EXPECT_TRUE(file->write_at(0, base::as_bytes(text)));
    EXPECT_TRUE(file->sync_all());
    EXPECT_TRUE(directory_->sync_directory("."));
    return file;
  }
  void reopen() { directory_ = fs_.open_directory("store").value(); }
  std::string text_of(const std::string& path) { return text_of(fs_, path); }
  static std::string text_of(const SimFs& fs, const std::string& path) {
    const auto bytes = fs.read_file(path);
    return bytes ? std::string(base::as_text(*bytes)) : "(" + std::string(to_string(bytes.error().code)) + ")";
  }

  SimFs fs_;
  std::shared_ptr<Directory> directory_ = [this] {
    auto directory = fs_.create_directory("store").value();
    EXPECT_TRUE(directory->sync_parent());
    return directory;
  }();
};

TEST_F(SimFsTest, answers_like_a_file_system_when_nothing_fails) {
  EXPECT_EQ(fs_.open_directory("none").error().code, ErrorCode::no_such_directory);
  EXPECT_EQ(fs_.create_directory("none/below").error().code, ErrorCode::no_such_directory);
  EXPECT_TRUE(fs_.create_directory("/store"));
  EXPECT_EQ(directory_->open_file("a", OpenMode::read).error().code, ErrorCode::not_found);
  EXPECT_EQ(directory_->open_file("log/a", OpenMode::create).error().code, ErrorCode::not_found);
  ASSERT_TRUE(directory_->make_directory("log"));
  ASSERT_TRUE(directory_->make_directory("log"));
  ASSERT_TRUE(directory_->open_file("log/b", OpenMode::create_new));
  EXPECT_EQ(directory_->open_file("log/b", OpenMode::create_new).error().system_errno, EEXIST);
  EXPECT_EQ(directory_->open_file("log", OpenMode::read).error().code, ErrorCode::unsupported);
  EXPECT_EQ(directory_->open_file("log/b/c", OpenMode::read).error().code, ErrorCode::not_a_directory);
  EXPECT_EQ(directory_->make_directory("log/b").error().code, ErrorCode::not_a_directory);
  EXPECT_EQ(fs_.open_directory("store/log/b").error().code, ErrorCode::not_a_directory);
  EXPECT_EQ(directory_->list("none").error().code, ErrorCode::no_such_directory);
  EXPECT_EQ(directory_->list("log").value().at(0).name, "b");
  EXPECT_TRUE(directory_->list(".").value().at(0).is_directory);
  EXPECT_EQ(directory_->exists("log/b"), true);
  EXPECT_EQ(directory_->exists("log/c"), false);
  ASSERT_TRUE(directory_->rename("log/b", "c"));
  ASSERT_TRUE(directory_->remove("none"));
  EXPECT_EQ(fs_.list_files(), (std::vector<std::string>{"store/c"}));
  EXPECT_FALSE((*directory_->open_file("c", OpenMode::read))->write_at(0, base::as_bytes("x")));
}

TEST_F(SimFsTest, reads_writes_sizes_and_allocates_like_a_file) {
  const auto file = durable_file("a", "abcdef");
  std::array<std::byte, 4> out{};
  EXPECT_EQ(file->read_at(4, out), 2U);
  EXPECT_EQ(file->read_at(40, out), 0U);
  ASSERT_TRUE(file->allocate(10));
  ASSERT_TRUE(file->allocate(2));
  EXPECT_EQ(file->size(), 10U);
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(text_of("store/a"), "ab");
  const auto mapping = file->map(100).value();
  ASSERT_TRUE(file->write_at(2, base::as_bytes("xyz")));
  EXPECT_EQ(base::as_text(mapping->bytes().first(5)), "abxyz");
  EXPECT_EQ(file->write_at(~0ULL, base::as_bytes("x")).error().code, ErrorCode::no_space);
}

TEST_F(SimFsTest, a_name_is_durable_only_after_its_directory_was_synced) {
  const auto file = directory_->open_file("a", OpenMode::create).value();
  ASSERT_TRUE(file->write_at(0, base::as_bytes("abc")));
  ASSERT_TRUE(file->sync_all());
  const auto lost = fs_.copy();
  lost->crash(SimCrash::losing_everything());
  EXPECT_EQ(text_of(*lost, "store/a"), "(not_found)");
  ASSERT_TRUE(directory_->sync_directory("."));
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(text_of("store/a"), "abc");
}

TEST_F(SimFsTest, a_directory_whose_own_name_is_not_durable_takes_its_files_along) {
  ASSERT_TRUE(directory_->make_directory("log"));
  ASSERT_TRUE(directory_->open_file("log/a", OpenMode::create));
  ASSERT_TRUE(directory_->sync_directory("log"));
  fs_.crash(SimCrash::losing_everything());
  EXPECT_TRUE(fs_.list_files().empty());
}

TEST_F(SimFsTest, the_directorys_own_name_needs_a_sync_of_its_parent) {
  const auto other = fs_.create_directory("other").value();
  const auto kept = fs_.copy();
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(fs_.open_directory("other").error().code, ErrorCode::no_such_directory);
  ASSERT_TRUE(kept->open_directory("other").value()->sync_parent());
  kept->crash(SimCrash::losing_everything());
  EXPECT_TRUE(kept->open_directory("other"));
}

TEST_F(SimFsTest, an_unsynced_rename_leaves_either_the_old_or_the_new_and_never_both_or_neither) {
  durable_file("a", "old");
  durable_file("a.new", "new");
  ASSERT_TRUE(directory_->rename("a.new", "a"));
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    const auto after = fs_.copy();
    after->crash(SimCrash::from_seed(seed));
    outcomes.insert(text_of(*after, "store/a") + " " + text_of(*after, "store/a.new"));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"old new", "new (not_found)"}));
}

TEST_F(SimFsTest, a_rename_between_directories_is_one_change_whichever_of_them_is_synced) {
  ASSERT_TRUE(directory_->make_directory("log"));
  durable_file("a", "abc");
  ASSERT_TRUE(directory_->rename("a", "log/a"));
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    const auto after = fs_.copy();
    after->crash(SimCrash::from_seed(seed));
    outcomes.insert(text_of(*after, "store/a") + " " + text_of(*after, "store/log/a"));
  }
  EXPECT_EQ(outcomes, (std::set<std::string>{"abc (not_found)", "(not_found) abc"}));
  ASSERT_TRUE(directory_->sync_directory("log"));
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(fs_.list_files(), (std::vector<std::string>{"store/log/a"}));
}

TEST_F(SimFsTest, unsynced_changes_of_a_directory_survive_in_their_order) {
  for (const char* name : {"1", "2", "3"}) ASSERT_TRUE(directory_->open_file(name, OpenMode::create));
  ASSERT_TRUE(directory_->remove("1"));
  std::set<std::vector<std::string>> outcomes;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const auto after = fs_.copy();
    after->crash(SimCrash::from_seed(seed));
    outcomes.insert(after->list_files());
  }
  const std::set<std::vector<std::string>> prefixes{
      {}, {"store/1"}, {"store/1", "store/2"}, {"store/1", "store/2", "store/3"}, {"store/2", "store/3"}};
  EXPECT_EQ(outcomes, prefixes);
}

TEST_F(SimFsTest, a_removed_file_comes_back_when_its_removal_was_not_synced) {
  durable_file("a", "abc");
  ASSERT_TRUE(directory_->remove("a"));
  EXPECT_EQ(directory_->exists("a"), false);
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(text_of("store/a"), "abc");
}

TEST_F(SimFsTest, after_a_crash_every_handle_is_dead_and_the_lock_is_free) {
  const auto file = directory_->open_file("a", OpenMode::create).value();
  const auto lock = directory_->lock_as_owner().value();
  fs_.crash(SimCrash::losing_everything());
  std::array<std::byte, 1> out{};
  EXPECT_EQ(file->write_at(0, out).error().code, ErrorCode::io_error);
  EXPECT_EQ(file->read_at(0, out).error().code, ErrorCode::io_error);
  EXPECT_EQ(file->size().error().code, ErrorCode::io_error);
  EXPECT_EQ(file->sync_all().error().code, ErrorCode::io_error);
  EXPECT_EQ(file->truncate(0).error().code, ErrorCode::io_error);
  EXPECT_EQ(file->allocate(1).error().code, ErrorCode::io_error);
  EXPECT_EQ(file->map(1).error().code, ErrorCode::io_error);
  EXPECT_EQ(directory_->list(".").error().code, ErrorCode::io_error);
  EXPECT_EQ(directory_->open_file("b", OpenMode::create).error().code, ErrorCode::io_error);
  EXPECT_EQ(directory_->sync_parent().error().code, ErrorCode::io_error);
  reopen();
  const auto next = directory_->lock_as_owner();
  EXPECT_TRUE(next);
  EXPECT_EQ(directory_->list(".").value().size(), 1U) << "only LOCK";
}

TEST_F(SimFsTest, a_dead_process_that_drops_its_lock_late_does_not_take_the_next_owners) {
  auto dead = directory_->lock_as_owner().value();
  fs_.kill();
  reopen();
  const auto lock = directory_->lock_as_owner().value();
  dead.reset();
  EXPECT_EQ(directory_->has_owner(), true);
  EXPECT_EQ(directory_->lock_as_owner().error().code, ErrorCode::locked);
}

TEST_F(SimFsTest, a_kill_leaves_what_was_seen_and_the_next_sync_makes_it_durable) {
  const auto file = durable_file("a", "old");
  ASSERT_TRUE(file->write_at(0, base::as_bytes("new")));
  fs_.kill();
  EXPECT_EQ(file->sync_data().error().code, ErrorCode::io_error);
  reopen();
  EXPECT_EQ(text_of("store/a"), "new");
  ASSERT_TRUE((*directory_->open_file("a", OpenMode::write))->sync_data());
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(text_of("store/a"), "new");
}

TEST_F(SimFsTest, after_a_kill_the_page_cache_may_show_bytes_that_no_sync_will_save) {
  ASSERT_TRUE(durable_file("a", "old")->write_at(0, base::as_bytes("new")));
  fs_.kill();
  fs_.fail_write_back();
  reopen();
  const auto file = directory_->open_file("a", OpenMode::write).value();
  ASSERT_TRUE(file->sync_all());
  EXPECT_EQ(text_of("store/a"), "new");
  const auto evicted = fs_.copy();
  evicted->evict();
  EXPECT_EQ(text_of(*evicted, "store/a"), "old");
  fs_.crash(SimCrash::keeping_everything());
  EXPECT_EQ(text_of("store/a"), "old");
}

TEST_F(SimFsTest, several_crashes_in_a_row_are_several_crashes) {
  for (int round = 0; round < 5; ++round) {
    const auto file = directory_->open_file("a", OpenMode::create).value();
    const std::uint64_t end = file->size().value();
    ASSERT_TRUE(file->write_at(end, base::as_bytes("x")));
    ASSERT_TRUE(file->sync_data());
    ASSERT_TRUE(directory_->sync_directory("."));
    ASSERT_TRUE(file->write_at(end + 1, base::as_bytes("y")));
    fs_.crash(SimCrash::losing_everything());
    reopen();
  }
  EXPECT_EQ(text_of("store/a"), "xxxxx");
}

TEST_F(SimFsTest, a_crash_follows_from_its_seed) {
  for (const char* name : {"a", "b", "c"}) {
    durable_file(name, std::string(3000, 'o'));
    ASSERT_TRUE(directory_->open_file(name, OpenMode::write).value()->write_at(500, base::as_bytes(std::string(4000, 'n'))));
  }
  ASSERT_TRUE(directory_->rename("a", "d"));
  const auto state_after = [&](std::uint64_t seed) {
    const auto after = fs_.copy();
    after->crash(SimCrash::from_seed(seed));
    std::string state;
    for (const std::string& path : after->list_files()) state += path + ":" + text_of(*after, path) + "\n";
    return state;
  };
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    EXPECT_EQ(state_after(seed), state_after(seed));
    outcomes.insert(state_after(seed));
  }
  EXPECT_EQ(outcomes.size(), 8U);
}

TEST_F(SimFsTest, the_nth_call_of_a_kind_fails_and_the_next_one_does_not) {
  const auto file = durable_file("a", "");
  fs_.inject({.call = SimCall::write, .nth = 2, .effect = SimFault::Effect::no_space});
  EXPECT_TRUE(file->write_at(0, base::as_bytes("a")));
  ASSERT_TRUE(file->sync_data());
  const auto second = file->write_at(1, base::as_bytes("b"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::no_space);
  EXPECT_EQ(second.error().path, "store/a");
  EXPECT_EQ(second.error().offset, 1U);
  EXPECT_TRUE(file->write_at(1, base::as_bytes("c")));
  EXPECT_EQ(text_of("store/a"), "ac");
}

TEST_F(SimFsTest, every_kind_of_call_can_fail) {
  const auto file = durable_file("a", "abc");
  std::array<std::byte, 1> out{};
  const auto fails = [&](SimCall call, auto make) {
    fs_.inject({.call = call});
    const auto failed = make();
    EXPECT_FALSE(failed);
    EXPECT_EQ(failed.error().system_errno, EIO);
    EXPECT_TRUE(make());
  };
  fails(SimCall::open, [&] { return fs_.open_directory("store"); });
  fails(SimCall::open, [&] { return directory_->open_file("a", OpenMode::create); });
  fails(SimCall::look, [&] { return directory_->exists("a"); });
  fails(SimCall::look, [&] { return directory_->has_owner(); });
  fails(SimCall::look, [&] { return file->size(); });
  fails(SimCall::read, [&] { return file->read_at(0, out); });
  fails(SimCall::map, [&] { return file->map(1); });
  fails(SimCall::create, [&] { return directory_->open_file("b", OpenMode::create); });
  fails(SimCall::write, [&] { return file->write_at(0, out); });
  fails(SimCall::sync, [&] { return file->sync_data(); });
  fails(SimCall::truncate, [&] { return file->truncate(1); });
  fails(SimCall::allocate, [&] { return file->allocate(9); });
  fails(SimCall::make_directory, [&] { return directory_->make_directory("log"); });
  fails(SimCall::rename, [&] { return directory_->rename("b", "c"); });
  fails(SimCall::remove, [&] { return directory_->remove("c"); });
  fails(SimCall::sync_directory, [&] { return directory_->sync_directory("log"); });
  fails(SimCall::sync_directory, [&] { return directory_->sync_parent(); });
  fails(SimCall::lock, [&] { return directory_->lock_as_owner(); });
}

TEST_F(SimFsTest, a_fault_may_wait_for_a_path_and_last) {
  const auto a = durable_file("a", "");
  const auto b = durable_file("b", "");
  fs_.inject({.path_contains = "store/b", .times = 2});
  EXPECT_TRUE(a->sync_data());
  EXPECT_FALSE(b->sync_data());
  EXPECT_FALSE(b->size());
  EXPECT_TRUE(b->sync_data());
  fs_.inject({.times = 1000});
  EXPECT_FALSE(a->size());
  fs_.clear_faults();
  EXPECT_TRUE(a->size());
}

TEST_F(SimFsTest, a_short_write_leaves_its_first_bytes_and_reports_where_it_stopped) {
  const auto file = durable_file("a", "");
  fs_.inject({.call = SimCall::write, .effect = SimFault::Effect::no_space, .bytes_written = 2});
  const auto written = file->write_at(0, base::as_bytes("abcdef"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().offset, 2U);
  EXPECT_EQ(text_of("store/a"), "ab");
}

TEST_F(SimFsTest, after_a_failed_sync_a_second_one_succeeds_and_saves_nothing) {
  const auto file = durable_file("a", "old");
  ASSERT_TRUE(file->write_at(0, base::as_bytes("new")));
  fs_.inject({.call = SimCall::sync});
  EXPECT_FALSE(file->sync_data());
  EXPECT_EQ(text_of("store/a"), "new");
  EXPECT_TRUE(file->sync_data());
  fs_.crash(SimCrash::keeping_everything());
  EXPECT_EQ(text_of("store/a"), "old");
}

TEST_F(SimFsTest, a_failed_directory_sync_saves_no_names) {
  ASSERT_TRUE(directory_->open_file("a", OpenMode::create));
  fs_.inject({.call = SimCall::sync_directory});
  EXPECT_FALSE(directory_->sync_directory("."));
  fs_.crash(SimCrash::losing_everything());
  EXPECT_TRUE(fs_.list_files().empty());
}

TEST_F(SimFsTest, a_stopped_process_gets_no_further_until_it_is_buried) {
  const auto file = durable_file("a", "");
  fs_.inject({.call = SimCall::write, .effect = SimFault::Effect::stop, .bytes_written = 1});
  EXPECT_FALSE(file->write_at(0, base::as_bytes("abc")));
  EXPECT_FALSE(file->sync_data());
  EXPECT_FALSE(fs_.open_directory("store"));
  fs_.kill();
  reopen();
  EXPECT_EQ(text_of("store/a"), "a");
  ASSERT_TRUE((*directory_->open_file("a", OpenMode::write))->sync_data());
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(text_of("store/a"), "a");
}

TEST_F(SimFsTest, counts_and_records_the_calls_made) {
  fs_.clear_calls();
  const auto file = directory_->open_file("a", OpenMode::create).value();
  ASSERT_TRUE(file->write_at(7, base::as_bytes("abc")));
  fs_.inject({.call = SimCall::sync});
  EXPECT_FALSE(file->sync_data());
  ASSERT_TRUE(file->truncate(5));
  const std::vector<SimCallRecord> expected{{SimCall::create, "store/a"},
                                            {SimCall::write, "store/a", 7, 3},
                                            {.call = SimCall::sync, .path = "store/a", .failed_by_fault = true},
                                            {SimCall::truncate, "store/a", 5}};
  EXPECT_EQ(fs_.calls(), expected);
  EXPECT_EQ(fs_.count_calls(), 4U);
  EXPECT_EQ(fs_.count_calls(SimCall::write), 1U);
}

TEST_F(SimFsTest, a_read_only_medium_can_be_read_and_refuses_the_rest) {
  durable_file("a", "abc");
  fs_.write_protect();
  const auto file = directory_->open_file("a", OpenMode::read).value();
  std::array<std::byte, 3> out{};
  EXPECT_EQ(file->read_at(0, out), 3U);
  EXPECT_EQ(directory_->has_owner(), false);
  EXPECT_EQ(directory_->open_file("a", OpenMode::write).error().code, ErrorCode::read_only);
  EXPECT_EQ(directory_->open_file("b", OpenMode::create).error().code, ErrorCode::read_only);
  EXPECT_EQ(directory_->lock_as_owner().error().code, ErrorCode::read_only);
  EXPECT_EQ(directory_->remove("a").error().code, ErrorCode::read_only);
}

TEST_F(SimFsTest, one_owner_at_a_time) {
  EXPECT_EQ(directory_->has_owner(), false);
  auto lock = directory_->lock_as_owner().value();
  EXPECT_EQ(directory_->has_owner(), true);
  EXPECT_EQ(fs_.open_directory("store").value()->lock_as_owner().error().code, ErrorCode::locked);
  lock.reset();
  EXPECT_EQ(directory_->has_owner(), false);
  EXPECT_TRUE(directory_->lock_as_owner());
}

TEST_F(SimFsTest, tests_can_put_files_there_and_take_them_away_for_good) {
  ASSERT_TRUE(fs_.write_file("deep/er/a", base::as_bytes("abc")));
  ASSERT_TRUE(fs_.write_file("store/b", base::as_bytes("long")));
  ASSERT_TRUE(fs_.write_file("store/b", base::as_bytes("b")));
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(text_of("deep/er/a"), "abc");
  EXPECT_EQ(text_of("/store/b"), "b");
  ASSERT_TRUE(fs_.remove_file("deep/er/a"));
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(fs_.list_files(), (std::vector<std::string>{"store/b"}));
  EXPECT_FALSE(fs_.write_file("store", base::as_bytes("x")));
}

TEST_F(SimFsTest, rot_and_bad_sectors_can_be_put_into_a_file) {
  const auto file = durable_file("a", std::string(2000, 'a'));
  ASSERT_TRUE(fs_.flip_bit("store/a", 3, 0));
  EXPECT_EQ(text_of("store/a").substr(2, 3), "a`a");
  ASSERT_TRUE(fs_.spoil_sector("store/a", 600));
  std::vector<std::byte> out(2000);
  const auto got = file->read_at(0, out);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::io_error);
  EXPECT_EQ(got.error().offset, 512U);
  EXPECT_TRUE(file->read_at(1024, std::span(out).first(100)));
  EXPECT_FALSE(fs_.flip_bit("store/a", 2000, 0));
  EXPECT_FALSE(fs_.spoil_sector("store/none", 0));
}

TEST_F(SimFsTest, a_process_beside_sees_the_same_files_and_outlives_a_kill) {
  const auto file = durable_file("a", "abc");
  const auto reader = fs_.start_process();
  const auto lock = directory_->lock_as_owner().value();
  const auto beside = reader->open_directory("store").value();
  const auto seen = beside->open_file("a", OpenMode::read).value();
  const auto mapping = seen->map(4).value();
  EXPECT_EQ(beside->has_owner(), true);
  EXPECT_EQ(beside->lock_as_owner().error().code, ErrorCode::locked);
  ASSERT_TRUE(file->write_at(3, base::as_bytes("d")));
  EXPECT_EQ(seen->size(), 4U);
  EXPECT_EQ(mapping->bytes()[3], std::byte{'d'});
  fs_.kill();
  EXPECT_EQ(file->size().error().code, ErrorCode::io_error);
  EXPECT_EQ(seen->size(), 4U);
  EXPECT_EQ(beside->has_owner(), false);
  fs_.crash(SimCrash::losing_everything());
  EXPECT_EQ(seen->size().error().code, ErrorCode::io_error);
  EXPECT_EQ(reader->open_directory("store").error().system_errno, EIO);
}

TEST_F(SimFsTest, each_process_has_its_own_faults_calls_and_locks) {
  durable_file("a", "abc");
  const auto other = fs_.start_process();
  fs_.clear_calls();
  other->inject({.call = SimCall::look, .effect = SimFault::Effect::stop});
  EXPECT_EQ(directory_->exists("a"), true);
  const auto beside = other->open_directory("store").value();
  EXPECT_FALSE(beside->exists("a"));
  EXPECT_FALSE(beside->exists("a")) << "it has stopped";
  EXPECT_EQ(directory_->exists("a"), true);
  EXPECT_EQ(fs_.count_calls(), 2U);
  EXPECT_EQ(fs_.count_faults_met(), 1U);
  other->kill();
  const auto third = fs_.start_process();
  const auto owner = third->open_directory("store").value()->lock_as_owner().value();
  EXPECT_EQ(directory_->lock_as_owner().error().code, ErrorCode::locked);
  third->kill();
  EXPECT_TRUE(directory_->lock_as_owner());
}

TEST_F(SimFsTest, a_watcher_acts_between_two_calls) {
  const auto file = durable_file("a", "old");
  std::vector<SimCall> told;
  fs_.watch([&](SimCall call) {
    told.push_back(call);
    if (call == SimCall::sync) fs_.crash(SimCrash::losing_everything());
  });
  ASSERT_TRUE(file->write_at(0, base::as_bytes("new")));
  EXPECT_FALSE(file->sync_data());
  EXPECT_EQ(told, (std::vector<SimCall>{SimCall::write, SimCall::sync}));
  fs_.watch({});
  reopen();
  EXPECT_EQ(text_of("store/a"), "old");
}

TEST_F(SimFsTest, a_misdirected_write_is_seen_until_the_cache_is_dropped_and_no_sync_mends_it) {
  const auto file = durable_file("a", std::string(1024, 'a') + std::string(512, 'c'));
  const std::string before = text_of("store/a");
  const std::string sector(512, 'b');
  fs_.inject({.call = SimCall::write, .effect = SimFault::Effect::misdirected, .sectors_off = 1});
  ASSERT_TRUE(file->write_at(0, base::as_bytes(sector)));
  ASSERT_TRUE(file->sync_all());
  EXPECT_EQ(text_of("store/a"), sector + before.substr(512));
  const std::string mistaken = before.substr(0, 512) + sector + before.substr(1024);
  const auto evicted = fs_.copy();
  evicted->evict();
  EXPECT_EQ(text_of(*evicted, "store/a"), mistaken);
  fs_.crash(SimCrash::keeping_everything());
  EXPECT_EQ(text_of("store/a"), mistaken);
}

TEST_F(SimFsTest, a_write_may_be_lost_on_its_way) {
  const auto file = durable_file("a", "old");
  for (const std::int64_t nowhere : {0, -1, 99}) {
    fs_.inject({.call = SimCall::write, .effect = SimFault::Effect::misdirected, .sectors_off = nowhere});
    ASSERT_TRUE(file->write_at(0, base::as_bytes("new")));
    ASSERT_TRUE(file->sync_data());
    EXPECT_EQ(text_of("store/a"), "new");
    fs_.evict();
    EXPECT_EQ(text_of("store/a"), "old");
  }
}

TEST_F(SimFsTest, handles_outlive_the_file_system) {
  auto fs = std::make_unique<SimFs>();
  const auto directory = fs->create_directory("store").value();
  const auto file = directory->open_file("a", OpenMode::create).value();
  fs.reset();
  EXPECT_TRUE(file->write_at(0, base::as_bytes("abc")));
}

TEST_F(SimFsTest, may_be_used_from_several_threads) {
  const auto file = durable_file("a", "");
  const auto mapping = file->map(4096).value();
  base::Atomic<std::uint64_t> published{0};
  {
    const base::Thread writer([&] {
      for (std::uint64_t at = 0; at < 4096; ++at) {
        EXPECT_TRUE(file->write_at(at, base::as_bytes("x")));
        published.store(at + 1, std::memory_order_release);
      }
    });
    const base::Thread reader([&] {
      for (std::uint64_t seen = 0; seen < 4096;) {
        seen = published.load(std::memory_order_acquire);
        EXPECT_TRUE(seen == 0 || mapping->bytes()[seen - 1] == std::byte{'x'});
        EXPECT_TRUE(file->size());
      }
    });
  }
  EXPECT_EQ(file->size(), 4096U);
}

TEST(SimClock, stands_still_until_it_is_moved_and_only_the_wall_jumps) {
  SimClock clock(1000);
  EXPECT_EQ(clock.wall_microseconds(), 1000);
  clock.advance(std::chrono::microseconds(5));
  EXPECT_EQ(clock.wall_microseconds(), 1005);
  EXPECT_EQ(clock.monotonic(), std::chrono::microseconds(5));
  clock.set_wall_microseconds(7);
  EXPECT_EQ(clock.wall_microseconds(), 7);
  EXPECT_EQ(clock.monotonic(), std::chrono::microseconds(5));
}

TEST(SeededEntropy, gives_the_same_bytes_for_the_same_seed) {
  std::array<std::byte, 32> one{};
  std::array<std::byte, 32> two{};
  SeededEntropy(7).fill(one);
  SeededEntropy(7).fill(two);
  EXPECT_EQ(one, two);
  SeededEntropy(8).fill(two);
  EXPECT_NE(one, two);
}

}  // namespace
}  // namespace batpak::platform
