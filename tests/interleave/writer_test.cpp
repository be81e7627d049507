// The writer's change of hands, the group commit, poison, and closing among all of it.
#include "interleave/machine.hpp"

namespace batpak::interleave {
namespace {

// Fills a bit less than half of the queue, and of a segment.
Said large() { return Said{std::string(25'000, 'x')}; }

// Witness: one_writer
TEST(WriterTest, two_who_append_get_a_receipt_of_their_own_event_each) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    std::vector<Receipt> receipts(2);
    const auto append = [&](int thread) {
      receipts[static_cast<std::size_t>(thread)] = must(store.append(at("a"), Moved{thread, 7}));
      require_told(store, receipts[static_cast<std::size_t>(thread)], Moved{thread, 7});
    };
    together({[&] { append(0); }, [&] { append(1); }});
    require_account(store, receipts);
    must(store.close());
    machine.require_clean();
  });
}

// Witness: acknowledged_durable_survives
TEST(WriterTest, what_is_acknowledged_survives_a_power_loss_at_once) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    const auto append = [&](int thread) {
      const Receipt receipt = must(store.append(at("a"), Moved{thread, 7}));
      require(machine.survivors() > receipt.sequence, "acknowledged, and a power loss takes it");
    };
    together({[&] { append(0); }, [&] { append(1); }});
  });
}

// Witness: sequence_is_dense
TEST(WriterTest, three_hand_the_role_on_and_nobody_is_forgotten) {
  explore_on({.schedules_max = 5000}, [](Machine& machine) {
    Store store = machine.open();
    std::vector<Receipt> receipts(3);
    const auto append = [&](std::size_t thread) {
      receipts[thread] = must(store.append(at("a"), Moved{static_cast<std::int32_t>(thread), 7}));
    };
    together({[&] { append(0); }, [&] { append(1); }, [&] { append(2); }});
    require_account(store, receipts);
    require(store.frontier().durable == early_events + 3, "something is not durable");
  });
}

TEST(WriterTest, many_rounds_of_four_who_append_durable_and_buffered) {
  explore_on({.schedules_max = 0, .seeds = 300, .real_runs = 10}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    std::vector<std::vector<Receipt>> of_threads(4);
    const auto append = [&](std::size_t thread) {
      for (int i = 0; i < 4; ++i) {
        const bool durable = (static_cast<int>(thread) + i) % 3 != 0;
        of_threads[thread].push_back(
            must(store.append(at(i % 2 == 0 ? "shared" : "own " + std::to_string(thread)),
                              Moved{static_cast<std::int32_t>(thread), i}, durable ? AppendOptions{} : buffered)));
      }
    };
    together({[&] { append(0); }, [&] { append(1); }, [&] { append(2); }, [&] { append(3); }});
    std::vector<Receipt> receipts;
    for (const auto& of_thread : of_threads) receipts.insert(receipts.end(), of_thread.begin(), of_thread.end());
    require_account(store, receipts);
    must(store.close());
    machine.require_clean();
  });
}

// Witness: no_wakeup_is_lost
TEST(WriterTest, who_waits_for_room_gets_it) {
  explore_on({.schedules_max = 3000}, [](Machine& machine) {
    Store store = machine.open();
    std::vector<Receipt> receipts(3);
    const auto append = [&](std::size_t thread) { receipts[thread] = must(store.append(at("a"), large())); };
    together({[&] { append(0); }, [&] { append(1); }, [&] { append(2); }});
    require_account(store, receipts);
  });
}

// Witness: queue_is_bounded
TEST(WriterTest, no_group_holds_more_than_the_queue_may) {
  explore_on({.schedules_max = 1500}, [](Machine& machine) {
    OpenOptions options = machine.options();
    options.segment_bytes = 1U << 20;
    Store store = must(Store::open("store", options));
    machine.files->clear_calls();
    const auto append = [&] { must(store.append(at("a"), large())); };
    const auto offer = [&] {
      const auto receipt = store.try_append(at("a"), large());
      require(receipt || receipt.error().code == ErrorCode::queue_full, "refused for another reason");
    };
    together({append, append, offer, offer});
    const Uninterrupted looking;
    for (const platform::SimCallRecord& call : machine.files->calls()) {
      const bool is_commit = call.call == platform::SimCall::write && call.path.ends_with(".seg");
      require(!is_commit || call.length < (64U << 10) + 2048, "a commit of more than the queue holds");
    }
  });
}

