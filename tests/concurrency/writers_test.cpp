// Many threads on one store: exact accounting afterwards, no lost wake-up, no hang.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <thread>

#include "platform/file_system.hpp"
#include "platform/forwarding_fs.hpp"
#include "platform/posix_fs.hpp"
#include "platform/temporary_directory.hpp"
#include "store/test_store.hpp"

namespace batpak {
namespace {

using test::at;
using test::error_of;
using test::must;

struct Step {
  std::int32_t thread = 0;
  std::int32_t number = 0;
};
struct Filler {
  std::string text;
};

void run_together(std::size_t count, const std::function<void(std::size_t)>& body) {
  std::vector<std::thread> threads;
  std::atomic<std::size_t> ready = 0;
  for (std::size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      ++ready;
      while (ready < count) std::this_thread::yield();
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

struct Syncs {
  std::atomic<bool> held = false;
  std::atomic<int> waiting = 0;
  std::atomic<int> done = 0;
};

// The real file system, whose syncs can be held back: what queues meanwhile is the next group.
class SlowFile : public platform::File {
 public:
  SlowFile(std::unique_ptr<platform::File> file, Syncs& syncs) : file_(std::move(file)), syncs_(syncs) {}
  Result<void> write_at(std::uint64_t offset, ByteView bytes) override { return file_->write_at(offset, bytes); }
  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    return file_->read_at(offset, out);
  }
  Result<void> sync_data() override {
    ++syncs_.waiting;
    while (syncs_.held) std::this_thread::yield();
    --syncs_.waiting;
    ++syncs_.done;
    return file_->sync_data();
  }
  Result<void> sync_all() override { return file_->sync_all(); }
  Result<std::uint64_t> size() const override { return file_->size(); }
  Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  Result<void> allocate(std::uint64_t size) override { return file_->allocate(size); }
  Result<std::shared_ptr<const platform::Mapping>> map(std::uint64_t length) const override { return file_->map(length); }

 private:
  std::unique_ptr<platform::File> file_;
  Syncs& syncs_;
};

class SlowDirectory : public platform::ForwardingDirectory {
 public:
  SlowDirectory(std::shared_ptr<platform::Directory> directory, Syncs& syncs)
      : ForwardingDirectory(std::move(directory)), syncs_(syncs) {}
  Result<std::unique_ptr<platform::File>> open_file(std::string_view name, platform::OpenMode mode) override {
    auto file = ForwardingDirectory::open_file(name, mode);
    if (!file) return file;
    return std::make_unique<SlowFile>(*std::move(file), syncs_);
  }

 private:
  Syncs& syncs_;
};

class SlowFs : public platform::ForwardingFs {
 public:
  using ForwardingFs::ForwardingFs;
  void wait_for_a_sync() const {
    while (syncs.waiting == 0) std::this_thread::yield();
  }

  Syncs syncs;

 private:
  std::shared_ptr<platform::Directory> wrap(std::shared_ptr<platform::Directory> directory) override {
    return std::make_shared<SlowDirectory>(std::move(directory), syncs);
  }
};

// Threads that append while the device is busy: the first one's commit waits for it, and what the others ask for queues.
class Queue {
 public:
  template <class Body>
  Queue(SlowFs& files, Body first) : files_(files) {
    files_.syncs.held = true;
    add(std::move(first));
    files_.wait_for_a_sync();
  }
  template <class Body>
  void add(Body body) {
    threads_.emplace_back(std::move(body));
  }
  // The device goes on; returns when all have their answers.
  void let_go() {
    files_.syncs.held = false;
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  SlowFs& files_;
  std::vector<std::thread> threads_;
};

class WritersTest : public testing::Test {
 protected:
  OpenOptions options() {
    OpenOptions options;
    options.segment_bytes = 128U << 10;
    options.sync_interval = std::chrono::milliseconds(5);
    options.idle_mark_after = std::chrono::milliseconds(3);
    return options;
  }

  // Nobody but those who append asks the device for anything.
  OpenOptions by_hand_on(SlowFs& files) {
    OpenOptions on_slow = options();
    on_slow.file_system = &files;
    on_slow.housekeeping = OpenOptions::Housekeeping::by_hand;
    return on_slow;
  }

  // What every run of writers must leave: each receipt verifies, no two are of one event, nothing is missing, and each
  // thread's events stand in the order in which it appended them.
  static void account(Store& store, const std::vector<std::vector<Receipt>>& receipts) {
    std::map<std::uint64_t, std::size_t> owners;
    for (std::size_t thread = 0; thread < receipts.size(); ++thread) {
      std::uint64_t last = 0;
      for (const Receipt& receipt : receipts[thread]) {
        const auto verified = store.verify_receipt(receipt);
        ASSERT_TRUE(verified) << verified.error();
        EXPECT_GT(receipt.sequence, last);
        last = receipt.sequence;
        EXPECT_TRUE(owners.emplace(receipt.sequence, thread).second);
      }
    }
    std::uint64_t expected = 0;
    std::map<std::int32_t, std::int32_t> next_number;
    auto events = must(store.read({.from = {}, .store_events = StoreEvents::include}));
    for (const auto& found : events) {
      const EventView event = must(found);
      EXPECT_EQ(event.sequence(), expected++);
      EXPECT_EQ(owners.contains(event.sequence()), !event.kind().is_system());
      if (!event.is<Step>()) continue;
      const Step step = must(event.as<Step>());
      EXPECT_EQ(step.number, next_number[step.thread]++);
      EXPECT_EQ(owners.at(event.sequence()), static_cast<std::size_t>(step.thread));
    }
    EXPECT_EQ(expected, must(store.snapshot()).size());
  }

  static std::vector<Receipt> append_batch(Store& store, const Coordinate& where, std::int32_t thread, std::int32_t first) {
    Batch batch;
    for (std::int32_t i = 0; i < 3; ++i) must(batch.add(where, Step{thread, first + i}));
    return must(
        store.append_batch(std::move(batch), {.durability = first % 2 == 0 ? Durability::durable : Durability::buffered}));
  }

  platform::TemporaryDirectory directory_;
  std::string path_ = directory_ / "store";
};

// Witness: acknowledged_durable_survives
TEST_F(WritersTest, everything_that_was_acknowledged_is_there_once_and_in_order) {
  for (const bool with_key : {false, true}) {
    const std::string path = path_ + (with_key ? "-signed" : "");
    OpenOptions opening = options();
    if (with_key) opening.key = test::new_key();
    Store store = must(Store::open(path, opening));
    constexpr std::size_t writers = 8;
    std::vector<std::vector<Receipt>> receipts(writers);
    std::atomic<bool> writing = true;
    std::vector<std::thread> readers;
    for (int i = 0; i < 3; ++i) {
      readers.emplace_back([&, i] {
        std::uint64_t last = 0;
        Frontier before;
        while (writing) {
          const Snapshot now = must(store.snapshot());
          EXPECT_GE(now.size(), last);
          last = now.size();
          for (const EventView& event : test::all(now.read({.from = {}, .direction = Direction::backwards}))) {
            EXPECT_LT(event.sequence(), now.size());
            EXPECT_EQ(event.batch_size() == 3, event.batch_size() != 1);
            if (last - event.sequence() > 20) break;
          }
          if (const auto head = now.head("shared").value()) {
            EXPECT_EQ(test::sequences(now.stream("shared")).size(), head->version + 1);
          }
          const Frontier frontier = store.frontier();
          EXPECT_TRUE(frontier.durable >= before.durable && frontier.visible >= before.visible);
          before = frontier;
          if (i == 0) must(store.sync());
          if (i == 1) must(store.checkpoint());
          static_cast<void>(store.types());
        }
      });
    }
    run_together(writers, [&](std::size_t thread) {
      const auto id = static_cast<std::int32_t>(thread);
      const Coordinate own = at("own " + std::to_string(thread));
      const Coordinate shared = at("shared");
      for (std::int32_t i = 0; i < 90; ++i) {
        if (i % 10 == 4) {
          for (Receipt& receipt : append_batch(store, own, id, i)) receipts[thread].push_back(std::move(receipt));
          i += 2;
        } else {
          const auto durability = i % 2 == 0 ? Durability::durable : Durability::buffered;
          receipts[thread].push_back(must(store.append(i % 3 == 0 ? shared : own, Step{id, i}, {.durability = durability})));
        }
      }
    });
    writing = false;
    for (std::thread& reader : readers) reader.join();
    account(store, receipts);
    must(store.close());
    VerifyOptions verifying;
    if (with_key) verifying.key = opening.key->public_key();
    const auto report = must(verify_directory(path, verifying));
    EXPECT_EQ(test::findings(report), "");
    EXPECT_EQ(report.events, 2U + writers * 90U);
    Store again = must(Store::open(path, opening));
    account(again, receipts);
  }
}

// Witness: no_wakeup_is_lost
TEST_F(WritersTest, what_queues_during_a_sync_is_one_commit) {
  SlowFs files(platform::posix_file_system());
  Store store = must(Store::open(path_, by_hand_on(files)));
  must(store.append(at("a"), Step{}));
  const std::uint64_t commits_before = [&] { return must(verify_directory(path_)).commits; }();
  Queue queue(files, [&] { must(store.append(at("first"), Step{})); });
  for (int i = 0; i < 63; ++i) queue.add([&, i] { must(store.append(at("later"), Step{1, i})); });
  // Readers and refusals do not wait for the device.
  EXPECT_EQ(must(store.snapshot()).size(), 3U);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // for most of them to queue; the count below is generous
  queue.let_go();
  EXPECT_EQ(must(store.snapshot()).size(), 67U);
  must(store.close());
  const auto report = must(verify_directory(path_));
  EXPECT_EQ(test::findings(report), "");
  EXPECT_LT(report.commits - commits_before, 32U);  // for 64 events
}

// Witness: acknowledged_durable_survives
TEST_F(WritersTest, a_durable_event_is_synced_also_when_it_follows_a_buffered_one_in_its_group) {
  SlowFs files(platform::posix_file_system());
  Store store = must(Store::open(path_, by_hand_on(files)));
  must(store.append(at("a"), Step{}));
  Queue queue(files, [&] { must(store.append(at("first"), Step{})); });
  const int syncs_before = files.syncs.done;
  Receipt buffered;
  Receipt durable;
  queue.add([&] { buffered = must(store.append(at("b"), Step{}, {.durability = Durability::buffered})); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for it to queue first; in any order the syncs are two
  queue.add([&] { durable = must(store.append(at("c"), Step{})); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // for it to join the group
  queue.let_go();
  EXPECT_EQ(durable.durability, Durability::durable);
  EXPECT_EQ(files.syncs.done, syncs_before + 2);
  EXPECT_EQ(store.frontier().durable, std::max(durable.sequence, buffered.sequence) + 1);
}

struct StepByAnotherName {
  static constexpr EventType event_type{.category = 0xB, .type_id = 7, .name = "another name"};
  std::int32_t number = 0;
};
struct StepByItsName {
  static constexpr EventType event_type{.category = 0xB, .type_id = 7, .name = "its name"};
  std::int32_t number = 0;
};

TEST_F(WritersTest, a_refused_request_leaves_the_others_of_its_group_as_they_are) {
  SlowFs files(platform::posix_file_system());
  Store store = must(Store::open(path_, by_hand_on(files)));
  must(store.append(at("a"), StepByItsName{}));
  Queue queue(files, [&] { must(store.append(at("first"), Step{})); });
  const int syncs_before = files.syncs.done;
  Receipt durable;
  queue.add([&] { durable = must(store.append(at("b"), Step{})); });
  queue.add([&] { EXPECT_EQ(error_of(store.append(at("b"), StepByAnotherName{})), "kind_collision"); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // for both to queue; alone each would be right too
  queue.let_go();
  EXPECT_EQ(durable.durability, Durability::durable);
  EXPECT_TRUE(store.verify_receipt(durable));
  EXPECT_LE(files.syncs.done, syncs_before + 3);
  EXPECT_EQ(must(store.snapshot()).size(), durable.sequence + 1);
}

// Witness: queue_is_bounded
TEST_F(WritersTest, a_group_is_no_larger_than_8_mebibytes_and_the_rest_is_the_next_one) {
  SlowFs files(platform::posix_file_system());
  OpenOptions opening = by_hand_on(files);
  opening.segment_bytes = 64U << 20;
  Store store = must(Store::open(path_, opening));
  must(store.append(at("a"), Filler{}));
  const Filler large{std::string(5U << 20, 'x')};
  Queue queue(files, [&] { must(store.append(at("a"), Filler{})); });
  const int syncs_before = files.syncs.done;
  for (int i = 0; i < 2; ++i) queue.add([&] { must(store.append(at("a"), large)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // for both to queue
  queue.let_go();
  EXPECT_EQ(files.syncs.done, syncs_before + 3) << "the first one's, and one for each large one";
  EXPECT_EQ(must(store.head("a"))->version, 3U);
}

// Witness: poison_after_unknown
TEST_F(WritersTest, those_behind_a_request_that_breaks_the_log_in_its_group_are_told_the_same) {
  platform::SimFs simulated;
  SlowFs files(simulated);
  Store store = must(Store::open("store", by_hand_on(files)));
  const Filler half{std::string(70'000, 'x')};  // two of them do not fit into one segment
  must(store.append(at("a"), half));
  Queue queue(files, [&] { must(store.append(at("a"), Step{})); });
  // The next large ones need another segment, which gets no name.
  simulated.inject({.call = platform::SimCall::rename, .path_contains = {}});
  std::atomic<int> told = 0;
  for (int i = 0; i < 3; ++i) {
    queue.add([&] {
      const std::string answer = error_of(store.append(at("a"), half));
      if (answer == "outcome_unknown" || answer == "poisoned") ++told;
    });
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // for them to queue
  queue.let_go();
  EXPECT_EQ(told, 3);
  EXPECT_EQ(error_of(store.append(at("a"), Step{})), "poisoned");
}

// Witness: queue_is_bounded
TEST_F(WritersTest, a_full_queue_is_told_or_waited_for) {
  SlowFs files(platform::posix_file_system());
  OpenOptions opening = by_hand_on(files);
  opening.queue_bytes_max = 64U << 10;
  Store store = must(Store::open(path_, opening));
  const Filler large{std::string(50'000, 'x')};
  Queue queue(files, [&] { must(store.append(at("a"), large)); });
  EXPECT_EQ(error_of(store.try_append(at("a"), large)), "queue_full");
  std::atomic<int> done = 0;
  for (int i = 0; i < 4; ++i) {
    queue.add([&] {
      must(store.append(at("a"), large));  // waits for room
      ++done;
    });
  }
  queue.add([&] { must(store.append(at("b"), Step{})); });  // room for a small one or not, it takes its turn
  EXPECT_EQ(error_of(store.try_append(at("a"), large)), "queue_full");
  EXPECT_EQ(done, 0);
  queue.let_go();
  EXPECT_EQ(done, 4);
  EXPECT_TRUE(store.try_append(at("a"), large));
}

// Witness: no_wakeup_is_lost
TEST_F(WritersTest, closing_wakes_those_who_wait_for_room_and_finishes_what_is_queued) {
  SlowFs files(platform::posix_file_system());
  OpenOptions opening = options();
  opening.file_system = &files;
  opening.queue_bytes_max = 64U << 10;
  opening.sync_interval = std::chrono::seconds(10);
  opening.idle_mark_after = std::chrono::seconds(10);
  Store store = must(Store::open(path_, opening));
  const Filler large{std::string(50'000, 'x')};
  std::atomic<int> written = 0;
  std::atomic<int> refused = 0;
  const auto append = [&] {
    const auto receipt = store.append(at("a"), large);
    if (receipt) ++written;
    if (!receipt && receipt.error().code == ErrorCode::closed) ++refused;
  };
  Queue queue(files, append);
  for (int i = 0; i < 8; ++i) queue.add(append);
  std::thread closer([&] { EXPECT_TRUE(store.close()); });
  while (refused < 8) std::this_thread::yield();  // while the device is still busy
  EXPECT_EQ(written, 0);
  queue.let_go();
  closer.join();
  EXPECT_EQ(written, 1);
  EXPECT_EQ(error_of(store.append(at("a"), large)), "closed");
  const auto report = must(verify_directory(path_));
  EXPECT_EQ(test::findings(report), "");
  EXPECT_EQ(report.events, 3U);
}

TEST_F(WritersTest, closing_among_writers_loses_nothing_acknowledged) {
  for (int round = 0; round < 5; ++round) {
    Store store = must(Store::open(path_ + std::to_string(round), options()));
    std::vector<std::vector<Receipt>> receipts(8);
    std::atomic<int> begun = 0;
    std::thread closer([&] {
      while (begun < 40 * (round + 1)) std::this_thread::yield();
      EXPECT_TRUE(store.close());
    });
    run_together(8, [&](std::size_t thread) {
      for (std::int32_t i = 0;; ++i) {
        ++begun;
        auto receipt = store.append(at("a"), Step{static_cast<std::int32_t>(thread), i},
                                    {.durability = i % 2 == 0 ? Durability::durable : Durability::buffered});
        if (!receipt) {
          EXPECT_EQ(error_of(receipt), "closed");
          break;
        }
        receipts[thread].push_back(*std::move(receipt));
      }
    });
    closer.join();
    account(store, receipts);
    EXPECT_EQ(test::findings(must(verify_directory(store.path()))), "");
  }
}

// Witness: poison_after_unknown
TEST_F(WritersTest, a_failed_sync_reaches_everyone_who_waits) {
  platform::SimFs simulated;
  SlowFs files(simulated);
  OpenOptions opening = options();
  opening.file_system = &files;
  opening.housekeeping = OpenOptions::Housekeeping::by_hand;  // whose sync must not be the one that fails
  opening.queue_bytes_max = 64U << 10;
  Store store = must(Store::open("store", opening));
  const auto kept = must(store.append(at("a"), Step{}));
  std::map<std::string, int> answers;
  std::mutex guards_answers;
  const auto append = [&] {
    const std::string answer = error_of(store.append(at("a"), Filler{std::string(20'000, 'x')}));
    const std::lock_guard lock(guards_answers);
    ++answers[answer];
  };
  Queue queue(files, append);
  simulated.inject({.call = platform::SimCall::sync, .path_contains = ".seg"});
  for (int i = 0; i < 12; ++i) queue.add(append);  // some in the queue, some waiting for room
  queue.add([&] {
    const std::string answer = error_of(store.sync());
    const std::lock_guard lock(guards_answers);
    ++answers[answer];
  });
  queue.let_go();
  EXPECT_EQ(answers["outcome_unknown"] + answers["poisoned"], 14);
  EXPECT_GE(answers["outcome_unknown"], 1);
  EXPECT_EQ(error_of(store.append(at("a"), Step{})), "poisoned");
  EXPECT_TRUE(store.verify_receipt(kept));  // reading goes on
  EXPECT_EQ(error_of(store.close()), "poisoned");
  simulated.crash(platform::SimCrash::from_seed(1));
  opening.file_system = &simulated;
  Store again = must(Store::open("store", opening));
  EXPECT_TRUE(again.verify_receipt(kept));
  EXPECT_TRUE(again.append(at("a"), Step{}));
}

// Witness: no_wakeup_is_lost
TEST_F(WritersTest, buffered_events_become_durable_by_themselves) {
  OpenOptions opening = options();
  opening.sync_interval = std::chrono::milliseconds(1);
  Store store = must(Store::open(path_, opening));
  for (int i = 0; i < 300; ++i) {
    const auto receipt = must(store.append(at("a"), Step{0, i}, {.durability = Durability::buffered}));
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (store.frontier().durable <= receipt.sequence) {
      ASSERT_LT(std::chrono::steady_clock::now(), patience) << "event " << i << " was never synced";
      std::this_thread::yield();
    }
  }
}

TEST_F(WritersTest, many_names_at_once_get_a_kind_each) {
  Store store = must(Store::open(path_, options()));
  std::vector<std::vector<Receipt>> receipts(16);
  run_together(16, [&](std::size_t thread) {
    for (std::size_t i = 0; i < 12; ++i) {
      receipts[thread].push_back(must(store.append_json(at("a"), "name " + std::to_string((i + thread) % 12), "1")));
    }
  });
  std::map<std::string, std::uint16_t> kinds;
  for (const DeclaredType& type : store.types()) EXPECT_TRUE(kinds.emplace(type.name, type.kind).second) << type.name;
  EXPECT_EQ(kinds.size(), 12U);
  for (const auto& of_thread : receipts) {
    for (const Receipt& receipt : of_thread) {
      EXPECT_EQ(kinds.at(std::string(must(store.get(receipt.event_id)).kind_name())), receipt.kind.value());
    }
  }
}

}  // namespace
}  // namespace batpak
