// Opening and closing, on the real file system: who may, what is left, and what a forked child cannot do.
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "platform/child_process.hpp"
#include "platform/temporary_directory.hpp"
#include "store/test_store.hpp"

namespace batpak {
namespace {

using test::at;
using test::error_of;
using test::Moved;
using test::must;
using test::Said;

std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) names.push_back(entry.path().string());
  std::ranges::sort(names);
  return names;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class LifetimeTest : public testing::Test {
 protected:
  static OpenOptions small() {
    OpenOptions options;
    options.segment_bytes = 64U << 10;
    return options;
  }
  Store open() { return must(Store::open(path_, small())); }

  platform::TemporaryDirectory directory_;
  std::string path_ = directory_ / "store";
};

TEST_F(LifetimeTest, a_new_store_says_who_it_is_and_stays_the_same) {
  OpenOptions options = small();
  options.origin = "example.com/log";
  std::string id;
  {
    Store store = must(Store::open(path_, options));
    EXPECT_TRUE(store.open_report().created);
    EXPECT_EQ(store.open_report().events, 1U);
    EXPECT_EQ(store.origin(), "example.com/log");
    EXPECT_EQ(store.path(), path_);
    id = store.store_id();
    EXPECT_EQ(id.size(), 32U);
    must(store.append(at("a"), Moved{}));
  }  // its destructor closes it
  options.origin = "example.com/another";
  Store store = must(Store::open(path_, options));
  EXPECT_FALSE(store.open_report().created);
  EXPECT_EQ(store.open_report().torn_bytes, 0U);
  EXPECT_EQ(store.open_report().events, 3U);
  EXPECT_EQ(store.origin(), "example.com/log");  // fixed for ever
  EXPECT_EQ(store.store_id(), id);
  platform::TemporaryDirectory other;
  EXPECT_EQ(must(Store::open(other / "store", small())).origin().substr(0, 15), "batpak.invalid/");
}

TEST_F(LifetimeTest, origins_that_no_checkpoint_can_carry_are_refused) {
  for (const std::string& origin : {std::string("a b"), std::string("a+b"), std::string("a\nb"), std::string(256, 'o'),
                                    std::string("\xFF"), std::string("a\u00A0b")}) {
    OpenOptions options = small();
    options.origin = origin;
    EXPECT_EQ(error_of(Store::open(path_, options)), "invalid_argument") << origin;
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LifetimeTest, options_out_of_range_are_refused_before_anything_is_made) {
  const auto refused = [&](const std::function<void(OpenOptions&)>& change) {
    OpenOptions options;
    change(options);
    return error_of(Store::open(path_, options));
  };
  EXPECT_EQ(refused([](OpenOptions& o) { o.segment_bytes = (64U << 10) - 1; }), "invalid_argument");
  EXPECT_EQ(refused([](OpenOptions& o) { o.segment_bytes = (1ULL << 30) + 1; }), "invalid_argument");
  EXPECT_EQ(refused([](OpenOptions& o) { o.queue_bytes_max = 1000; }), "invalid_argument");
  EXPECT_EQ(refused([](OpenOptions& o) { o.sync_interval = {}; }), "invalid_argument");
  EXPECT_EQ(refused([](OpenOptions& o) { o.idle_mark_after = std::chrono::microseconds(-1); }), "invalid_argument");
  EXPECT_EQ(refused([](OpenOptions& o) { o.clock_skew_max = std::chrono::microseconds(-1); }), "invalid_argument");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LifetimeTest, what_is_asked_of_an_absent_or_present_store_is_kept_to) {
  OpenOptions never = small();
  never.create = Create::never;
  EXPECT_EQ(error_of(Store::open(path_, never)), "not_a_store");
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_EQ(error_of(Store::open(path_ + "/below", small())), "no_such_directory");
  EXPECT_EQ(error_of(Store::open_read_only(path_)), "no_such_directory");
  std::filesystem::create_directory(path_);
  EXPECT_EQ(error_of(Store::open(path_, never)), "not_a_store");
  EXPECT_EQ(error_of(Store::open_read_only(path_)), "not_a_store");
  EXPECT_TRUE(names_in(path_).empty());
  OpenOptions always = small();
  always.create = Create::always;
  must(must(Store::open(path_, always)).close());
  EXPECT_EQ(error_of(Store::open(path_, always)), "already_a_store");
  EXPECT_TRUE(Store::open(path_, never));
}

TEST_F(LifetimeTest, a_directory_of_other_files_is_left_as_it_is) {
  std::filesystem::create_directory(path_);
  std::ofstream(path_ + "/notes.txt") << "mine";
  const auto before = names_in(path_);
  EXPECT_EQ(error_of(Store::open(path_, small())), "not_a_store");
  EXPECT_EQ(error_of(Store::open_read_only(path_)), "not_a_store");
  EXPECT_EQ(error_of(verify_directory(path_)), "not_a_store");
  EXPECT_EQ(names_in(path_), before);
}

TEST_F(LifetimeTest, a_file_is_no_directory) {
  std::ofstream(path_) << "a file";
  EXPECT_EQ(error_of(Store::open(path_, small())), "not_a_directory");
  EXPECT_EQ(error_of(Store::open_read_only(path_)), "not_a_directory");
  EXPECT_EQ(error_of(verify_directory(path_)), "not_a_directory");
  EXPECT_EQ(error_of(Store::open(path_ + "/below", small())), "not_a_directory");
  EXPECT_EQ(content(path_), "a file");
}

TEST_F(LifetimeTest, closing_twice_is_fine_and_a_closed_store_writes_nothing) {
  Store store = open();
  const auto receipt = must(store.append(at("a"), Moved{}));
  must(store.close());
  must(store.close());
  EXPECT_EQ(error_of(store.append(at("a"), Moved{})), "closed");
  EXPECT_EQ(error_of(store.try_append(at("a"), Moved{})), "closed");
  EXPECT_EQ(error_of(store.append_json(at("a"), "n", "1")), "closed");
  Batch batch;
  must(batch.add(at("a"), Moved{}));
  EXPECT_EQ(error_of(store.append_batch(std::move(batch))), "closed");
  EXPECT_EQ(error_of(store.sync()), "closed");
  EXPECT_TRUE(store.verify_receipt(receipt));  // reading goes on
  EXPECT_TRUE(Store::open(path_, small()));    // and the directory is free
}

TEST_F(LifetimeTest, opening_and_closing_without_appends_adds_nothing) {
  {
    Store store = open();
    must(store.append(at("a"), Moved{}));
    must(store.close());
  }
  const std::string segment = path_ + "/log/00000000000000000000.seg";
  const std::string log = content(segment);
  EXPECT_LT(log.size(), 20'000U);  // the space allocated ahead is given back
  for (int i = 0; i < 3; ++i) {
    Store store = open();
    must(store.close());
    EXPECT_EQ(content(segment), log);
  }
}

// Witness: one_writer
TEST_F(LifetimeTest, a_second_writer_is_refused_with_the_pid_of_the_first) {
  Store store = open();
  const auto refused = Store::open(path_, small());
  EXPECT_EQ(error_of(refused), "locked");
  EXPECT_NE(refused.error().message.find(std::to_string(::getpid())), std::string::npos) << refused.error();
  EXPECT_EQ(refused.error().path.substr(0, path_.size()), path_);
  const auto from_elsewhere =
      platform::exit_status_of_child([&] { return Store::open(path_, small()).error().code == ErrorCode::locked ? 7 : 1; });
  EXPECT_EQ(from_elsewhere, 7);
  EXPECT_TRUE(store.append(at("a"), Moved{}));
  must(store.close());
  EXPECT_TRUE(Store::open(path_, small()));
}

TEST_F(LifetimeTest, a_reader_sees_what_a_live_writer_has_made_durable) {
  Store store = open();
  const auto receipt = must(store.append(at("a"), Moved{}));
  Store reader = must(Store::open_read_only(path_));
  EXPECT_EQ(must(reader.get(receipt.event_id)).sequence(), receipt.sequence);
  const auto later = must(store.append(at("a"), Moved{}));
  EXPECT_EQ(must(reader.get(later.event_id)).sequence(), later.sequence);  // it follows
  EXPECT_EQ(error_of(reader.append(at("a"), Moved{})), "read_only");
  EXPECT_EQ(error_of(reader.sync()), "read_only");
  must(reader.close());
}

// Witness: one_writer
TEST_F(LifetimeTest, a_forked_child_is_refused_and_leaves_the_parent_alone) {
  OpenOptions options = small();
  options.key = test::new_key();
  Store store = must(Store::open(path_, options));
  const auto receipt = must(store.append(at("a"), Moved{}));
  const Snapshot before = must(store.snapshot());
  const int failed_call = platform::exit_status_of_child([&] {
    const auto refused = [](const auto& result) { return !result && result.error().code == ErrorCode::forked_child; };
    int call = 0;
    if (++call; !refused(store.append(at("a"), Moved{}))) return call;
    if (++call; !refused(store.try_append(at("a"), Moved{}))) return call;
    if (++call; !refused(store.append_json(at("a"), "n", "1"))) return call;
    Batch batch;
    must(batch.add(at("a"), Moved{}));
    if (++call; !refused(store.append_batch(std::move(batch)))) return call;
    if (++call; !refused(store.sync())) return call;
    if (++call; !refused(store.snapshot())) return call;
    if (++call; !refused(store.get(receipt.event_id))) return call;
    if (++call; !refused(store.at(0))) return call;
    if (++call; !refused(store.read())) return call;
    if (++call; !refused(store.stream("a"))) return call;
    if (++call; !refused(store.ancestors(receipt.event_id))) return call;
    if (++call; !refused(store.head("a"))) return call;
    if (++call; !refused(store.verify_receipt(receipt))) return call;
    if (++call; !refused(store.checkpoint())) return call;
    store.keep_house();
    if (++call; !refused(store.close())) return call;
    {
      const Store gone = std::move(store);
    }  // destroying it here releases nothing of the parent's
    return 0;
  });
  EXPECT_EQ(failed_call, 0);
  EXPECT_EQ(error_of(Store::open(path_, options)), "locked");
  const auto later = must(store.append(at("a"), Moved{}));
  EXPECT_EQ(later.sequence, before.size());
  must(store.close());
  VerifyOptions verify;
  verify.key = options.key->public_key();
  EXPECT_EQ(test::findings(must(verify_directory(path_, verify))), "");
}

TEST_F(LifetimeTest, without_permission_nothing_is_opened) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become somebody without permission";
  {
    Store store = open();
    must(store.append(at("a"), Moved{}));
  }
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  const auto as_nobody = [&](const std::function<ErrorCode()>& body) {
    return platform::exit_status_of_child([&] {
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) return 1;
      return body() == ErrorCode::permission_denied ? 0 : 2;
    });
  };
  EXPECT_EQ(as_nobody([&] { return Store::open(path_, small()).error().code; }), 0);  // may look, not write
  EXPECT_EQ(as_nobody([&] { return Store::open(directory_ / "new", small()).error().code; }), 0);
  std::filesystem::permissions(path_, std::filesystem::perms(0700));
  EXPECT_EQ(as_nobody([&] { return Store::open(path_, small()).error().code; }), 0);
  EXPECT_EQ(as_nobody([&] { return Store::open_read_only(path_).error().code; }), 0);
  EXPECT_EQ(as_nobody([&] { return verify_directory(path_).error().code; }), 0);
}

// Witness: read_only_writes_nothing
TEST_F(LifetimeTest, read_only_media_can_be_read) {
  test::SimMachine machine;
  {
    Store store = machine.open();
    must(store.append(at("a"), Moved{}));
    must(store.close());
  }
  machine.files.write_protect();
  EXPECT_EQ(error_of(machine.try_open()), "read_only");
  ReadOnlyOptions options;
  options.file_system = &machine.files;
  EXPECT_EQ(must(must(Store::open_read_only("store", options)).snapshot()).size(), 3U);
  EXPECT_TRUE(machine.verify().clean());
}

TEST_F(LifetimeTest, the_frontier_never_goes_back) {
  Store store = open();
  Frontier last = store.frontier();
  for (int i = 0; i < 200; ++i) {
    if (i % 3 == 0) {
      must(store.append(at("a"), Said{std::string(1000, 'x')}, {.durability = Durability::buffered}));
    } else if (i % 3 == 1) {
      must(store.append(at("a"), Moved{}));
    } else {
      must(store.snapshot());
    }
    const Frontier now = store.frontier();
    EXPECT_GE(now.accepted, now.written);
    EXPECT_GE(now.written, now.durable);
    EXPECT_TRUE(now.accepted >= last.accepted && now.written >= last.written && now.durable >= last.durable &&
                now.visible >= last.visible);
    last = now;
  }
}

}  // namespace
}  // namespace batpak
