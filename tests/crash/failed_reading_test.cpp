// Calls that only look or read, failing one after the other while a store is opened, read, verified and salvaged: each gives
// an error that says so or does not matter, nothing is changed by reading, and the store is as it was once the device is well.
#include <gtest/gtest.h>

#include "batpak/salvage.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

using platform::SimCall;
using platform::SimFs;

class FailedReading : public testing::Test {
 protected:
  // Several segments, signed, and a torn tail.
  FailedReading() {
    OpenOptions options = options_on(machine_.files);
    {
      Store store = must(Store::open("store", options));
      for (int i = 0; i < 30; ++i) {
        must(store.append(at("e" + std::to_string(i % 3)), Said{std::string(static_cast<std::size_t>(i % 5) * 1500, 'x')}));
      }
      must(store.close());
    }
    std::string last;
    for (const std::string& path : machine_.files.list_files()) {
      if (path.ends_with(".seg")) last = path;
    }
    Bytes bytes = must(machine_.files.read_file(last));
    base::append(bytes, base::as_bytes("a commit that was never finished"));
    must(machine_.files.write_file(last, bytes));
  }

  OpenOptions options_on(SimFs& files) {
    OpenOptions options = machine_.options();
    options.segment_bytes = 64U << 10;
    options.key = key_;
    options.file_system = &files;
    return options;
  }

  // Does the task on copies of the store, each with another call that fails, until none is left to fail.
  template <class Task>
  std::uint64_t with_each_call_failing(SimCall call, Task task) {
    for (std::uint64_t nth = 1;; ++nth) {
      const auto files = machine_.files.copy();
      files->inject({.call = call, .path_contains = {}, .nth = nth, .effect = platform::SimFault::Effect::io_error});
      SCOPED_TRACE("call " + std::to_string(static_cast<int>(call)) + " number " + std::to_string(nth));
      const Result<void> done = task(*files);
      if (files->count_faults_met() == 0) {
        EXPECT_TRUE(done) << to_string(done.error());
        return nth - 1;
      }
      if (!done) {
        EXPECT_FALSE(done.error().message.empty());
        EXPECT_TRUE(done.error().code == ErrorCode::io_error || done.error().code == ErrorCode::damaged ||
                    done.error().code == ErrorCode::corrupt || done.error().code == ErrorCode::not_written ||
                    done.error().code == ErrorCode::outcome_unknown)
            << to_string(done.error());
      }
      files->clear_faults();
      check_that_nothing_is_lost(*files);
    }
  }

  template <class Task>
  void with_every_reading_call_failing(Task task) {
    std::uint64_t failed = 0;
    for (const SimCall call : {SimCall::open, SimCall::look, SimCall::read, SimCall::map}) {
      failed += with_each_call_failing(call, task);
    }
    EXPECT_GT(failed, 10U);
  }

  // Witness: acknowledged_durable_survives
  void check_that_nothing_is_lost(SimFs& files) {
    Store store = must(Store::open("store", options_on(files)));
    std::size_t events = 0;
    for (const EventView& event : all(must(store.read()))) {
      events += must(event.as<Said>()).text.starts_with('y') ? 0 : 1;
    }
    EXPECT_EQ(events, 30U);
    must(store.close());
  }

  SimMachine machine_;
  std::shared_ptr<const SigningKey> key_ = new_key();
};

// Witness: nothing_opens_that_should_refuse
TEST_F(FailedReading, while_opening_is_an_error_or_does_not_matter) {
  with_every_reading_call_failing([this](SimFs& files) -> Result<void> {
    auto store = Store::open("store", options_on(files));
    if (!store) return std::unexpected(store.error());
    return store->close();
  });
}

// Witness: read_only_writes_nothing
TEST_F(FailedReading, without_the_right_to_write_changes_nothing) {
  with_every_reading_call_failing([](SimFs& files) -> Result<void> {
    ReadOnlyOptions options;
    options.file_system = &files;
    const std::uint64_t before = files.count_calls(SimCall::write) + files.count_calls(SimCall::truncate);
    auto store = Store::open_read_only("store", options);
    EXPECT_EQ(files.count_calls(SimCall::write) + files.count_calls(SimCall::truncate), before);
    if (!store) return std::unexpected(store.error());
    auto snapshot = store->snapshot();
    if (!snapshot) return std::unexpected(snapshot.error());
    for (const Result<EventView>& event : snapshot->read()) {
      if (!event) return std::unexpected(event.error());
    }
    return {};
  });
}

TEST_F(FailedReading, of_a_store_without_store_meta_is_an_error_or_does_not_matter) {
  const Bytes meta = must(machine_.files.read_file("store/store.meta"));
  must(machine_.files.remove_file("store/store.meta"));
  with_every_reading_call_failing([&meta](SimFs& files) -> Result<void> {
    ReadOnlyOptions options;
    options.file_system = &files;
    auto store = Store::open_read_only("store", options);
    const auto report = verify_directory("store", {.key = {}, .threads = 1, .file_system = &files});
    EXPECT_TRUE(!report || !report->clean());
    must(files.write_file("store/store.meta", meta));
    if (!store) return std::unexpected(store.error());
    return {};
  });
}

TEST_F(FailedReading, of_a_reader_that_follows_does_not_end_it) {
  with_every_reading_call_failing([this](SimFs& files) -> Result<void> {
    const auto process = files.start_process();
    OpenOptions writing = options_on(files);
    writing.file_system = process.get();
    Store writer = must(Store::open("store", writing));
    ReadOnlyOptions options;
    options.file_system = &files;
    auto store = Store::open_read_only("store", options);
    for (int i = 0; i < 2; ++i) must(writer.append(at("e0"), Said{std::string(40'000, 'y')}));
    Result<void> done = {};
    if (!store) done = std::unexpected(store.error());
    if (store) {
      auto first = store->snapshot();
      if (!first) done = std::unexpected(first.error());
      // The next attempt meets a device that is well.
      auto second = store->snapshot();
      EXPECT_TRUE(!second || !first || second->size() >= first->size());
    }
    must(writer.close());
    return done;
  });
}

// Witness: flipped_byte_is_found
TEST_F(FailedReading, while_verifying_is_a_finding_or_an_error) {
  with_every_reading_call_failing([](SimFs& files) -> Result<void> {
    const std::uint64_t before = files.count_faults_met();
    const auto report = verify_directory("store", {.key = {}, .threads = 1, .file_system = &files});
    if (!report) return std::unexpected(report.error());
    const bool met = files.count_faults_met() != before;
    // The torn tail is one finding already.
    EXPECT_GE(report->findings.size(), 1U);
    EXPECT_TRUE(!met || report->events == 0 || report->findings.size() <= 40U) << report->findings.size();
    return {};
  });
}

TEST_F(FailedReading, while_salvaging_leaves_the_source_alone) {
  with_every_reading_call_failing([this](SimFs& files) -> Result<void> {
    const auto report = salvage("store", "copy", options_on(files));
    if (!report) return std::unexpected(report.error());
    return {};
  });
}

}  // namespace
}  // namespace batpak::test
