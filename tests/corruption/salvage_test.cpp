// What salvage makes of damaged and forged logs: everything whole is copied, everything else is counted, and what comes out keeps
// every law and can be gone on from.
#include "batpak/salvage.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/try.hpp"
#include "batpak/store.hpp"
#include "corruption/test_log.hpp"
#include "event/store_events.hpp"
#include "event/type_registry.hpp"

namespace batpak::test {
namespace {

constexpr std::string_view own_scope = event::store_scope;

class SalvagedLog : public testing::Test {
 protected:
  static Bytes payload_of(const auto& value) {
    Bytes bytes;
    encode_payload(bytes, value).value();
    return bytes;
  }
  static TestLog::Event declaration(EventKind kind, std::string name, std::uint16_t version = 1) {
    event::TypeDeclaration type;
    type.declares = kind.value();
    type.name = std::move(name);
    type.version = version;
    return {.entity = std::string(event::TypeDeclaration::entity),
            .payload = payload_of(type),
            .kind = event::TypeDeclaration::kind,
            .scope = std::string(own_scope)};
  }
  static TestLog::Event note(std::string entity, std::string text = "opened") {
    return {.entity = std::move(entity), .payload = TestLog::note(std::move(text))};
  }

  // Salvages, and sees to it that the new store is clean and can be written.
  void salvage_files(const Files& files, const OpenOptions& given = {}) {
    fs_ = std::make_unique<platform::SimFs>();
    fs_->create_directory("store").value();
    for (const auto& [path, bytes] : files) fs_->write_file("store/" + path, bytes).value();
    OpenOptions options = given;
    options.file_system = fs_.get();
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    auto made = salvage("store", "copy", options);
    ASSERT_TRUE(made) << to_string(made.error());
    report_ = *std::move(made);
    VerifyOptions verify;
    verify.file_system = fs_.get();
    verify.threads = 1;
    const VerifyReport found = verify_directory("copy", verify).value();
    EXPECT_TRUE(found.clean()) << describe(found);
    options.create = Create::never;
    auto store = Store::open("copy", options);
    ASSERT_TRUE(store) << to_string(store.error());
    const auto appended = store->append_json(Coordinate::make("door:1", "tests").value(), "door.opened", "{}");
    EXPECT_TRUE(appended) << to_string(appended.error());
    EXPECT_TRUE(store->close());
  }
  [[nodiscard]] std::uint64_t counted() const { return report_.events_copied + report_.events_lost + report_.events_left; }
  [[nodiscard]] bool has_reason(std::string_view reason) const {
    return std::ranges::any_of(report_.damage, [&](const auto& range) { return range.reason.contains(reason); });
  }
  Result<Store> copy() { return Store::open_read_only("copy", {.file_system = fs_.get()}); }
  // Of the copy with this old sequence.
  Result<Event> copy_of(std::uint64_t old_sequence) {
    BATPAK_TRY(const Store store, copy());
    BATPAK_TRY(const Snapshot snapshot, store.snapshot());
    for (std::uint64_t sequence = 0; sequence < snapshot.size(); ++sequence) {
      BATPAK_TRY(const EventView view, snapshot.at(sequence));
      const auto header = event::HeaderView::parse(view.header());
      if (!header || header->extensions().size() < 12) continue;
      if (base::load_le<std::uint64_t>(header->extensions().data() + 4) == old_sequence) return store.at(sequence);
    }
    return std::unexpected(Error(ErrorCode::not_found, "it was not copied"));
  }

