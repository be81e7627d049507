#include "batpak/salvage.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/hex.hpp"
#include "event/store_events.hpp"
#include "store/test_store.hpp"

namespace batpak::test {
namespace {

class SalvageTest : public testing::Test {
 protected:
  SalvageTest() {
    Store store = machine_.open();
    for (int i = 0; i < 20; ++i) must(store.append(at("e" + std::to_string(i % 3)), Moved{.x = i, .y = 0}));
    must(store.close());
  }

  Result<SalvageReport> salvage_to(const std::string& destination) {
    OpenOptions options = machine_.options();
    return salvage("store", destination, options);
  }

  Result<SalvageReport> salvage_with(const WitnessFile& witness, const std::string& destination = "copy") {
    OpenOptions options = machine_.options();
    options.witness_file = witness;
    return salvage("store", destination, options);
  }

  std::vector<std::string> files_below(const std::string& directory) {
    std::vector<std::string> found;
    for (const std::string& path : machine_.files.list_files()) {
      if (path.contains(directory)) found.push_back(path);
    }
    return found;
  }

  // The payload of the first declaration does not give its hash any more.
  void spoil_declaration() {
    const std::string segment = files_below("store/log").front();
    const Bytes bytes = must(machine_.files.read_file(segment));
    const auto name = std::ranges::search(bytes, std::as_bytes(std::span(std::string_view("moved"))));
    must(machine_.files.flip_bit(segment, static_cast<std::uint64_t>(name.begin() - bytes.begin()), 0));
  }

  // An event's frame in its segment, and where in the frame its payload stands.
  struct Frame {
    std::string segment;
    std::uint64_t offset = 0;
    std::size_t payload = 0;
    Bytes bytes;
  };
  Frame frame_of(std::uint64_t sequence) {
    const Store store = must(Store::open_read_only("store", {.file_system = &machine_.files}));
    const EventView event = must(store.at(sequence));
    Frame frame{.segment = files_below("store/log").front(),
                .payload = static_cast<std::size_t>(event.payload().data() - event.frame_bytes().data()),
                .bytes = Bytes(event.frame_bytes().begin(), event.frame_bytes().end())};
    const Bytes bytes = must(machine_.files.read_file(frame.segment));
    frame.offset = static_cast<std::uint64_t>(std::ranges::search(bytes, frame.bytes).begin() - bytes.begin());
    return frame;
  }
  void put(const Frame& frame) {
    Bytes bytes = must(machine_.files.read_file(frame.segment));
    std::ranges::copy(frame.bytes, bytes.begin() + static_cast<std::ptrdiff_t>(frame.offset));
    must(machine_.files.write_file(frame.segment, bytes));
  }
  event::SalvageRecord record_in(const std::string& copy) {
    const Store store = must(Store::open_read_only(copy, {.file_system = &machine_.files}));
    return must(decode_payload<event::SalvageRecord>(must(store.at(1)).payload()));
  }

