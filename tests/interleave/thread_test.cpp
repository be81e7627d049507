// The threads of a store's own: house-keeping and signing, and the pool of verify, among everything else.
#include "audit/task_pool.hpp"
#include "engine/checkpoint_signer.hpp"
#include "interleave/machine.hpp"

namespace batpak::interleave {
namespace {

std::shared_ptr<const SigningKey> signing_key() {
  static const auto key = test::new_key();
  return key;
}

Checkpoint checkpoint_of(std::uint64_t size) { return {.origin = "example.com/log", .size = size, .root = {}}; }

TEST(ThreadTest, buffered_events_become_durable_in_time_by_themselves) {
  explore_on({.schedules_max = 2000, .real_runs = 0}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    together({[&] { must(store.append(at("a"), Moved{1, 0}, buffered)); },
              [&] { must(store.append(at("b"), Moved{2, 0}, buffered)); }});
    // Nobody calls any more, and simulated time passes only while all wait.
    sleep_for(2 * sync_interval);
    require(machine.survivors() == early_events + 2, "buffered for too long");
    sleep_for(10 * idle_mark_after);  // until nothing is due any more
    const auto begun = base::time_waited();
    must(store.close());
    require(base::time_waited() - begun < std::chrono::minutes(1), "closing waited for a turn of house-keeping");
  });
}

TEST(ThreadTest, a_reader_who_looks_when_the_sync_is_due_does_not_put_it_off) {
  explore_on({.schedules_max = 3000, .real_runs = 0}, [](Machine& machine) {
    Store store = machine.open();
    must(store.append(at("a"), Moved{1, 0}, buffered));
    sleep_for(sync_interval);
    together({[&] { must(store.append(at("b"), Moved{2, 0}, buffered)); }, [&] { must(store.snapshot()); },
              [&] { store.keep_house(); }});
    require(machine.survivors() > early_events, "a look put the sync off");
    must(store.close());
  });
}

TEST(ThreadTest, an_idle_store_says_in_its_log_that_all_is_durable) {
  explore_on({.schedules_max = 2000, .real_runs = 0}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    together(
        {[&] { must(store.append(at("a"), Moved{1, 0})); }, [&] { must(store.append(at("b"), Moved{2, 0}, buffered)); }});
    sleep_for(2 * sync_interval + 2 * idle_mark_after);
    const Uninterrupted looking;
    const auto after = machine.files->copy();
    after->crash(platform::SimCrash::losing_everything());
    OpenOptions options = machine.options();
    options.file_system = after.get();
    const Store again = must(Store::open("store", options));
    require(again.open_report().commits_rewritten <= 1, "recovery had to rewrite more than the mark itself");
    require(must(again.snapshot()).size() == early_events + 2, "an event is missing");
  });
}

TEST(ThreadTest, house_keeping_among_those_who_append_and_close) {
  explore_on({.schedules_max = 3000, .early_timeouts = true}, [](Machine& machine) {
    std::vector<Receipt> receipts(2);
    {
      Store store = machine.open_with_threads();
      together({[&] { receipts[0] = must(store.append(at("a"), Moved{1, 0}, buffered)); },
                [&] { receipts[1] = must(store.append(at("b"), Moved{2, 0})); }});
      must(store.close());
    }
    machine.require_clean();
    Store again = machine.open();
    require(again.open_report().commits_rewritten <= 1, "closed without a mark");
    require_account(again, receipts);
  });
}

