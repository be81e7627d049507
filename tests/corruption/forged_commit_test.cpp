// Commits and frames that are broken in more than one way, or forged and then broken: verify still says what is wrong, takes
// no word of theirs that cannot be, and finds everything that is whole around them.
#include <gtest/gtest.h>

#include "corruption/test_log.hpp"
#include "event/frame_layout.hpp"

namespace batpak::test {
namespace {

namespace layout = event::layout;

class ForgedCommit : public testing::Test {
 protected:
  struct FrameAt {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  [[nodiscard]] VerifyReport verify() const {
    VerifyReport report = verify_files(files_);
    EXPECT_FALSE(report.clean());
    return report;
  }
  void forge() { files_ = put_together(segments_, files_.at("store.meta")); }

  [[nodiscard]] static std::vector<segment::CommitHeader> commits_of(ByteView bytes) {
    std::vector<segment::CommitHeader> headers;
    segment::CommitWalker walker(bytes, segment::SegmentHeader::decode(bytes).value());
    for (auto step = walker.next(); step.commit; step = walker.next()) headers.push_back(step.commit->header);
    return headers;
  }
  [[nodiscard]] static std::vector<FrameAt> frames_of(ByteView bytes, const segment::CommitHeader& commit) {
    std::vector<FrameAt> frames;
    std::uint64_t at = commit.offset + segment::commit_header_bytes;
    for (std::uint32_t i = 0; i < commit.count; ++i) {
      frames.push_back({at, segment::frame_at(bytes.subspan(at)).value().size()});
      at += frames.back().size;
    }
    return frames;
  }
  // Gives a commit the CRCs of what it holds now.
  static void mend(Bytes& bytes, std::uint64_t offset) {
    const std::uint32_t salt = base::crc32c(ByteView(bytes).subspan(56, 16));
    const std::span<std::byte> commit =
        std::span(bytes).subspan(offset, base::load_le<std::uint32_t>(bytes.data() + offset + 44));
    base::store_le(commit.data() + 4, base::crc32c(ByteView(commit).subspan(8), salt));
    base::store_le(commit.data(), base::crc32c(ByteView(commit).subspan(4, segment::commit_header_bytes - 4), salt));
  }
  // Two bytes of the commit's root: no one changed byte explains it.
  static void break_twice(Bytes& bytes, const segment::CommitHeader& commit) {
    const std::uint64_t root = commit.offset + commit.length - 8 - 56 + 8;
    bytes[root] ^= std::byte{1};
    bytes[root + 9] ^= std::byte{1};
  }
  // The chain fields of a frame's header.
  static std::byte* chain_of(Bytes& frame) {
    return frame.data() + layout::header + base::load_le<std::uint32_t>(frame.data() + layout::header_length) -
           layout::in_chain::bytes_size;
  }
  // Makes the stored event hash the one that the header gives.
  static void rehash(Bytes& frame) {
    const auto size = base::load_le<std::uint32_t>(frame.data() + layout::header_length);
    const Hash hash = event::hash_header(ByteView(frame).subspan(layout::header, size));
    std::ranges::copy(hash.bytes, frame.data() + layout::event_hash);
  }
  [[nodiscard]] Bytes& first() { return files_.at(segments_[0].path); }
  [[nodiscard]] Bytes& middle() { return files_.at(segments_[1].path); }
  // The batch of three.
  [[nodiscard]] std::vector<Bytes>& batch() { return segments_[1].commits[0].frames; }

  Files files_ = small_log().files();
  std::vector<SegmentParts> segments_ = take_apart(files_);
};

TEST_F(ForgedCommit, whose_frame_has_a_wrong_crc_is_found_though_its_own_is_right) {
  const auto commit = commits_of(middle())[0];
  middle()[commit.offset + segment::commit_header_bytes] ^= std::byte{1};
  mend(middle(), commit.offset);
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::frame_crc)) << describe(report);
  EXPECT_EQ(report.events, 10U) << "what it says is otherwise right";
  // With a changed byte besides, it is no commit of which one byte was changed.
  middle()[commit.offset + commit.length - 30] ^= std::byte{1};
  EXPECT_TRUE(has(verify(), Law::commit_whole)) << describe(verify());
}

TEST_F(ForgedCommit, with_a_frame_from_the_future_and_a_changed_byte_in_it_is_named_by_the_commit) {
  base::store_le<std::uint16_t>(batch()[1].data() + layout::frame_type, 2);
  forge();
  EXPECT_TRUE(has(verify(), Law::frame_form)) << describe(verify());
  const auto commit = commits_of(middle())[0];
  const FrameAt frame = frames_of(middle(), commit)[1];
  middle()[frame.offset + 60] ^= std::byte{1};
  const VerifyReport report = verify();
  const auto found = std::ranges::find(report.findings, frame.offset + 60, &Finding::offset);
  ASSERT_NE(found, report.findings.end()) << describe(report);
  EXPECT_EQ(found->law, Law::commit_whole);
  EXPECT_TRUE(found->message.starts_with("the commit's body")) << found->message;
}

TEST_F(ForgedCommit, of_a_form_that_is_none_is_not_mended) {
  const auto commit = commits_of(middle())[1];
  middle()[commit.offset + commit.length - 8 - 4] = std::byte{1};  // a reserved byte of its end
  mend(middle(), commit.offset);
  EXPECT_TRUE(has(verify(), Law::commit_whole)) << describe(verify());
  middle()[commit.offset + commit.length - 40] ^= std::byte{1};
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::commit_whole)) << describe(report);
  EXPECT_EQ(report.events, 10U) << "its frames are whole";
}

