// Readers in other processes: they take no lock, write nothing, and show nothing that a power loss could still take.
#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "crash/machine.hpp"
#include "segment/live_file.hpp"

namespace batpak::test {
namespace {

using namespace std::chrono_literals;
using Undurable = ReadOnlyOptions::Undurable;

Store open_reader(Machine& machine, Undurable undurable = Undurable::hide) {
  return Store::open_read_only(Machine::path, {.undurable = undurable, .file_system = &machine.files()}).value();
}

// What a reader shows must be what a crash at this moment leaves, whatever is lost, and all of it what the writer calls durable.
void expect_shows_what_is_durable(Machine& machine, const Store& reader) {
  const std::uint64_t durable = machine.store().frontier().durable;
  const Snapshot shown = reader.snapshot().value();
  EXPECT_EQ(shown.size(), durable);
  EXPECT_EQ(shown.durable_size(), durable);
  EXPECT_EQ(reader.frontier().durable, durable);
  for (std::uint64_t sequence = 0; sequence < shown.size(); ++sequence) {
    ASSERT_TRUE(shown.at(sequence)) << to_string(shown.at(sequence).error());
  }
  EXPECT_EQ(shown.at(durable).error().code, ErrorCode::past_the_end);
}

// Witness: readers_see_only_durable
TEST(Reader, beside_a_live_writer_shows_exactly_what_is_durable_at_every_step) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  const Store reader = open_reader(machine);
  expect_shows_what_is_durable(machine, reader);
  for (int round = 0; round < 4; ++round) {
    ASSERT_TRUE(machine.append("alice"));
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.append("bob", Durability::buffered));
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.store().snapshot()) << "the writer's own readers have it written";
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.keep_house(60ms));
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.append_batch(3, Durability::durable, 9'000));
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.keep_house(200ms));
    expect_shows_what_is_durable(machine, reader);
  }
  EXPECT_GE(machine.segments().size(), 2U) << "it followed a rotation";
  const Store late = open_reader(machine);
  expect_shows_what_is_durable(machine, late);
  const std::uint64_t durable = machine.store().frontier().durable;
  ASSERT_TRUE(machine.close());
  EXPECT_EQ(reader.snapshot()->size(), durable);
}

// Witness: readers_see_only_durable
TEST(Reader, that_shows_undurable_events_is_a_picture_of_its_moment) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const std::uint64_t durable = machine.store().frontier().durable;
  ASSERT_TRUE(machine.append("bob", Durability::buffered));
  ASSERT_TRUE(machine.store().snapshot()) << "its own readers have it written";
  machine.kill();
  const auto process = machine.files().start_process();
  const Store reader =
      Store::open_read_only(Machine::path, {.undurable = Undurable::show, .file_system = process.get()}).value();
  const Bytes shown(reader.at(durable)->frame_bytes().begin(), reader.at(durable)->frame_bytes().end());
  EXPECT_EQ(reader.frontier().durable, durable);
  // The device gives back something else, so that the next writer cuts the event off.
  const std::string segment = std::string(Machine::path) + "/" + machine.segments().back();
  const Bytes file = machine.files().read_file(segment).value();
  const auto frame = std::ranges::search(file, shown);
  ASSERT_TRUE(machine.files().flip_bit(segment, static_cast<std::uint64_t>(frame.begin() - file.begin()) + 40, 1));
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("carol"));
  ASSERT_TRUE(machine.append("carol"));
  const Snapshot later = reader.snapshot().value();
  EXPECT_EQ(later.size(), durable + 1) << "neither more nor less";
  EXPECT_EQ(later.durable_size(), durable) << "what it showed never became durable";
  ASSERT_TRUE(later.at(durable)) << to_string(later.at(durable).error());
  EXPECT_TRUE(std::ranges::equal(later.at(durable)->frame_bytes(), shown));
  EXPECT_EQ(open_reader(machine).snapshot()->size(), machine.store().frontier().durable) << "a new look sees the rest";
}

TEST(Reader, follows_a_writer_that_comes_back) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const Store reader = open_reader(machine);
  ASSERT_TRUE(machine.close());
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(machine.open());
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.append("alice", Durability::durable, 30'000));
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.close());
  }
}

// The file `live` is not synced, and a kill may leave an older one.
TEST(Reader, that_shows_undurable_events_goes_on_where_the_last_word_on_what_is_durable_was_lost) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const auto process = machine.files().start_process();
  const Store reader =
      Store::open_read_only(Machine::path, {.undurable = Undurable::show, .file_system = process.get()}).value();
  const Bytes live = machine.read_file("live");
  ASSERT_TRUE(machine.append("alice"));
  expect_shows_what_is_durable(machine, reader);
  machine.kill();
  machine.write_file("live", live);
  const std::uint64_t durable = reader.snapshot()->durable_size();
  EXPECT_EQ(reader.snapshot()->size(), durable);
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  expect_shows_what_is_durable(machine, reader);
}