  std::unique_ptr<platform::SimFs> fs_;
  SalvageReport report_;
};

Files with_live(Files files, const TestLog& log) {
  segment::LiveRecord live;
  live.store_id = log.meta().genesis.store_id;
  live.session = 1;
  live.durable_through = log.link().end;
  const auto bytes = live.encode();
  files["live"] = Bytes(bytes.begin(), bytes.end());
  return files;
}

TestLog three_notes(TestLog::Options options = {}) {
  TestLog log(options);
  log.declare_notes();
  for (const char* const door : {"door:1", "door:2", "door:1"}) {
    log.commit({{.entity = door, .payload = TestLog::note("opened")}});
  }
  return log;
}

TEST_F(SalvagedLog, copies_the_whole_event_of_a_last_commit_of_another_form) {
  const Files files = three_notes().files();
  for (const bool goes_on : {false, true}) {
    auto segments = take_apart(files);
    auto& commits = segments.back().commits;
    Bytes& rest = commits[goes_on ? commits.size() - 2 : commits.size() - 1].rest;
    rest.insert(rest.begin(), 8, std::byte{0});
    salvage_files(put_together(segments, files.at("store.meta")));
    EXPECT_EQ(report_.events_copied, 4U);
    EXPECT_EQ(report_.events_lost, 0U);
    EXPECT_EQ(report_.unfinished_bytes, 0U);
    EXPECT_EQ(report_.damage.size(), 1U);
  }
}

TEST_F(SalvagedLog, counts_the_broken_event_of_a_last_commit_of_another_form) {
  const Files files = three_notes().files();
  auto segments = take_apart(files);
  CommitParts& last = segments.back().commits.back();
  last.rest.insert(last.rest.begin(), 8, std::byte{0});
  last.frames.back()[event::layout::header + 10] ^= std::byte{1};
  salvage_files(put_together(segments, files.at("store.meta")));
  EXPECT_EQ(report_.events_copied, 3U);
  EXPECT_EQ(report_.events_lost, 1U);
  EXPECT_FALSE(report_.damage.empty());
}

TEST_F(SalvagedLog, counts_what_the_last_owner_said_was_durable) {
  const TestLog log = three_notes();
  Files files = with_live(log.files(), log);
  Bytes& segment = files.at(log.last_path());
  segment[segment.size() - log.last_commit().size() + 300] ^= std::byte{1};  // in the last frame's header
  salvage_files(files);
  EXPECT_EQ(report_.events_copied, 3U);
  EXPECT_EQ(report_.events_lost, 1U);
  EXPECT_FALSE(report_.damage.empty());
  segment.resize(segment.size() - log.last_commit().size() + 40);  // without even a header
  salvage_files(files);
  EXPECT_EQ(report_.events_copied, 3U);
  EXPECT_EQ(report_.events_lost, 1U);
}

TEST_F(SalvagedLog, counts_what_an_intact_header_of_a_broken_commit_says_was_durable) {
  const TestLog log = three_notes();
  Files files = log.files();
  const auto segments = take_apart(files);
  const std::size_t last = log.last_commit().size();
  Bytes& segment = files.at(log.last_path());
  const auto& before = segments.back().commits[segments.back().commits.size() - 2];
  const std::size_t before_size = before.header.size() + before.frames.front().size() + before.rest.size();
  segment[segment.size() - last - before_size + 300] ^= std::byte{1};
  segment[segment.size() - 70] ^= std::byte{1};
  salvage_files(files);
  EXPECT_EQ(report_.events_copied, 2U);
  EXPECT_EQ(report_.events_lost, 1U);
  EXPECT_GT(report_.unfinished_bytes, 0U);
}

TEST_F(SalvagedLog, mentions_a_torn_tail_that_is_no_loss) {
  const TestLog log = three_notes();
  Files files = log.files();
  Bytes& segment = files.at(log.last_path());
  segment[segment.size() - log.last_commit().size() + 300] ^= std::byte{1};
  salvage_files(files);
  EXPECT_EQ(report_.events_copied, 3U);
  EXPECT_EQ(report_.events_lost, 0U);
  EXPECT_TRUE(report_.damage.empty());
  EXPECT_GT(report_.unfinished_bytes, log.last_commit().size() - 8);
  EXPECT_LE(report_.unfinished_bytes, log.last_commit().size());
}

TEST_F(SalvagedLog, counts_an_erased_payload_as_lost) {
  const Files files = three_notes().files();
  auto segments = take_apart(files);
  Bytes& frame = segments.front().commits[2].frames.front();
  const auto parsed = event::FrameView::parse(frame).value();
  const auto payload = static_cast<std::size_t>(parsed.payload_section().data() - frame.data());
  std::fill_n(frame.begin() + static_cast<std::ptrdiff_t>(payload) + 8, parsed.payload_section().size() - 8, std::byte{0});
  frame[event::layout::state] |= std::byte{1};
  salvage_files(put_together(segments, files.at("store.meta")));
  EXPECT_EQ(report_.events_copied, 3U);
  EXPECT_EQ(report_.events_lost, 1U);
  EXPECT_TRUE(has_reason("erased"));
}

TEST_F(SalvagedLog, begins_a_branch_at_the_copy_of_the_event_where_it_began) {
  TestLog log = three_notes();
  TestLog::Event branch = note("door:1", "what if");
  branch.lane = 3;
  branch.follows = log.link_to(2);
  log.commit({branch});
  branch.follows = {};
  log.commit({branch});
  salvage_files(log.files());
  EXPECT_EQ(report_.events_lost, 0U);
  const Event began = copy_of(2).value();
  const auto header = copy_of(5).value();
  const auto view = event::HeaderView::parse(header.header()).value();
  EXPECT_EQ(view.previous_sequence(), began.sequence());
  EXPECT_EQ(view.previous_hash(), began.event_hash());
}

TEST_F(SalvagedLog, begins_a_branch_before_an_event_that_is_lost) {
  TestLog log = three_notes();
  TestLog::Event branch = note("door:1", "what if");
  branch.lane = 3;
  branch.follows = log.link_to(4);
  log.commit({branch});
  const Files files = log.files();
  auto segments = take_apart(files);
  Bytes& frame = segments.front().commits[4].frames.front();
  const auto payload = static_cast<std::size_t>(event::FrameView::parse(frame).value().payload().data() - frame.data());
  frame[payload] ^= std::byte{1};
  salvage_files(put_together(segments, files.at("store.meta")));
  EXPECT_EQ(report_.events_lost, 1U);
  const auto header = copy_of(5).value();
  EXPECT_EQ(event::HeaderView::parse(header.header()).value().previous_sequence(), copy_of(2).value().sequence());
}

TEST_F(SalvagedLog, gives_an_event_that_nothing_could_follow_a_time_and_id_that_grow) {
  for (const int which : {0, 1, 2, 3}) {
    TestLog log = three_notes();
    TestLog::Event event = note("door:1");
    if (which == 0) event.time = Timestamp{.microseconds = std::numeric_limits<std::int64_t>::max(), .counter = 0xFFFFFFFF};
    if (which == 1) event.time = Timestamp{.microseconds = 5, .counter = 0};
    if (which > 1) event.id.emplace();
    if (which == 2) event.id->bytes.fill(std::byte{0xFF});
    log.commit({event});
    log.commit({note("door:2")});
    salvage_files(log.files());
    EXPECT_EQ(report_.events_lost, 0U) << which;
    EXPECT_EQ(report_.events_mended, 1U) << which;
    const Event mended = copy_of(5).value();
    const auto extensions = event::HeaderView::parse(mended.header()).value().extensions();
    ASSERT_EQ(extensions.size(), 4 + event::salvaged_from_bytes + 4 + event::salvaged_time_bytes);
    const ByteView old = extensions.subspan(4 + event::salvaged_from_bytes + 4);
    if (event.time) {
      EXPECT_EQ(base::load_le<std::uint64_t>(old.data()), static_cast<std::uint64_t>(event.time->microseconds));
    }
    if (event.id) {
      EXPECT_TRUE(std::ranges::equal(old.subspan(12), event.id->bytes));
    }
  }
}

TEST_F(SalvagedLog, leaves_out_what_would_break_a_law) {
  const EventKind other{0xF, 0x002};
  TestLog::Event in_own_entity = note("$batpak/foo");
  TestLog::Event not_canonical = note("door:1");
  not_canonical.payload = {std::byte{0xCD}, std::byte{0}, std::byte{1}};
  TestLog::Event bad_metadata = note("door:1");
  bad_metadata.metadata = {std::byte{1}};
  TestLog::Event unreadable = declaration(other, "zzz");
  unreadable.payload.push_back(std::byte{1});
  TestLog::Event in_lane = declaration(other, "zzz");
  in_lane.lane = 1;
  TestLog::Event elsewhere = declaration(other, "zzz");
  elsewhere.entity = "door:1";
  TestLog::Event restore = note("$batpak/restores");
  restore.kind = event::Restore::kind;
  restore.scope = own_scope;
  TestLog::Event rootless = note("door:new");
  rootless.lane = 2;
  rootless.follows = TestLog::Link{.sequence = 2, .hash = {}};
  const std::vector<TestLog::Event> all = {in_own_entity,
                                           not_canonical,
                                           bad_metadata,
                                           unreadable,
                                           in_lane,
                                           elsewhere,
                                           restore,
                                           rootless,
                                           declaration(note_kind, "another name", 2),
                                           declaration(other, "note"),
                                           declaration(EventKind(0x0, 0x009), "own"),
                                           declaration(other, event::lost_name(note_kind))};
  for (std::size_t i = 0; i < all.size(); ++i) {
    SCOPED_TRACE(i);
    TestLog log = three_notes();
    log.commit({all[i]});
    log.commit({note("door:2", "behind")});
    salvage_files(log.files());
    EXPECT_EQ(report_.events_lost, 1U);
    EXPECT_EQ(report_.events_copied, 5U);
    EXPECT_EQ(counted(), log.link().end.sequence);
    EXPECT_FALSE(report_.damage.empty());
  }
}

TEST_F(SalvagedLog, declares_a_type_once_that_is_declared_behind_its_events) {
  TestLog log = three_notes();
  TestLog::Event early = note("door:1");
  early.kind = EventKind(0xF, 0x002);
  log.commit({early});
  log.commit({declaration(early.kind, "early")});
  log.commit({declaration(early.kind, "early")});
  early.payload_version = 3;
  log.commit({early});
  salvage_files(log.files());
  EXPECT_EQ(report_.events_copied, 6U);
  EXPECT_EQ(report_.events_lost, 2U);
  EXPECT_EQ(copy_of(5).value().kind_name(), "early");
}

TEST_F(SalvagedLog, says_how_many_events_a_signature_that_verifies_covered) {
  const SigningKey key = SigningKey::generate().value();
  const SigningKey forger = SigningKey::generate().value();
  salvage_files(small_log({.key = &key}).files());
  EXPECT_EQ(report_.events_signed, report_.events_copied);
  salvage_files(small_log({.key = &key, .forged_with = &forger}).files());
  EXPECT_EQ(report_.events_signed, 0U);
  salvage_files(small_log().files());
  EXPECT_FALSE(report_.events_signed);
  // Around what is lost, the signatures over what is not still count.
  Files files = small_log({.key = &key}).files();
  Bytes& first = files.begin()->second;
  std::fill_n(first.begin() + 4096 + 700, 1000, std::byte{0xFF});
  salvage_files(files);
  EXPECT_GT(report_.events_lost, 0U);
  EXPECT_GT(*report_.events_signed, 5U);
}

// For every place that may be changed: what is copied is a store, and nothing is lost without being counted.
TEST_F(SalvagedLog, accounts_for_every_event_whatever_byte_is_changed) {
  const TestLog log = small_log();
  const Files whole = log.files();
  const std::uint64_t events = log.link().end.sequence;
  for (const auto& [path, bytes] : whole) {
    const std::size_t begin = path.starts_with("log/") ? segment::segment_header_bytes : 0;
    for (std::size_t at = begin; at < bytes.size(); at += 37) {
      SCOPED_TRACE(path + " at " + std::to_string(at));
      Files files = with_live(whole, log);
      files.at(path)[at] ^= std::byte{0x10};
      salvage_files(files);
      EXPECT_EQ(counted(), events);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace batpak::test
