// Ends of logs as no crash leaves them, with every CRC right: a seal and a successor that do not belong together, segments
// without commits, commits that claim what cannot be. Opening refuses them or goes on rightly, and readers see what is whole.
#include <gtest/gtest.h>

#include "batpak/store.hpp"
#include "corruption/test_log.hpp"

namespace batpak::test {
namespace {

class ForgedEnd : public testing::Test {
 protected:
  void put(const Files& files) {
    for (const std::string& path : disk_.list_files()) disk_.remove_file(path).value();
    for (const auto& [path, bytes] : files) disk_.write_file("store/" + path, bytes).value();
  }
  void put_parts() { put(put_together(segments_, whole_.at("store.meta"))); }

  Result<Store> write() {
    OpenOptions options;
    options.file_system = &disk_;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    return Store::open("store", options);
  }
  Result<Store> read(ReadOnlyOptions::Undurable undurable = ReadOnlyOptions::Undurable::hide) {
    return Store::open_read_only("store", {.undurable = undurable, .file_system = &disk_});
  }
  VerifyReport verify() { return verify_directory("store", {.key = {}, .threads = 1, .file_system = &disk_}).value(); }
  // The sequences of the events that can be read.
  static std::vector<std::uint64_t> readable(const Store& store) {
    std::vector<std::uint64_t> sequences;
    auto events = store.read({.store_events = StoreEvents::include}).value();
    for (const Result<EventView>& event : events) {
      if (event) sequences.push_back(event->sequence());
    }
    return sequences;
  }
  std::vector<std::uint64_t> readable() {
    const auto store = read();
    EXPECT_TRUE(store) << to_string(store.error());
    return store ? readable(*store) : std::vector<std::uint64_t>();
  }
  static std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
    std::vector<std::uint64_t> numbers;
    for (; from < to; ++from) numbers.push_back(from);
    return numbers;
  }

  // Damage there, and opening for writing changes nothing.
  void expect_refused(const std::string& path, std::string_view message) {
    const auto before = log_files();
    const auto opened = write();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::damaged) << to_string(opened.error());
    EXPECT_EQ(opened.error().path, "store/" + path);
    EXPECT_TRUE(opened.error().message.contains(message)) << to_string(opened.error());
    EXPECT_EQ(log_files(), before);
    EXPECT_FALSE(verify().clean());
  }
  std::map<std::string, Bytes> log_files() {
    std::map<std::string, Bytes> files;
    for (const std::string& path : disk_.list_files()) {
      if (path.starts_with("store/log/")) files[path] = disk_.read_file(path).value();
    }
    return files;
  }

  void set_first_sequence(SegmentParts& segment, std::uint64_t first) {
    auto header = segment::SegmentHeader::decode(segment.header).value();
    header.first_sequence = first;
    header.right_edge.resize(static_cast<std::size_t>(std::popcount(first)));
    segment.header = header.encode();
    segment.path = segment::segment_path(first);
  }
  static void set_sealed_sequence(SegmentParts& segment, std::uint64_t next) {
    base::store_le(segment.commits.back().rest.data() + 16, next);
  }
  // The header of a segment of which nothing was written yet, as it follows small_log().
  static Bytes blank_segment(std::uint64_t first_sequence, unsigned salt) {
    segment::SegmentHeader header;
    header.store_id.fill(std::byte{0x5A});
    header.number = 3;
    header.first_sequence = first_sequence;
    header.salt.fill(static_cast<std::byte>(salt));
    header.right_edge.resize(static_cast<std::size_t>(std::popcount(first_sequence)));
    return header.encode();
  }
  // Where the commits of a segment stand.
  static std::vector<std::uint64_t> commits_of(ByteView bytes) {
    std::vector<std::uint64_t> offsets;
    segment::CommitWalker walker(bytes, segment::SegmentHeader::decode(bytes).value());
    for (auto step = walker.next(); step.commit; step = walker.next()) offsets.push_back(step.commit->header.offset);
    return offsets;
  }
  // Sets the first sequence of a commit and mends its header's CRC only: the commit is broken and its header is not.
  static void break_commit(Bytes& bytes, std::uint64_t offset, std::uint64_t first_sequence) {
    const auto salt = segment::SegmentHeader::decode(bytes).value().salt;
    const std::span<std::byte> header = std::span(bytes).subspan(offset, segment::commit_header_bytes);
    base::store_le(header.data() + 32, first_sequence);
    base::store_le(header.data(), base::crc32c(ByteView(header).subspan(4), base::crc32c(salt)));
  }