  SimMachine machine_;
};

TEST_F(SalvageTest, counts_an_event_once_that_opening_and_reading_both_find_lost) {
  Frame frame = frame_of(7);
  frame.bytes[frame.payload] ^= std::byte{1};
  put(frame);
  const SalvageReport report = must(salvage_to("copy"));
  EXPECT_EQ(report.events_lost, 1U);
  ASSERT_EQ(report.damage.size(), 1U);
  EXPECT_TRUE(frame.segment.ends_with(report.damage[0].path)) << report.damage[0].path;
  EXPECT_EQ(report.damage[0].offset, frame.offset);
  EXPECT_EQ(report.damage[0].first_sequence, 7U);
  EXPECT_EQ(report.damage[0].next_sequence, 8U);
  const event::SalvageRecord record = record_in("copy");
  EXPECT_EQ(record.events_lost, 1U);
  EXPECT_EQ(record.lost.size(), 1U);
}

TEST_F(SalvageTest, says_where_an_event_stands_whose_checksum_was_mended) {
  Frame frame = frame_of(7);
  frame.bytes[frame.payload] ^= std::byte{1};
  base::store_le(frame.bytes.data(), base::crc32c(ByteView(frame.bytes).subspan(4)));
  put(frame);
  const SalvageReport report = must(salvage_to("copy"));
  EXPECT_EQ(report.events_lost, 1U);
  ASSERT_EQ(report.damage.size(), 2U) << "the commit, whose checksum does not match, and the event";
  EXPECT_TRUE(!report.damage[1].path.empty() && frame.segment.ends_with(report.damage[1].path)) << report.damage[1].path;
  EXPECT_EQ(report.damage[1].offset, frame.offset);
  EXPECT_EQ(report.damage[1].reason, "the event's bytes do not give its hashes");
  EXPECT_EQ(record_in("copy").events_lost, 1U);
}

// Bytes in the middle of the log that name no event any more: they are one range, and each of its events is lost once.
TEST_F(SalvageTest, counts_the_events_of_a_range_once) {
  const Frame first = frame_of(9);
  const Frame last = frame_of(12);
  Bytes bytes = must(machine_.files.read_file(first.segment));
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(first.offset),
            bytes.begin() + static_cast<std::ptrdiff_t>(last.offset + last.bytes.size()), std::byte{0xFF});
  must(machine_.files.write_file(first.segment, bytes));
  const SalvageReport report = must(salvage_to("copy"));
  EXPECT_EQ(report.events_lost, 4U);
  std::uint64_t listed = 0;
  for (const DamagedRange& range : report.damage) listed += range.next_sequence - range.first_sequence;
  EXPECT_EQ(listed, 4U);
  EXPECT_EQ(record_in("copy").events_lost, 4U);
}

TEST_F(SalvageTest, copies_what_is_whole) {
  const SalvageReport report = must(salvage_to("copy"));
  EXPECT_EQ(report.events_lost, 0U);
  EXPECT_TRUE(report.damage.empty());
  OpenOptions options = machine_.options();
  Store copy = must(Store::open("copy", options));
  EXPECT_EQ(all(must(copy.read())).size(), 20U);
}

TEST_F(SalvageTest, leaves_nothing_but_empty_directories_when_it_fails) {
  std::uint64_t failed = 0;
  for (const platform::SimCall call : {platform::SimCall::write, platform::SimCall::sync, platform::SimCall::rename,
                                       platform::SimCall::sync_directory, platform::SimCall::allocate}) {
    for (std::uint64_t nth = 1;; ++nth) {
      const std::string destination = "copy-" + std::to_string(static_cast<int>(call)) + "-" + std::to_string(nth);
      machine_.files.clear_faults();
      const std::uint64_t met = machine_.files.count_faults_met();
      machine_.files.inject(
          {.call = call, .path_contains = "copy", .nth = nth, .effect = platform::SimFault::Effect::io_error});
      const auto done = salvage_to(destination);
      if (machine_.files.count_faults_met() == met) break;
      if (done) continue;
      ++failed;
      EXPECT_EQ(files_below(destination), std::vector<std::string>{}) << to_string(done.error());
    }
  }
  EXPECT_GT(failed, 10U);
}

// Whoever finds a directory under the name that was asked for has everything.
TEST_F(SalvageTest, has_its_name_only_when_it_is_whole) {
  for (std::uint64_t nth = 1;; ++nth) {
    SimMachine machine;
    Store source = machine.open();
    for (int i = 0; i < 20; ++i) must(source.append(at("a"), Moved{.x = i, .y = 0}));
    must(source.close());
    machine.files.inject({.call = {}, .path_contains = "", .nth = nth, .effect = platform::SimFault::Effect::stop});
    if (salvage("store", "copy", machine.options())) break;
    machine.files.crash(platform::SimCrash::losing_everything());
    if (machine.files.open_directory("copy")) {
      EXPECT_EQ(all(must(must(Store::open("copy", machine.options())).read())).size(), 20U) << "stopped at call " << nth;
    }
    if (machine.files.read_file("copy.unfinished/store.meta")) {
      EXPECT_EQ(error_of(salvage("store", "copy", machine.options())), "already_a_store");
    }
  }
}

// Witness: nothing_opens_that_should_refuse
// Whoever finds what a killed salvage left can neither read it, nor continue it, nor salvage it, as if it were all there was.
TEST_F(SalvageTest, leaves_no_store_that_holds_a_part_when_it_is_stopped) {
  std::uint64_t parts = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    SimMachine machine;
    Store source = machine.open();
    for (int i = 0; i < 20; ++i) must(source.append(at("a"), Moved{.x = i, .y = 0}));
    must(source.close());
    machine.files.inject({.call = {}, .path_contains = "", .nth = nth, .effect = platform::SimFault::Effect::stop});
    if (salvage("store", "copy", machine.options())) break;
    if (nth % 2 == 0) {
      machine.files.crash(platform::SimCrash::losing_everything());
    } else {
      machine.files.kill();
    }
    const auto left = Store::open_read_only("copy.unfinished", {.file_system = &machine.files});
    if (left) {
      const std::uint64_t size = must(left->snapshot()).size();
      EXPECT_TRUE(size <= 1 || size == 23) << size << " events, stopped at call " << nth;
      continue;
    }
    if (!machine.files.read_file("copy.unfinished/salvage.tmp")) continue;
    ++parts;
    EXPECT_EQ(error_of(left), "not_a_store");
    EXPECT_TRUE(left.error().message.contains("remove it and salvage again")) << left.error().message;
    const auto before = machine.truth();
    EXPECT_EQ(error_of(Store::open("copy.unfinished", machine.options())), "not_a_store");
    EXPECT_EQ(error_of(salvage("copy.unfinished", "other", machine.options())), "not_a_store");
    const auto again = salvage("store", "copy", machine.options());
    EXPECT_EQ(error_of(again), "already_a_store");
    EXPECT_TRUE(again.error().message.contains("remove it and try again")) << again.error().message;
    EXPECT_EQ(machine.truth(), before);
    VerifyOptions options;
    options.file_system = &machine.files;
    EXPECT_TRUE(findings(must(verify_directory("copy.unfinished", options))).starts_with("store_meta"));
  }
  EXPECT_GT(parts, 3U);
}