TEST_F(ForgedCommit, with_an_impossible_header_and_a_changed_byte_in_it_is_not_mended) {
  const auto commit = commits_of(middle())[1];
  const Bytes whole = middle();
  const auto try_header = [&](std::size_t at, std::uint32_t value, std::size_t also) {
    middle() = whole;
    base::store_le(middle().data() + commit.offset + at, value);
    const std::uint32_t salt = base::crc32c(ByteView(middle()).subspan(56, 16));
    std::byte* const header = middle().data() + commit.offset;
    base::store_le(header, base::crc32c(ByteView(header + 4, segment::commit_header_bytes - 4), salt));
    header[50] ^= std::byte{1};
    if (also != 0) header[also] ^= std::byte{1};
    const VerifyReport report = verify();
    EXPECT_TRUE(has(report, Law::commit_whole)) << describe(report);
    EXPECT_EQ(report.events, 10U) << "its frames are whole";
  };
  try_header(12, 9, 0);         // a type from the future
  try_header(44, 1U << 20, 0);  // longer than its segment
  try_header(12, 1, 300);       // its own type, and a byte of its body
}

// Witness: a_damaged_event_hides_no_other
TEST_F(ForgedCommit, with_a_changed_byte_in_each_of_two_frames_names_both) {
  const auto commit = commits_of(middle())[0];
  const auto frames = frames_of(middle(), commit);
  for (const std::size_t i : {0U, 2U}) middle()[frames[i].offset + 80] ^= std::byte{1};
  const VerifyReport report = verify();
  for (const std::size_t i : {0U, 2U}) {
    const auto found = std::ranges::find(report.findings, frames[i].offset + 80, &Finding::offset);
    ASSERT_NE(found, report.findings.end()) << describe(report);
    EXPECT_EQ(found->law, Law::frame_crc);
    EXPECT_EQ(found->sequence, 4 + i);
  }
  EXPECT_EQ(report.events, 10U);
}

TEST_F(ForgedCommit, with_frames_that_no_changed_byte_explains_is_searched_for_those_that_are_whole) {
  struct Change {
    const char* what;
    std::function<void(Bytes&)> before;  // its CRC is computed
    std::size_t flipped;
  };
  const std::array changes{
      Change{"a wrong stored hash", [](Bytes& frame) { frame[layout::event_hash] ^= std::byte{1}; }, 90},
      Change{"a header that is too long",
             [](Bytes& frame) { base::store_le<std::uint32_t>(frame.data() + layout::header_length, 8); }, 90},
  };
  for (const Change& change : changes) {
    SCOPED_TRACE(change.what);
    files_ = small_log().files();
    segments_ = take_apart(files_);
    change.before(batch()[1]);
    forge();
    const auto commit = commits_of(middle())[0];
    const auto frames = frames_of(middle(), commit);
    middle()[frames[1].offset + change.flipped] ^= std::byte{1};
    break_twice(middle(), commit);
    const VerifyReport report = verify();
    EXPECT_TRUE(has(report, Law::frame_crc)) << describe(report);
    EXPECT_GE(report.events, 9U) << describe(report);
  }
  // A CRC that would match if the length were another is no sign of a changed byte: the frame would be another one.
  files_ = small_log().files();
  const auto commit = commits_of(middle())[0];
  const FrameAt frame = frames_of(middle(), commit)[1];
  Bytes longer(middle().begin() + static_cast<std::ptrdiff_t>(frame.offset),
               middle().begin() + static_cast<std::ptrdiff_t>(frame.offset + frame.size));
  longer[4] ^= std::byte{8};
  base::store_le(middle().data() + frame.offset, base::crc32c(ByteView(longer).subspan(4)));
  break_twice(middle(), commit);
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::frame_crc)) << describe(report);
  EXPECT_EQ(report.events, 10U) << "what it says holds by its hash";
}