  static constexpr std::uint64_t far_away = 1ULL << 40U;
  Files whole_ = small_log().files();
  std::vector<SegmentParts> segments_ = take_apart(whole_);
  platform::SimFs disk_;
  std::shared_ptr<platform::Directory> directory_ = disk_.create_directory("store").value();
};

TEST_F(ForgedEnd, without_a_change_opens) {
  put_parts();
  EXPECT_TRUE(write());
  EXPECT_EQ(readable(), range(0, 10));
}

// Witness: decoder_stays_in_bounds
TEST_F(ForgedEnd, with_a_segment_that_begins_behind_more_events_than_can_be_missing_is_refused_by_readers_too) {
  segments_.erase(segments_.begin() + 1);
  set_first_sequence(segments_[1], far_away);
  put_parts();
  const auto reader = read();
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::damaged);
  EXPECT_EQ(reader.error().path, "store/" + segments_[1].path);
  expect_refused(segments_[1].path, "missing before");
}

// Witness: decoder_stays_in_bounds
TEST_F(ForgedEnd, with_a_seal_and_a_successor_that_claim_more_events_than_the_segment_can_hold_is_refused) {
  segments_.resize(2);
  set_sealed_sequence(segments_[0], far_away);
  set_first_sequence(segments_[1], far_away);
  put_parts();
  expect_refused(segments_[0].path, "more events than fit");
}

TEST_F(ForgedEnd, with_a_seal_that_claims_events_for_which_there_is_no_room_before_it_is_refused_and_read_around) {
  set_sealed_sequence(segments_[0], 6);
  base::store_le<std::uint64_t>(segments_[0].commits.back().header.data() + 32, 6);
  segments_.resize(2);
  set_first_sequence(segments_[1], 6);
  put_parts();
  const auto opened = write();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::damaged);
  EXPECT_FALSE(verify().clean());
  const auto reader = read();
  ASSERT_TRUE(reader) << to_string(reader.error());
  const auto events = readable(*reader);
  EXPECT_GE(events.size(), 4U);
  EXPECT_TRUE(std::ranges::equal(range(0, 4), std::span(events).first(4)));
}

TEST_F(ForgedEnd, with_two_segments_without_a_commit_is_refused) {
  segments_[1].commits.clear();
  segments_[2].commits.clear();
  put_parts();
  expect_refused(segments_[1].path, "the next segment begins with sequence 8");
  EXPECT_EQ(readable(), range(0, 4));
}

TEST_F(ForgedEnd, with_an_empty_successor_that_the_seal_does_not_name_is_refused) {
  TestLog sealed = small_log();
  sealed.rotate();
  Files files = sealed.files();
  files[sealed.last_path()] = blank_segment(10, 0x11);
  put(files);
  expect_refused(segments_[2].path, "does not name the segment that follows");
  EXPECT_EQ(readable(), range(0, 10));
}

TEST_F(ForgedEnd, with_an_empty_successor_of_a_segment_that_was_written_to_afterwards_is_refused) {
  whole_[segment::segment_path(9)] = blank_segment(9, 0x11);
  put(whole_);
  expect_refused(segment::segment_path(9), "was written to before the one before it ended");
}

TEST_F(ForgedEnd, with_a_successor_that_holds_half_a_commit_before_there_is_a_seal_is_refused) {
  Bytes successor = blank_segment(10, 0x11);
  base::append(successor, base::as_bytes("half a commit"));
  whole_[segment::segment_path(10)] = successor;
  put(whole_);
  expect_refused(segment::segment_path(10), "was written to before the one before it ended");
}

// Witness: recovery_is_idempotent
TEST_F(ForgedEnd, with_a_seal_and_space_behind_it_is_trimmed_at_opening) {
  TestLog sealed = small_log();
  sealed.rotate();
  Files files = sealed.files();
  const std::string& old_path = segments_[2].path;
  const std::size_t size = files[old_path].size();
  files[old_path].resize(size + 10'000);
  put(files);
  EXPECT_FALSE(verify().clean());
  disk_.inject({.call = platform::SimCall::truncate, .path_contains = old_path, .nth = 1});
  const auto refused = write();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::io_error);
  auto store = write();
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_EQ(disk_.read_file("store/" + old_path)->size(), size);
  EXPECT_EQ(readable(*store), range(0, 10));
  ASSERT_TRUE(store->close());
  EXPECT_TRUE(verify().clean()) << describe(verify());
}