TEST_F(SalvageTest, tells_nobody_to_remove_what_it_did_not_make) {
  for (const bool is_store : {false, true}) {
    if (is_store) {
      must(Store::open("copy.unfinished", machine_.options()));
    } else {
      must(machine_.files.write_file("other.unfinished/file", {}));
    }
    const auto refused = salvage_to(is_store ? "copy" : "other");
    EXPECT_EQ(error_of(refused), is_store ? "already_a_store" : "not_a_store");
    EXPECT_EQ(refused.error().path, is_store ? "copy.unfinished" : "other.unfinished");
    EXPECT_TRUE(refused.error().message.contains("look at what is here")) << refused.error().message;
  }
}

TEST_F(SalvageTest, tells_of_each_event_where_it_was) {
  must(salvage_to("copy"));
  const Store source = must(Store::open_read_only("store", {.file_system = &machine_.files}));
  const Store copy = must(Store::open_read_only("copy", {.file_system = &machine_.files}));
  EXPECT_EQ(must(copy.at(0)).salvaged_from(), std::nullopt);
  EXPECT_EQ(must(copy.at(1)).salvaged_from(), std::nullopt);
  for (const EventView& event : all(must(copy.read()))) {
    ASSERT_TRUE(event.salvaged_from());
    EXPECT_EQ(must(source.at(event.salvaged_from()->sequence)).position(), *event.salvaged_from());
    EXPECT_EQ(must(source.at(event.salvaged_from()->sequence)).id(), event.id());
  }
  must(salvage("copy", "again", machine_.options()));
  const Store again = must(Store::open_read_only("again", {.file_system = &machine_.files}));
  for (const EventView& event : all(must(again.read()))) {
    ASSERT_TRUE(event.salvaged_from());
    EXPECT_EQ(must(copy.at(event.salvaged_from()->sequence)).position(), *event.salvaged_from());
  }
}