TEST(ThreadTest, the_next_segment_is_prepared_beside_a_writer_who_needs_it) {
  explore_on({.schedules_max = 2500, .early_timeouts = true}, [](Machine& machine) {
    std::vector<Receipt> receipts(4);
    {
      Store store = machine.open_with_threads();
      const auto append = [&](std::size_t thread) {
        receipts[2 * thread] = must(store.append(at("a"), Said{std::string(25'000, 'x')}));
        receipts[2 * thread + 1] = must(store.append(at("a"), Said{std::string(25'000, 'y')}));
      };
      together({[&] { append(0); }, [&] { append(1); }});
      require_account(store, receipts);
      must(store.close());
    }
    machine.require_clean();
    for (const std::string& path : machine.files->list_files()) {
      require(path.ends_with(".seg") || !path.contains("/log/"), "closed, and left behind is " + path);
    }
    Store again = machine.open();
    require_account(again, receipts);
  });
}

TEST(ThreadTest, house_keeping_by_hand_beside_the_stores_own) {
  explore_on({.schedules_max = 2000, .early_timeouts = true}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    std::vector<Receipt> receipts(1);
    together({[&] { receipts[0] = must(store.append(at("a"), Moved{1, 0}, buffered)); },
              [&] {
                store.keep_house();
                sleep_for(2 * sync_interval);
                store.keep_house();
              }});
    require_account(store, receipts);
    must(store.close());
    machine.require_clean();
  });
}

TEST(ThreadTest, a_failed_sync_of_the_house_keeper_is_told_to_those_who_append) {
  explore_on({.schedules_max = 2000, .real_runs = 0}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    must(store.append(at("a"), Moved{1, 0}, buffered));
    machine.files->inject({.call = platform::SimCall::sync, .path_contains = ".seg"});
    together({[&] {
                const std::string answer = error_of(store.append(at("a"), Moved{2, 0}, buffered));
                require(answer == "none" || answer == "poisoned" || answer == "outcome_unknown", "the answer is " + answer);
              },
              [&] { sleep_for(2 * sync_interval); }});
    sleep_for(2 * sync_interval);
    require(error_of(store.append(at("a"), Moved{3, 0}, buffered)) == "poisoned", "it writes on after a failed sync");
  });
}

// Collects more than the writer writes by itself, so that house-keeping writes it beside those who append on.
OpenOptions with_room_for_large_commits(Machine& machine) {
  OpenOptions options = machine.options();
  options.housekeeping = OpenOptions::Housekeeping::thread;
  options.segment_bytes = 1U << 20;
  options.queue_bytes_max = 1U << 20;
  return options;
}

TEST(ThreadTest, a_large_commit_is_written_beside_those_who_append_on) {
  explore_on({.schedules_max = 200, .seeds = 100}, [](Machine& machine) {
    std::vector<Receipt> receipts(5);
    {
      Store store = must(Store::open("store", with_room_for_large_commits(machine)));
      together({[&] {
                  receipts[0] = must(store.append(at("a"), Said{std::string(150'000, 'x')}, buffered));
                  receipts[1] = must(store.append(at("a"), Said{std::string(150'000, 'y')}, buffered));
                  receipts[2] = must(store.append(at("a"), Moved{1, 0}));
                },
                [&] {
                  receipts[3] = must(store.append(at("b"), Said{std::string(1000, 'z')}, buffered));
                  require(must(store.snapshot()).size() > receipts[3].sequence, "appended, and not visible");
                  receipts[4] = must(store.append(at("b"), Moved{2, 0}, buffered));
                }});
      require_account(store, receipts);
      must(store.close());
    }
    machine.require_clean();
    Store again = machine.open();
    require_account(again, receipts);
  });
}

TEST(ThreadTest, closing_waits_for_a_sync_under_way_beside_it) {
  explore_on({.schedules_max = 2500, .early_timeouts = true}, signing_key(), [](Machine& machine) {
    std::vector<Receipt> receipts;
    {
      Store store = machine.open_with_threads();
      receipts.push_back(must(store.append(at("a"), Moved{1, 0}, buffered)));
      together({[&] { sleep_for(sync_interval); },
                [&] {
                  sleep_for(sync_interval);
                  must(store.close());
                }});
    }
    machine.require_clean();
    Store again = machine.open();
    require_account(again, receipts);
  });
}

TEST(ThreadTest, a_failed_write_beside_the_writer_is_never_acknowledged_as_durable) {
  explore_on({.schedules_max = 2000, .real_runs = 0}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    must(store.append(at("a"), Moved{1, 0}, buffered));
    machine.files->inject({.call = platform::SimCall::write, .path_contains = ".seg", .bytes_written = 100});
    together({[&] {
                sleep_for(sync_interval);
                require(!store.append(at("a"), Moved{2, 0}), "acknowledged behind a failed write");
              },
              [&] {
                sleep_for(sync_interval);
                require(!store.sync(), "synced over a failed write");
              }});
    require(store.frontier().durable == early_events, "called durable over a failed write");
    require(error_of(store.close()) == "poisoned", "closing does not tell");
  });
}

// Witness: signature_only_after_sync
TEST(ThreadTest, a_signer_gives_the_note_of_its_last_start) {
  explore({.preemptions = 3, .spurious_wakes = 1, .real_runs = 200}, [] {
    engine::CheckpointSigner signer(engine::SignerThread::own);
    signer.start(checkpoint_of(1), {signing_key()});
    require(signer.finish().value().checkpoint.size == 1, "the note of another checkpoint");
    signer.start(checkpoint_of(2), {signing_key()});
    signer.drop();
    signer.start(checkpoint_of(3), {signing_key()});
    require(signer.finish().value().checkpoint.size == 3, "the note of one that was dropped");
  });
}

TEST(ThreadTest, a_signer_goes_with_a_signature_under_way) {
  explore({.preemptions = 3, .spurious_wakes = 1, .real_runs = 200}, [] {
    engine::CheckpointSigner signer(engine::SignerThread::own);
    signer.start(checkpoint_of(1), {signing_key()});
    signer.drop();
    signer.start(checkpoint_of(2), {signing_key()});
  });
}

TEST(ThreadTest, a_signed_receipt_covers_its_event_and_what_it_covers_is_durable) {
  explore_on({.schedules_max = 1500, .seeds = 200}, signing_key(), [](Machine& machine) {
    Store store = machine.open_with_threads();
    const auto append = [&](std::int32_t thread) {
      const Receipt receipt = must(store.append(at("a"), Moved{thread, 0}));
      require(receipt.checkpoint && receipt.checkpoint->checkpoint.size > receipt.sequence, "signed without its event");
      require(machine.survivors() >= receipt.checkpoint->checkpoint.size, "a signature over what a power loss takes");
      require(store.verify_receipt(receipt).has_value(), "the receipt does not verify");
    };
    together({[&] { append(1); }, [&] { append(2); }});
    must(store.close());
    machine.require_clean();
  });
}

TEST(ThreadTest, a_failed_sync_leaves_no_signature_behind) {
  explore_on({.schedules_max = 1500, .seeds = 200}, signing_key(), [](Machine& machine) {
    Store store = machine.open_with_threads();
    machine.files->inject({.call = platform::SimCall::sync, .path_contains = ".seg"});
    const auto append = [&] {
      require(!store.append(at("a"), Moved{}), "acknowledged over a failed sync");
      require(must(store.checkpoint()).checkpoint.size == early_events, "a checkpoint of what failed");
    };
    together({append, append});
  });
}

TEST(ThreadTest, a_pool_runs_each_task_once_and_ends_with_tasks_waiting) {
  explore({.schedules_max = 8000, .real_runs = 200}, [] {
    std::array<int, 3> runs{};
    {
      audit::TaskPool pool(3);
      const auto first = pool.submit([&](unsigned) { ++runs[0]; });
      const auto second = pool.submit([&](unsigned) { ++runs[1]; });
      pool.finish(second);
      require(runs[1] == 1, "finished, and not done");
      pool.finish(first);
      require(runs[0] == 1, "finished, and not done");
      static_cast<void>(pool.submit([&](unsigned) { ++runs[2]; }));
    }
    require(runs[0] == 1 && runs[1] == 1 && runs[2] <= 1, "a task ran twice");
  });
}

TEST(ThreadTest, verify_finds_the_same_with_several_threads) {
  explore_on({.schedules_max = 1000, .seeds = 100}, [](Machine& machine) {
    VerifyOptions options;
    options.threads = 3;
    options.file_system = machine.files.get();
    const VerifyReport report = must(verify_directory("store", options));
    require(report.clean() && report.events == early_events, "verify finds: " + test::findings(report));
  });
}

}  // namespace
}  // namespace batpak::interleave