// Who waits for room is not overtaken by who comes later, however small.
TEST(WriterTest, who_comes_while_others_wait_for_room_waits_behind_them) {
  explore_on({.schedules_max = 1500}, [](Machine& machine) {
    OpenOptions options = machine.options();
    options.segment_bytes = 1U << 20;
    Store store = must(Store::open("store", options));
    const auto append = [&] { must(store.append(at("a"), large())); };
    std::vector<Receipt> receipts(2);
    together({append, append, append, [&] {
                receipts[0] = must(store.append(at("b"), Moved{1, 0}));
                receipts[1] = must(store.append(at("b"), Moved{2, 0}));
              }});
    require_account(store, receipts);
    require(receipts[0].sequence < receipts[1].sequence, "a thread's own events change places");
  });
}

// Witness: poison_after_unknown
TEST(WriterTest, a_failed_sync_reaches_everyone_and_nothing_is_acknowledged_after_it) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    machine.files->inject({.call = platform::SimCall::sync, .path_contains = ".seg"});
    std::vector<std::string> answers(2);
    together({[&] { answers[0] = error_of(store.append(at("a"), Moved{})); },
              [&] { answers[1] = error_of(store.append(at("b"), Moved{})); }});
    for (const std::string& answer : answers) {
      require(answer == "outcome_unknown" || answer == "poisoned", "the answer is " + answer);
    }
    require(answers[0] == "outcome_unknown" || answers[1] == "outcome_unknown", "nobody was told of the failure itself");
    require(error_of(store.append(at("a"), Moved{})) == "poisoned", "it writes on");
    require(must(store.snapshot()).size() == early_events, "readers see what may not be there");
    require(error_of(store.close()) == "poisoned", "closing does not tell");
  });
}

TEST(WriterTest, a_failed_sync_wakes_those_who_wait_for_room) {
  explore_on({.schedules_max = 2500}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    machine.files->inject({.call = platform::SimCall::sync, .path_contains = ".seg"});
    const auto append = [&] {
      const std::string answer = error_of(store.append(at("a"), large()));
      require(answer == "outcome_unknown" || answer == "poisoned", "the answer is " + answer);
    };
    together({append, append, append});
  });
}

TEST(WriterTest, a_poisoned_store_still_shows_what_was_there) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    must(store.append(at("a"), Moved{1, 1}, buffered));
    machine.files->inject({.call = platform::SimCall::write, .path_contains = ".seg", .bytes_written = 100});
    together({[&] { static_cast<void>(store.append(at("a"), Moved{})); },
              [&] {
                const Snapshot now = must(store.snapshot());
                require(now.size() >= early_events && now.size() <= early_events + 1, "it shows what was refused");
              }});
  });
}

TEST(WriterTest, closing_among_those_who_append_loses_nothing_acknowledged) {
  explore_on({}, [](Machine& machine) {
    std::vector<Receipt> receipts;
    {
      Store store = machine.open();
      base::Mutex guards_receipts;
      const auto append = [&](const AppendOptions& options) {
        auto receipt = store.append(at("a"), Moved{}, options);
        require(receipt || receipt.error().code == ErrorCode::closed, "the answer is " + error_of(receipt));
        if (!receipt) return;
        const base::Lock lock(guards_receipts);
        receipts.push_back(*std::move(receipt));
      };
      together({[&] { append({}); }, [&] { append(buffered); }, [&] { must(store.close()); }});
      require(error_of(store.append(at("a"), Moved{})) == "closed", "it takes events after closing");
    }
    require(machine.survivors() == early_events + receipts.size(), "closed, and a power loss takes something");
    machine.require_clean();
    Store again = machine.open();
    require_account(again, receipts);
  });
}

TEST(WriterTest, closing_wakes_those_who_wait_for_room) {
  explore_on({.schedules_max = 2500}, [](Machine& machine) {
    Store store = machine.open_with_threads();
    const auto append = [&] {
      const std::string answer = error_of(store.append(at("a"), large()));
      require(answer == "none" || answer == "closed", "the answer is " + answer);
    };
    together({append, append, append, [&] { must(store.close()); }});
    machine.require_clean();
  });
}

TEST(WriterTest, a_sync_covers_what_was_accepted_before_it) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    together({[&] {
                const Receipt receipt = must(store.append(at("a"), Moved{}, buffered));
                must(store.sync());
                require(machine.survivors() > receipt.sequence, "synced, and a power loss takes it");
              },
              [&] { must(store.append(at("b"), Moved{}, buffered)); }});
  });
}

TEST(WriterTest, two_new_types_at_once_get_a_kind_each) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    std::vector<Receipt> receipts(2);
    together({[&] { receipts[0] = must(store.append_json(at("a"), "one name", "1")); },
              [&] { receipts[1] = must(store.append_json(at("a"), "another name", "1")); }});
    require(receipts[0].kind != receipts[1].kind, "one kind for two names");
    require_account(store, receipts);
    must(store.close());
    machine.require_clean();
  });
}

}  // namespace
}  // namespace batpak::interleave