// Witness: cut_is_kept_in_quarantine
TEST_F(ForgedEnd, with_a_first_commit_that_does_not_follow_the_seal_before_it_is_cut_off_like_any_tail) {
  segments_[2].commits.resize(1);
  base::store_le<std::uint64_t>(segments_[2].commits[0].header.data() + 32, 9);
  put_parts();
  EXPECT_TRUE(has(verify(), Law::commit_link)) << describe(verify());
  auto store = write();
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_EQ(store->open_report().torn_path, segments_[2].path);
  EXPECT_TRUE(disk_.read_file("store/" + store->open_report().quarantine_path));
  EXPECT_EQ(readable(*store), range(0, 8));
  ASSERT_TRUE(store->append(Coordinate::make("door:4", "tests").value(), Note{"opened"}));
  ASSERT_TRUE(store->close());
  const VerifyReport report = verify();
  EXPECT_TRUE(report.clean()) << describe(report);
}

TEST_F(ForgedEnd, with_a_commit_whose_tree_has_another_size_is_refused_at_the_end_and_read_around_before) {
  const Bytes rest = segments_[2].commits[1].rest;
  base::store_le<std::uint64_t>(segments_[2].commits[1].rest.data(), 7);
  put_parts();
  expect_refused(segments_[2].path, "another size");
  EXPECT_EQ(readable(), range(0, 10));
  segments_[2].commits[1].rest = rest;
  base::store_le<std::uint64_t>(segments_[0].commits[2].rest.data(), 7);
  put_parts();
  EXPECT_TRUE(has(verify(), Law::tree_root)) << describe(verify());
  EXPECT_EQ(readable(), range(0, 10));
  const auto store = write();
  ASSERT_TRUE(store) << to_string(store.error());
  EXPECT_EQ(readable(*store), range(0, 10));
}

// Witness: a_damaged_event_hides_no_other
TEST_F(ForgedEnd, with_broken_commits_whose_headers_claim_what_cannot_be_shows_what_is_whole) {
  const std::vector<std::uint64_t> offsets = commits_of(whole_.at(segments_[0].path));
  ASSERT_EQ(offsets.size(), 5U);
  struct Claim {
    std::uint64_t first;                  // of the commit with event 2
    std::optional<std::uint64_t> second;  // of the one with event 3
  };
  for (const Claim& claim :
       {Claim{0, {}}, Claim{far_away, {}}, Claim{0, 0}, Claim{0, far_away}, Claim{far_away, 1}, Claim{~0ULL, ~0ULL}}) {
    SCOPED_TRACE(std::to_string(claim.first) + " " + std::to_string(claim.second.value_or(3)));
    Files files = whole_;
    break_commit(files[segments_[0].path], offsets[2], claim.first);
    if (claim.second) break_commit(files[segments_[0].path], offsets[3], *claim.second);
    put(files);
    EXPECT_FALSE(verify().clean());
    auto events = readable();
    EXPECT_TRUE(std::ranges::includes(events, range(4, 10)));
    EXPECT_TRUE(std::ranges::includes(events, range(0, 2)));
    EXPECT_TRUE(claim.second || events == range(0, 10)) << "the frames themselves are whole";
    const auto opened = write();
    if (opened) {
      EXPECT_EQ(readable(*opened), events);
    } else {
      EXPECT_EQ(opened.error().code, ErrorCode::damaged) << to_string(opened.error());
    }
  }
}

TEST_F(ForgedEnd, with_a_declaration_that_has_not_the_fields_of_one_is_refused) {
  struct NoKey {
    std::string key;
  };
  struct NoType {
    std::string declares;
  };
  Bytes no_key;
  encode_payload(no_key, NoKey{"text"}).value();
  Bytes no_type;
  encode_payload(no_type, NoType{"text"}).value();
  const std::array declarations{TestLog::Event{.entity = std::string(event::KeyDeclaration::entity),
                                               .payload = no_key,
                                               .kind = event::KeyDeclaration::kind,
                                               .scope = std::string(event::store_scope)},
                                TestLog::Event{.entity = std::string(event::TypeDeclaration::entity),
                                               .payload = no_type,
                                               .kind = event::TypeDeclaration::kind,
                                               .scope = std::string(event::store_scope)}};
  for (const TestLog::Event& declaration : declarations) {
    SCOPED_TRACE(declaration.entity);
    TestLog log;
    log.commit({declaration});
    put(log.files());
    const auto opened = write();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().sequence, 1U) << to_string(opened.error());
    EXPECT_FALSE(verify().clean());
    EXPECT_EQ(readable().size(), 1U) << "the genesis event is whole";
  }
}

}  // namespace
}  // namespace batpak::test