TEST_F(ForgedCommit, that_is_broken_and_holds_forged_frames_has_each_of_them_judged) {
  struct Forgery {
    const char* what;
    std::function<void(Bytes&)> change;
    Law law;
  };
  const std::array forgeries{
      Forgery{"no form", [](Bytes& frame) { base::store_le<std::uint32_t>(frame.data() + layout::header_length, 8); },
              Law::frame_form},
      Forgery{"another hash", [](Bytes& frame) { frame[layout::event_hash] ^= std::byte{1}; }, Law::event_hash},
      Forgery{"an earlier sequence",
              [](Bytes& frame) {
                base::store_le<std::uint64_t>(chain_of(frame), 1);
                rehash(frame);
              },
              Law::sequence},
      Forgery{"a later sequence",
              [](Bytes& frame) {
                base::store_le<std::uint64_t>(chain_of(frame), 1'000);
                rehash(frame);
              },
              Law::sequence}};
  for (const Forgery& forgery : forgeries) {
    SCOPED_TRACE(forgery.what);
    files_ = small_log().files();
    segments_ = take_apart(files_);
    forgery.change(batch()[1]);
    forge();
    break_twice(middle(), commits_of(middle())[0]);
    const VerifyReport report = verify();
    EXPECT_TRUE(has(report, forgery.law)) << describe(report);
    EXPECT_TRUE(has(report, Law::commit_whole)) << describe(report);
    EXPECT_GE(report.events, 9U) << describe(report);
  }
}

TEST_F(ForgedCommit, with_an_event_that_says_to_be_far_ahead_is_not_believed) {
  base::store_le<std::uint64_t>(chain_of(batch()[1]), 1ULL << 40U);
  rehash(batch()[1]);
  forge();
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::sequence)) << describe(report);
  EXPECT_EQ(report.events, 10U);
  EXPECT_LE(report.findings.size(), 8U) << describe(report);
}

TEST_F(ForgedCommit, with_another_first_sequence_and_a_first_frame_that_cannot_be_read_is_found) {
  base::store_le<std::uint64_t>(segments_[1].commits[0].header.data() + 32, 2);
  base::store_le<std::uint32_t>(batch()[0].data() + layout::header_length, 8);
  forge();
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::commit_link)) << describe(report);
  EXPECT_TRUE(has(report, Law::frame_form)) << describe(report);
}

TEST_F(ForgedCommit, that_says_durable_what_no_commit_ends_at_is_found_also_behind_lost_ones) {
  const auto commits = commits_of(first());
  const Bytes whole = first();
  const auto with_durable_through = [&](const segment::LogPoint& point) {
    first() = whole;
    break_twice(first(), commits[1]);
    std::byte* const header = first().data() + commits[2].offset;
    base::store_le(header + 56, point.segment);
    base::store_le(header + 64, point.offset);
    base::store_le(header + 72, point.sequence);
    mend(first(), commits[2].offset);
    return verify();
  };
  const segment::LogPoint start = commits[1].durable_through;
  const segment::LogPoint of_the_lost_one = commits[2].durable_through;
  EXPECT_FALSE(has(with_durable_through(of_the_lost_one), Law::durable_through));
  EXPECT_FALSE(has(with_durable_through(start), Law::durable_through)) << describe(with_durable_through(start));
  segment::LogPoint before = start;
  before.offset -= 8;
  EXPECT_TRUE(has(with_durable_through(before), Law::durable_through));
  segment::LogPoint behind = of_the_lost_one;
  behind.offset += 800;
  EXPECT_TRUE(has(with_durable_through(behind), Law::durable_through));
  // A second loss, before anything says that what lies behind the first is durable, and one more after that.
  static_cast<void>(with_durable_through(start));
  break_twice(first(), commits[3]);
  EXPECT_FALSE(has(verify(), Law::durable_through)) << describe(verify());
  const auto later = commits_of(middle());
  break_twice(middle(), later[1]);
  EXPECT_FALSE(has(verify(), Law::durable_through)) << describe(verify());
}