// Among others a change of segments that did not come to its end: recovery makes the new segment anew, under the same name.
TEST(Reader, follows_a_recovery_from_wherever_the_writer_was_killed) {
  for (std::uint64_t call = 1;; ++call) {
    SCOPED_TRACE("killed at call " + std::to_string(call));
    Machine machine;
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.append("alice", Durability::durable, 30'000));
    machine.files().inject({.call = {}, .path_contains = {}, .nth = call, .effect = SimFault::Effect::stop});
    static_cast<void>(machine.append("alice", Durability::durable, 30'000));
    static_cast<void>(machine.append("alice", Durability::durable, 30'000));
    const bool all_done = !machine.files().is_stopped();
    machine.files().clear_faults();
    const auto process = machine.files().start_process();
    machine.kill();
    const Store reader = Store::open_read_only(Machine::path, {.file_system = process.get()}).value();
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.append("bob"));
    expect_shows_what_is_durable(machine, reader);
    ASSERT_TRUE(machine.append("bob"));
    expect_shows_what_is_durable(machine, reader);
    if (HasFailure() || all_done) break;
  }
}

TEST(Reader, keeps_what_it_showed_while_the_writer_goes_on) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const Store reader = open_reader(machine);
  const Snapshot before = reader.snapshot().value();
  const Hash last = before.at(before.size() - 1)->event_hash();
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(machine.append("alice", Durability::durable, 20'000));
  EXPECT_EQ(before.at(before.size() - 1)->event_hash(), last);
  EXPECT_EQ(before.at(before.size()).error().code, ErrorCode::past_the_end);
}

// Witness: readers_see_only_durable
TEST(Reader, never_shows_what_a_failed_sync_left_in_the_page_cache) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const Store reader = open_reader(machine);
  const std::uint64_t durable = reader.snapshot()->size();
  machine.files().inject({.call = SimCall::sync, .path_contains = {}, .effect = SimFault::Effect::io_error});
  EXPECT_FALSE(machine.append("alice"));
  EXPECT_EQ(reader.snapshot()->size(), durable);
  EXPECT_EQ(open_reader(machine).snapshot()->size(), durable);
}

// Witness: read_only_writes_nothing
TEST(Reader, writes_nothing) {
  Machine machine;
  ASSERT_EQ(run(machine, bit_of_everything()), bit_of_everything().size());
  const Files before = machine.read_files();
  machine.files().clear_calls();
  {
    const Store reader = open_reader(machine);
    auto events = reader.read();
    for (const auto& event : *events) EXPECT_TRUE(event);
    EXPECT_TRUE(reader.head("alice"));
  }
  for (const SimCallRecord& call : machine.files().calls()) {
    EXPECT_FALSE(platform::modifies(call.call)) << static_cast<int>(call.call) << " of " << call.path;
  }
  EXPECT_EQ(machine.read_files(), before);
}

TEST(Reader, serves_a_medium_that_is_read_only) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  machine.kill();
  machine.files().write_protect();
  EXPECT_TRUE(machine.ledger.is_shown_by(open_reader(machine, Undurable::show)));
  const auto opened = machine.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::read_only);
}

TEST(Reader, refuses_to_write) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.close());
  Store reader = open_reader(machine);
  const auto receipt = reader.append(Coordinate::make("alice", "tests").value(), Note{"no"});
  ASSERT_FALSE(receipt);
  EXPECT_EQ(receipt.error().code, ErrorCode::read_only);
  EXPECT_FALSE(reader.sync());
}

TEST(Reader, without_an_owner_shows_what_a_durable_through_covers_and_counts_the_rest) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const std::uint64_t covered = machine.store().frontier().durable;
  ASSERT_TRUE(machine.append("alice"));  // whose durable-through covers the first, but not itself
  ASSERT_TRUE(machine.append_batch(2, Durability::buffered));
  ASSERT_TRUE(machine.store().snapshot());  // has it written
  machine.kill();
  machine.remove_file("live");
  const Store reader = open_reader(machine);
  EXPECT_EQ(reader.snapshot()->size(), covered + 1) << "the batch's durable-through covers both";
  EXPECT_EQ(reader.open_report().undurable_events, 2U);
  const Store all = open_reader(machine, Undurable::show);
  EXPECT_EQ(all.snapshot()->size(), covered + 3);
  EXPECT_EQ(all.snapshot()->durable_size(), covered + 1);
  EXPECT_EQ(all.open_report().undurable_events, 2U);
}

// Witness: readers_see_only_durable
TEST(Reader, without_an_owner_believes_live_where_it_names_the_end_of_a_commit) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  const std::uint64_t durable = machine.store().frontier().durable;
  ASSERT_TRUE(machine.append_batch(2, Durability::buffered));
  ASSERT_TRUE(machine.store().snapshot());
  machine.kill();
  EXPECT_EQ(open_reader(machine).snapshot()->size(), durable);
  EXPECT_EQ(open_reader(machine).open_report().undurable_events, 2U);
  // A record that names what is no end of a commit is as good as none: here bytes of the commit that is not durable.
  Bytes live = machine.read_file("live");
  segment::LiveRecord elsewhere = segment::LiveRecord::decode(live).value();
  elsewhere.durable_through.offset += 64U << 10;
  elsewhere.durable_through.sequence += 2;
  machine.write_file("live", elsewhere.encode());
  EXPECT_EQ(open_reader(machine).snapshot()->size(), durable);
  // Likewise one that was torn, or that is of another time.
  live[45] ^= std::byte{1};
  machine.write_file("live", live);
  EXPECT_EQ(open_reader(machine).snapshot()->size(), durable) << "the buffered commit's durable-through covers it anyway";
  machine.write_file("live", {});
  EXPECT_EQ(open_reader(machine).snapshot()->size(), durable);
}

