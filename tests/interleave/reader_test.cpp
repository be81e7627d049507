// What readers see of a writer at work: whole commits, durable ones, and all that is older, for as long as they hold it.
#include "index/tail_index.hpp"
#include "interleave/machine.hpp"

namespace batpak::interleave {
namespace {

EventId id_of(std::uint64_t number) {
  EventId id;
  for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::byte>(number >> (8 * i));
  return id;
}

index::FramePlace place_of(std::uint64_t number) {
  return {.segment = 0, .offset = static_cast<std::uint32_t>(number), .length = 1};
}

// Witness: whole_commits_only
TEST(ReaderTest, an_index_shows_a_commit_whole_or_not_at_all) {
  explore({.preemptions = 3}, [] {
    index::TailIndex index;
    const auto commit = [&](std::uint64_t first) {
      for (std::uint64_t i = first; i < first + 2; ++i) {
        index.add_event(id_of(i + 1), place_of(i), &index.add_stream("a", 0));
      }
      index.publish();
    };
    const auto read = [&] {
      std::uint64_t last = 0;
      for (int i = 0; i < 3; ++i) {
        const std::uint64_t size = index.visible();
        require(size % 2 == 0 && size >= last, "part of a commit is visible, or one less than before");
        last = size;
        for (std::uint64_t at = 0; at < size; ++at) {
          require(index.place(at).offset == at, "the place of an event is another's");
          require(index.find(id_of(at + 1), size) == at, "an event is not found by its id");
        }
        require(!index.find(id_of(size + 1), size), "an event past the end is found");
        require(index.stream_size("a", 0, size) == size, "the stream has another size");
        require(index.stream_sequences("a", 0, 0, 100, size).size() == size, "the stream has other events");
      }
    };
    together({[&] {
                commit(0);
                commit(2);
              },
              read});
  });
}

TEST(ReaderTest, an_array_that_grows_by_a_chunk_keeps_what_is_published) {
  explore({.preemptions = 3, .schedules_max = 500, .seeds = 50}, [] {
    index::TailIndex index;
    {
      const Uninterrupted filling;
      for (std::uint64_t i = 0; i < 1023; ++i) index.add_event(id_of(i + 1), place_of(i), nullptr);
      index.publish();
    }
    together({[&] {
                for (std::uint64_t i = 1023; i < 1026; ++i) {
                  index.add_event(id_of(i + 1), place_of(i), nullptr);
                  index.publish();
                }
              },
              [&] {
                for (int i = 0; i < 3; ++i) {
                  const std::uint64_t last = index.visible() - 1;
                  require(index.place(last).offset == last, "the last event is not in its place");
                  require(index.find(id_of(last + 1), last + 1) == last, "the last event is not found");
                }
              }});
  });
}

// Witness: readers_see_only_durable
TEST(ReaderTest, what_a_reader_sees_of_durable_appends_survives_a_power_loss) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    together({[&] { must(store.append(at("a"), Moved{1, 0})); },
              [&] {
                for (int i = 0; i < 2; ++i) {
                  const std::uint64_t seen = must(store.snapshot()).size();
                  require(machine.survivors() >= seen, "seen, and a power loss takes it");
                }
              }});
  });
}

TEST(ReaderTest, what_the_frontier_calls_durable_survives_a_power_loss) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    together({[&] {
                must(store.append(at("a"), Moved{1, 0}, buffered));
                must(store.append(at("a"), Moved{1, 0}));
              },
              [&] {
                Frontier last;
                for (int i = 0; i < 2; ++i) {
                  const Frontier now = store.frontier();
                  require(now.accepted >= now.written && now.written >= now.durable, "the frontier is out of order");
                  require(now.accepted >= last.accepted && now.written >= last.written && now.durable >= last.durable &&
                              now.visible >= last.visible,
                          "the frontier goes back");
                  require(machine.survivors() >= now.durable, "called durable, and a power loss takes it");
                  const CheckpointNote note = must(store.checkpoint());
                  require(machine.survivors() >= note.checkpoint.size, "a checkpoint of what a power loss takes");
                  last = now;
                  // Whoever looks has what is only buffered written; that does not make it durable.
                  const Snapshot seen = must(store.snapshot());
                  require(machine.survivors() >= seen.durable_size(), "a snapshot calls durable what a power loss takes");
                }
              }});
  });
}

TEST(ReaderTest, a_batch_is_seen_whole_or_not_at_all) {
  explore_on({.schedules_max = 3000}, [](Machine& machine) {
    Store store = machine.open();
    const auto append = [&](std::string_view entity, const BatchOptions& options) {
      Batch batch;
      must(batch.add(at(entity), Moved{1, 0}));
      must(batch.add(at(entity), Moved{2, 0}));
      must(store.append_batch(std::move(batch), options));
    };
    together({[&] { append("a", {}); }, [&] { append("b", {.durability = Durability::buffered}); },
              [&] {
                for (int i = 0; i < 2; ++i) {
                  const Snapshot now = must(store.snapshot());
                  for (const std::string_view entity : {"a", "b"}) {
                    const std::size_t events = test::sequences(now.stream(entity)).size();
                    require(events == 0 || events == 2, "half of a batch is visible");
                    const auto head = now.head(entity).value();
                    require(head.has_value() == (events == 2), "the head is of another moment");
                  }
                }
              }});
  });
}