TEST_F(ForgedCommit, with_an_event_that_follows_a_lost_one_before_the_last_of_its_stream_is_found) {
  // "door:1" has the events 2, 3, 4 and 6; 2 is lost, and 6 says to follow it.
  base::store_le<std::uint64_t>(chain_of(batch()[2]) + layout::in_chain::previous_sequence, 2);
  rehash(batch()[2]);
  forge();
  const auto commits = commits_of(first());
  const FrameAt frame = frames_of(first(), commits[2])[0];
  break_twice(first(), commits[2]);
  for (const std::uint64_t at : {70U, 130U}) first()[frame.offset + at] ^= std::byte{1};
  const VerifyReport report = verify();
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.law == Law::previous_event && finding.sequence == 6U;
  })) << describe(report);
}

TEST_F(ForgedCommit, of_the_genesis_that_is_lost_takes_no_other_event_with_it) {
  const auto commit = commits_of(first())[0];
  const FrameAt genesis = frames_of(first(), commit)[0];
  std::fill_n(first().begin() + static_cast<std::ptrdiff_t>(genesis.offset), genesis.size, std::byte{0x77});
  const VerifyReport report = verify();
  EXPECT_EQ(report.events, 9U) << describe(report);
  EXPECT_FALSE(has(report, Law::previous_event)) << describe(report);
  EXPECT_TRUE(has(report, Law::sequence)) << describe(report);
}

TEST_F(ForgedCommit, with_an_event_of_which_header_and_stored_hash_were_changed_says_that_the_tree_has_neither) {
  Bytes& frame = segments_[0].commits[2].frames[0];
  frame[layout::event_hash] ^= std::byte{1};
  chain_of(frame)[layout::in_chain::wall_microseconds] ^= std::byte{1};
  forge();
  const VerifyReport report = verify();
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.law == Law::event_hash && finding.message.contains("the tree has neither");
  })) << describe(report);
  EXPECT_TRUE(has(report, Law::tree_root)) << describe(report);
}

TEST_F(ForgedCommit, with_a_changed_event_beside_one_that_cannot_be_read_says_that_the_roots_cannot_be_checked) {
  base::store_le<std::uint32_t>(batch()[0].data() + layout::header_length, 8);
  batch()[1][layout::event_hash] ^= std::byte{1};
  forge();
  const VerifyReport report = verify();
  EXPECT_TRUE(has(report, Law::frame_form)) << describe(report);
  EXPECT_TRUE(has(report, Law::event_hash)) << describe(report);
  EXPECT_TRUE(has(report, Law::tree_root)) << describe(report);
}

TEST_F(ForgedCommit, in_a_tail_full_of_what_looks_like_frames_is_searched_within_bounds) {
  TestLog log = small_log();
  Bytes hostile;
  while (hostile.size() < 512U << 10U) {  // at every eighth byte a frame of 8000 may begin
    base::append_le<std::uint32_t>(hostile, 1);
    base::append_le<std::uint32_t>(hostile, 8'000);
  }
  log.append_raw(hostile);
  files_ = log.files();
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::unfinished);
  // And in the middle of a log.
  log.idle_mark();
  log.commit({{.entity = "door:3", .payload = TestLog::note("closed")}});
  files_ = log.files();
  EXPECT_TRUE(has(verify(), Law::commit_whole)) << describe(verify());
}

// Streams that link to another event than the genesis event. Where they all name the same one it was that which was changed.
class OtherGenesis : public testing::Test {
 protected:
  [[nodiscard]] static VerifyReport verify_beginnings(const std::vector<std::uint64_t>& hashes) {
    TestLog log;
    log.declare_notes();
    for (std::uint64_t i = 0; i < hashes.size(); ++i) {
      Hash hash;
      base::store_le(hash.bytes.data(), hashes[i]);
      log.commit({{.entity = "door:" + std::to_string(i),
                   .payload = TestLog::note("opened"),
                   .follows = TestLog::Link{.sequence = 0, .hash = hash}}});
    }
    return verify_files(log.files());
  }
};

TEST_F(OtherGenesis, that_all_streams_claim_is_one_finding) {
  const VerifyReport report = verify_beginnings({7, 7, 7, 7});
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::previous_event);
  EXPECT_EQ(report.findings[0].sequence, 2U);
}

TEST_F(OtherGenesis, of_each_stream_another_is_a_finding_for_each) {
  const VerifyReport report = verify_beginnings({7, 8, 9, 8, 7});
  EXPECT_EQ(report.findings.size(), 4U) << "only the first is remembered\n" << describe(report);
}

// Branches: a lane leaves the main line of its entity.
class ForgedBranch : public ForgedCommit {
 protected:
  ForgedBranch() {
    TestLog log;
    log.declare_notes();
    log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
    log.commit({{.entity = "door:1", .payload = TestLog::note("what if"), .lane = 1}});
    files_ = log.files();
    segments_ = take_apart(files_);
  }
  [[nodiscard]] Bytes& branch() { return segments_[0].commits[3].frames[0]; }
};