// Witness: whole_commits_only
TEST(Reader, that_shows_undurable_events_shows_no_part_of_a_commit_that_is_not_whole) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  ASSERT_TRUE(machine.append_batch(1, Durability::buffered));
  ASSERT_TRUE(machine.store().snapshot());  // has it written
  const std::uint64_t whole = machine.store().frontier().accepted;
  ASSERT_TRUE(machine.append_batch(4, Durability::buffered));
  ASSERT_TRUE(machine.store().snapshot());
  machine.kill();
  const std::string segment = machine.segments().back();
  const segment::CommitHeader torn = commits_in(machine.read_file(segment)).back();
  machine.files().flip_bit(std::string(Machine::path) + "/" + segment, torn.offset + torn.length - 10, 0).value();
  const Store reader = open_reader(machine, Undurable::show);
  EXPECT_EQ(reader.snapshot()->size(), whole);
  EXPECT_TRUE(reader.open_report().damage.empty());
}

TEST(Reader, counts_what_is_not_durable_across_a_change_of_segments) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice", Durability::durable, 40'000));
  ASSERT_TRUE(machine.append("alice", Durability::durable, 30'000));
  ASSERT_EQ(machine.segments().size(), 2U);
  const std::uint64_t durable = machine.store().frontier().durable;
  machine.kill();
  machine.remove_file("live");
  // The first commit of the new segment says only that everything up to the seal is durable.
  const Store reader = open_reader(machine);
  EXPECT_EQ(reader.snapshot()->size(), durable - 1);
  EXPECT_EQ(reader.open_report().undurable_events, 1U);
  EXPECT_EQ(open_reader(machine, Undurable::show).snapshot()->size(), durable);
}

TEST(Reader, who_asks_for_undurable_events_is_not_shown_a_commit_that_does_not_follow_the_one_before_it) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(machine.append("alice", Durability::buffered));
    ASSERT_TRUE(machine.read());  // written, and not synced
  }
  machine.kill();
  const std::string path = machine.segments().back();
  Bytes bytes = machine.read_file(path);
  const std::uint64_t all = open_reader(machine, Undurable::show).snapshot()->size();
  const segment::CommitHeader last = commits_in(bytes).back();
  ASSERT_EQ(last.count, 1U);
  const std::uint32_t salt = base::crc32c(segment::SegmentHeader::decode(bytes)->salt);
  const std::span<std::byte> commit = std::span(bytes).subspan(last.offset, last.length);
  base::store_le(commit.data() + 32, last.first_sequence + 1);
  base::store_le(commit.data() + 4, base::crc32c(ByteView(commit).subspan(8), salt));
  base::store_le(commit.data(), base::crc32c(ByteView(commit).subspan(4, segment::commit_header_bytes - 4), salt));
  machine.write_file(path, bytes);
  EXPECT_EQ(open_reader(machine, Undurable::show).snapshot()->size(), all - 1);
}

// Witness: readers_see_only_durable
TEST(Reader, after_any_crash_shows_no_more_than_the_writer_will) {
  const auto steps = bit_of_everything();
  std::uint64_t calls = 0;
  {
    Machine machine;
    ASSERT_EQ(run(machine, steps), steps.size());
    calls = machine.files().count_calls();
  }
  for (std::uint64_t call = 1; call <= calls; ++call) {
    SCOPED_TRACE(call);
    Machine machine;
    machine.files().inject({.call = {}, .path_contains = {}, .nth = call, .effect = SimFault::Effect::stop});
    run(machine, steps);
    machine.crash(SimCrash::from_seed(call));
    auto reader = Store::open_read_only(Machine::path, {.file_system = &machine.files()});
    if (!reader) {
      EXPECT_FALSE(machine.ledger.groups().size() > 1) << to_string(reader.error());
      continue;
    }
    const Snapshot shown = reader->snapshot().value();
    // A creation that was interrupted may have left a log without a store.meta.
    const bool created = !machine.ledger.groups().empty();
    EXPECT_TRUE(!created || reader->open_report().damage.empty()) << reader->open_report().damage.front().reason;
    ASSERT_TRUE(machine.open());
    const Snapshot recovered = machine.store().snapshot().value();
    ASSERT_LE(shown.size(), recovered.size());
    for (std::uint64_t sequence = 0; sequence < shown.size(); ++sequence) {
      ASSERT_EQ(shown.at(sequence)->event_hash(), recovered.at(sequence)->event_hash());
    }
  }
}

}  // namespace
}  // namespace batpak::test