TEST_F(SalvageTest, is_told_by_verify_with_every_one_before_it) {
  Frame frame = frame_of(7);
  frame.bytes[frame.payload] ^= std::byte{1};
  put(frame);
  EXPECT_TRUE(machine_.verify().salvages.empty());
  const SalvageReport first = must(salvage_to("copy"));
  must(salvage("copy", "again", machine_.options()));
  VerifyOptions options;
  options.file_system = &machine_.files;
  const VerifyReport report = must(verify_directory("again", options));
  EXPECT_EQ(findings(report), "");
  ASSERT_EQ(report.salvages.size(), 2U);
  EXPECT_EQ(report.salvages[0].sequence, 1U);
  EXPECT_EQ(report.salvages[0].source_origin, first.destination_origin);
  EXPECT_EQ(report.salvages[0].events_lost, 0U);
  EXPECT_EQ(report.salvages[1].source_origin, first.source_origin);
  EXPECT_EQ(report.salvages[1].events_lost, 1U);
  EXPECT_EQ(base::to_hex(report.salvages[1].source_store_id),
            must(Store::open_read_only("store", {.file_system = &machine_.files})).store_id());
  EXPECT_EQ(report.salvages_omitted, 0U);
}

// What it writes before the first copied event has times from before that one, and says when it was written.
TEST_F(SalvageTest, is_no_skew_of_clocks) {
  spoil_declaration();
  machine_.clock.advance(std::chrono::hours(1));
  must(salvage_to("copy"));
  VerifyOptions options;
  options.file_system = &machine_.files;
  EXPECT_EQ(must(verify_directory("copy", options)).clock_skews, 0U);
  {
    Store copy = must(Store::open("copy", machine_.options()));
    must(copy.append(at("a"), Moved{}));
    machine_.clock.set_wall_microseconds(machine_.clock.wall_microseconds() - 3'600'000'000);
    must(copy.append(at("a"), Moved{}));
    must(copy.close());
  }
  EXPECT_EQ(must(verify_directory("copy", options)).clock_skews, 1U) << "one of those that came after it";
  must(salvage("copy", "again", machine_.options()));
  EXPECT_EQ(must(verify_directory("again", options)).clock_skews, 0U);
}

TEST_F(SalvageTest, takes_no_time_but_that_of_the_clock_it_is_given) {
  machine_.clock.advance(std::chrono::hours(1));
  must(salvage_to("copy"));
  const Store copy = must(Store::open_read_only("copy", {.file_system = &machine_.files}));
  EXPECT_EQ(must(copy.at(1)).kind_name(), "batpak.salvage");
  EXPECT_EQ(must(copy.at(1)).wall_microseconds(), machine_.clock.wall_microseconds());
}

// A type whose declaration is lost can be appended again, as the type that it was.
TEST_F(SalvageTest, a_lost_declaration_gives_way_to_the_types_own) {
  spoil_declaration();
  must(salvage_to("copy"));
  {
    const Store copy = must(Store::open_read_only("copy", {.file_system = &machine_.files}));
    ASSERT_EQ(copy.types().size(), 1U);
    EXPECT_TRUE(copy.types().front().name.starts_with("batpak.lost.")) << copy.types().front().name;
  }
  Store copy = must(Store::open("copy", machine_.options()));
  must(copy.append(at("e1"), Moved{.x = 100, .y = 0}));
  EXPECT_EQ(must(copy.at(3)).kind_name(), "moved") << "events from before have their name again";
  must(copy.close());
  Store again = must(Store::open("copy", machine_.options()));
  must(again.append(at("e1"), Moved{.x = 101, .y = 0}));
  EXPECT_EQ(again.types().size(), 2U) << "it was declared once";
  must(again.close());
  VerifyOptions options;
  options.file_system = &machine_.files;
  EXPECT_EQ(findings(must(verify_directory("copy", options))), "");
}

TEST_F(SalvageTest, gives_the_new_store_a_witness_file_of_its_own_where_that_may_be_made) {
  must(machine_.files.write_file("safe/other", {}));
  EXPECT_EQ(error_of(salvage_with({.path = "safe/witness"})), "witness_missing");
  EXPECT_EQ(files_below("copy"), std::vector<std::string>{});
  must(salvage_with({.path = "safe/witness", .when_missing = WitnessFile::WhenMissing::create}));
  const auto record = must(parse_witness_record(base::as_text(must(machine_.files.read_file("safe/witness")))));
  OpenOptions options = machine_.options();
  options.witness_file = WitnessFile{.path = "safe/witness"};
  Store copy = must(Store::open("copy", options));
  EXPECT_EQ(base::to_hex(record.store_id), copy.store_id());
  EXPECT_EQ(record.note.checkpoint.size, 23U) << "all of the new store";
}

// Witness: rollback_is_noticed
TEST_F(SalvageTest, leaves_the_witness_file_of_the_damaged_store_alone) {
  must(machine_.files.write_file("safe/other", {}));
  OpenOptions options = machine_.options();
  options.witness_file = WitnessFile{.path = "safe/witness", .when_missing = WitnessFile::WhenMissing::create};
  must(must(Store::open("store", options)).close());
  const Bytes kept = must(machine_.files.read_file("safe/witness"));
  for (const auto when_missing : {WitnessFile::WhenMissing::refuse, WitnessFile::WhenMissing::create}) {
    for (const auto when_not_extended :
         {WitnessFile::WhenNotExtended::refuse, WitnessFile::WhenNotExtended::accept_restore}) {
      const auto refused =
          salvage_with({.path = "safe/witness", .when_missing = when_missing, .when_not_extended = when_not_extended});
      ASSERT_EQ(error_of(refused), "witness_foreign");
      EXPECT_EQ(refused.error().path, "safe/witness");
      EXPECT_TRUE(refused.error().message.contains("needs one of its own")) << refused.error().message;
    }
  }
  EXPECT_EQ(must(machine_.files.read_file("safe/witness")), kept);
  EXPECT_EQ(files_below("copy"), std::vector<std::string>{});
}

TEST_F(SalvageTest, keeps_no_witness_file_inside_of_the_new_store) {
  for (const bool is_there : {false, true}) {
    for (const char* const path : {"copy", "copy.unfinished"}) {
      if (is_there) must(machine_.files.create_directory(path));
    }
    for (const char* const path : {"copy/witness", "copy.unfinished/witness"}) {
      const auto refused = salvage_with({.path = path, .when_missing = WitnessFile::WhenMissing::create});
      EXPECT_FALSE(refused) << path;
      if (is_there) {
        EXPECT_EQ(error_of(refused), "invalid_argument") << path;
      }
    }
  }
  EXPECT_EQ(files_below("copy"), std::vector<std::string>{});
}

TEST_F(SalvageTest, that_fails_leaves_no_witness_file_of_a_store_that_is_none) {
  must(machine_.files.write_file("safe/other", {}));
  machine_.files.inject({.call = platform::SimCall::rename, .path_contains = "copy", .nth = 1, .times = 1000});
  EXPECT_FALSE(salvage_with({.path = "safe/witness", .when_missing = WitnessFile::WhenMissing::create}));
  EXPECT_EQ(files_below("safe"), std::vector<std::string>{"safe/other"});
  machine_.files.clear_faults();
  EXPECT_TRUE(salvage_with({.path = "safe/witness", .when_missing = WitnessFile::WhenMissing::create}));
}

TEST_F(SalvageTest, makes_no_witness_file_inside_of_the_damaged_store) {
  const auto before = machine_.files.list_files();
  EXPECT_EQ(error_of(salvage_with({.path = "store/witness", .when_missing = WitnessFile::WhenMissing::create})),
            "invalid_argument");
  EXPECT_EQ(machine_.files.list_files(), before);
}

TEST_F(SalvageTest, makes_no_store_inside_of_the_damaged_one) {
  const auto before = machine_.files.list_files();
  for (const char* const path : {"store/copy", "store/log/copy", "store/copy/"}) {
    EXPECT_EQ(error_of(salvage_to(path)), "invalid_argument") << path;
  }
  EXPECT_EQ(machine_.files.list_files(), before) << "nothing was made";
  EXPECT_EQ(findings(machine_.verify()), "");
}

TEST_F(SalvageTest, leaves_a_destination_alone_that_holds_something) {
  must(salvage_to("copy"));
  const auto before = files_below("copy/");
  EXPECT_EQ(error_of(salvage_to("copy")), "already_a_store");
  EXPECT_EQ(files_below("copy/"), before);
  must(machine_.files.write_file("other/file", {}));
  EXPECT_EQ(error_of(salvage_to("other")), "not_a_store");
  EXPECT_EQ(salvage_to("other").error().path, "other");
  EXPECT_EQ(files_below("other/").size(), 1U);
}

}  // namespace
}  // namespace batpak::test