TEST_F(ForgedBranch, with_another_previous_hash_does_not_link_to_the_event_it_begins_at) {
  chain_of(branch())[layout::in_chain::previous_hash] ^= std::byte{1};
  rehash(branch());
  forge();
  const VerifyReport report = verify();
  EXPECT_TRUE(std::ranges::any_of(report.findings, [](const Finding& finding) {
    return finding.law == Law::previous_event && finding.message.contains("a branch does not link");
  })) << describe(report);
}

TEST_F(ForgedBranch, from_an_event_before_the_last_of_the_main_line_is_fine) {
  TestLog log;
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened")}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("closed")}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("what if"), .lane = 1}});
  files_ = log.files();
  segments_ = take_apart(files_);
  const auto before = event::FrameView::parse(segments_[0].commits[2].frames[0]).value();
  Bytes& branch = segments_[0].commits[4].frames[0];
  base::store_le<std::uint64_t>(chain_of(branch) + layout::in_chain::previous_sequence, 2);
  std::ranges::copy(before.event_hash().bytes, chain_of(branch) + layout::in_chain::previous_hash);
  rehash(branch);
  forge();
  const VerifyReport report = verify();
  EXPECT_FALSE(has(report, Law::previous_event)) << describe(report);
  EXPECT_TRUE(has(report, Law::tree_root)) << "the tree has the other one\n" << describe(report);
}

TEST_F(ForgedBranch, whose_event_to_begin_at_was_changed_follows_what_it_says_or_what_it_is) {
  segments_[0].commits[2].frames[0][layout::event_hash] ^= std::byte{1};
  forge();
  const VerifyReport report = verify();
  ASSERT_EQ(report.findings.size(), 1U) << describe(report);
  EXPECT_EQ(report.findings[0].law, Law::event_hash);
}

// A rule under which the event was accepted. Nothing writes one yet, and the format has its place.
class ForgedRule : public ForgedCommit {
 protected:
  // The event with a rule put in, every hash of its own as it then is.
  static Bytes with_rule(const Bytes& plain, std::string_view rule) {
    const auto parsed = event::FrameView::parse(plain).value();
    const std::size_t header_size = parsed.header().bytes().size();
    const auto at = [&](std::size_t offset) { return plain.begin() + static_cast<std::ptrdiff_t>(offset); };
    Bytes section;
    base::append_le<std::uint64_t>(section, rule.size());
    base::append(section, base::as_bytes(rule));
    Bytes frame(plain.begin(), at(layout::header + layout::in_header::optional_fields));
    base::append(frame, event::hash_rule(section).bytes);
    frame.insert(frame.end(), at(layout::header + layout::in_header::optional_fields), at(layout::header + header_size));
    base::append(frame, section);
    base::append(frame, parsed.payload_section());
    frame.resize(base::align_up(frame.size(), 8));
    base::store_le(frame.data() + 4, static_cast<std::uint32_t>(frame.size()));
    base::store_le(frame.data() + layout::header_length, static_cast<std::uint32_t>(header_size + 32));
    base::store_le(frame.data() + layout::header, layout::has_rule);
    rehash(frame);
    return frame;
  }
};

TEST_F(ForgedRule, is_checked_against_its_hash) {
  Bytes& frame = segments_[2].commits[1].frames[0];
  frame = with_rule(frame, "version 3");
  ASSERT_EQ(base::as_text(event::FrameView::parse(frame)->rule()), "version 3");
  forge();
  EXPECT_FALSE(has(verify(), Law::rule_hash)) << describe(verify());
  EXPECT_TRUE(has(verify(), Law::tree_root)) << describe(verify());
  const auto rule = event::FrameView::parse(frame)->rule();
  frame[static_cast<std::size_t>(rule.data() - frame.data())] ^= std::byte{1};
  forge();
  const VerifyReport report = verify();
  const auto found = std::ranges::find(report.findings, Law::rule_hash, &Finding::law);
  ASSERT_NE(found, report.findings.end()) << describe(report);
  EXPECT_EQ(found->sequence, 9U);
}

TEST_F(ForgedBranch, at_no_earlier_event_of_its_entity_is_found) {
  base::store_le<std::uint64_t>(chain_of(branch()) + layout::in_chain::previous_sequence, 3);
  rehash(branch());
  forge();
  EXPECT_TRUE(has(verify(), Law::previous_event)) << describe(verify());
}

}  // namespace
}  // namespace batpak::test