TEST(ReaderTest, whoever_appended_sees_it_at_once) {
  explore_on({}, [](Machine& machine) {
    Store store = machine.open();
    const auto append_and_look = [&](std::int32_t thread, const AppendOptions& options) {
      const Receipt receipt = must(store.append(at("a"), Moved{thread, 7}, options));
      require_told(store, receipt, Moved{thread, 7});
      const Snapshot now = must(store.snapshot());
      require(now.size() > receipt.sequence, "appended, and not visible to its own thread");
      require(must(now.get(receipt.event_id)).sequence() == receipt.sequence, "found elsewhere");
    };
    together({[&] { append_and_look(1, buffered); }, [&] { append_and_look(2, {}); }});
  });
}

TEST(ReaderTest, a_snapshot_keeps_its_events_over_a_change_of_segments_and_the_end_of_the_store) {
  explore_on({.schedules_max = 1500, .seeds = 200}, [](Machine& machine) {
    std::vector<Snapshot> held;
    {
      Store store = machine.open();
      must(store.append(at("a"), Said{std::string(25'000, 'x')}));
      base::Mutex guards_held;
      const auto look = [&] {
        Snapshot now = must(store.snapshot());
        for (const EventView& event : test::all(now.read())) require(event.sequence() < now.size(), "past the end");
        const base::Lock lock(guards_held);
        held.push_back(std::move(now));
      };
      together({[&] {
                  must(store.append(at("a"), Said{std::string(25'000, 'y')}));
                  must(store.append(at("a"), Said{std::string(25'000, 'z')}));
                },
                [&] {
                  look();
                  look();
                }});
      look();
      must(store.close());
    }
    const Uninterrupted looking;
    for (const Snapshot& snapshot : held) {
      std::uint64_t next = 0;
      for (const EventView& event : test::all(snapshot.read({.from = {}, .store_events = StoreEvents::include}))) {
        require(event.sequence() == next++, "an event of an old snapshot is gone");
      }
      require(next == snapshot.size(), "a snapshot has lost its end");
    }
    require(held.back().size() == early_events + 3, "an event is missing");
  });
}

TEST(ReaderTest, a_reader_of_its_own_follows_a_writer_at_work) {
  explore_on({.schedules_max = 3000, .seeds = 200}, [](Machine& machine) {
    Store store = machine.open();
    Store reader = machine.open_reader();
    together({[&] {
                must(store.append(at("a"), Moved{1, 0}));
                must(store.append(at("a"), Moved{2, 0}, buffered));
              },
              [&] {
                std::uint64_t last = 0;
                for (int i = 0; i < 2; ++i) {
                  const Snapshot now = must(reader.snapshot());
                  require(now.size() >= last, "it sees less than before");
                  last = now.size();
                  require(machine.survivors() >= now.size(), "it sees what a power loss takes");
                  std::uint64_t next = 0;
                  for (const EventView& event : test::all(now.read({.from = {}, .store_events = StoreEvents::include}))) {
                    require(event.sequence() == next++, "it sees a gap");
                  }
                }
              }});
    require(must(reader.snapshot()).size() >= early_events + 1, "what is durable is not followed");
  });
}

TEST(ReaderTest, a_reader_of_its_own_follows_into_the_next_segment) {
  explore_on({.schedules_max = 2000, .seeds = 300}, [](Machine& machine) {
    Store store = machine.open();
    must(store.append(at("a"), Said{std::string(25'000, 'x')}));
    Store reader = machine.open_reader();
    const auto look = [&] {
      const Snapshot now = must(reader.snapshot());
      for (const EventView& event : test::all(now.read())) require(event.sequence() < now.size(), "past the end");
      require(machine.survivors() >= now.size(), "it sees what a power loss takes");
    };
    together({[&] {
                must(store.append(at("a"), Said{std::string(25'000, 'y')}));
                must(store.append(at("a"), Said{std::string(25'000, 'z')}));
              },
              look, look});
    require(must(reader.snapshot()).size() == early_events + 3, "what is durable is not followed");
    require(must(reader.snapshot()).size() == must(reader.snapshot()).durable_size(), "durable, and not called so");
  });
}

TEST(ReaderTest, a_reader_of_its_own_opens_while_the_writer_closes) {
  explore_on({.schedules_max = 2000, .seeds = 200}, [](Machine& machine) {
    Store store = machine.open();
    must(store.append(at("a"), Moved{1, 0}));
    together({[&] { must(store.close()); },
              [&] {
                Store reader = machine.open_reader();
                require(must(reader.snapshot()).size() == early_events + 1, "what is durable is not shown");
              }});
  });
}

}  // namespace
}  // namespace batpak::interleave
