// What a crash may leave behind the last whole commit: all of it is cut off, none of it stops the store.
#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "base/limits.hpp"
#include "crash/machine.hpp"

namespace batpak::test {
namespace {

// The log of a store that was killed: no mark and no later commit says that its last commit was durable, and the test makes
// of that commit what a power loss may have made of it.
class Tail : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.open());
    ASSERT_TRUE(machine_.append("alice"));
    ASSERT_TRUE(machine_.append_batch(2));
    machine_.kill();
    whole_ = machine_.read_file(segment_);
    const auto commits = commits_in(whole_);
    last_ = commits.back();
    before_ = machine_.ledger;
    before_.forget_last();
  }

  // The first `kept` bytes of the last commit, and zeros.
  [[nodiscard]] Bytes torn_after(std::size_t kept) const {
    Bytes bytes = whole_;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(last_.offset + kept), bytes.end(), std::byte{0});
    return bytes;
  }
  [[nodiscard]] std::unique_ptr<Machine> with_log(ByteView bytes) const {
    auto machine = machine_.fork();
    machine->write_file(segment_, bytes);
    machine->ledger = before_;
    return machine;
  }
  // The log with one byte of the last commit changed, and the commit's CRCs mended.
  [[nodiscard]] Bytes with_byte_of_last(std::size_t at, std::byte value) const {
    Bytes bytes = whole_;
    const auto header = segment::SegmentHeader::decode(bytes).value();
    const std::uint32_t salt_crc = base::crc32c(header.salt);
    const std::span commit = std::span(bytes).subspan(last_.offset, last_.length);
    commit[at] = value;
    base::store_le(commit.data() + 4, base::crc32c(commit.subspan(8), salt_crc));
    base::store_le(commit.data(), base::crc32c(commit.first(segment::commit_header_bytes).subspan(4), salt_crc));
    return bytes;
  }
  // What recovery should find behind the last whole commit, up to the last byte that is not zero.
  static Bytes tail_of(ByteView log, std::uint64_t end) {
    Bytes tail(log.begin() + static_cast<std::ptrdiff_t>(end), log.end());
    while (!tail.empty() && tail.back() == std::byte{0}) tail.pop_back();
    return tail;
  }

  // Opens, and checks that exactly the tail was cut off and kept.
  static void expect_quarantined(Machine& machine, const Bytes& tail) {
    ASSERT_TRUE(machine.open());
    const OpenReport& report = machine.store().open_report();
    EXPECT_EQ(report.torn_bytes, tail.size());
    if (tail.empty()) {
      EXPECT_EQ(report.torn_path, "");
      EXPECT_EQ(report.quarantine_path, "");
    } else {
      EXPECT_EQ(report.torn_path, segment_);
      ASSERT_NE(report.quarantine_path, "");
      EXPECT_EQ(machine.read_file(report.quarantine_path), tail);
    }
    EXPECT_TRUE(machine.ledger.settle(machine.store()));
    machine.crash(SimCrash::losing_everything());
    const Files copies = machine.read_files("quarantine/");
    EXPECT_EQ(copies.size(), tail.empty() ? 0U : 1U) << "the copy is durable";
    EXPECT_TRUE(tail.empty() || copies.begin()->second == tail) << "and whole";
    EXPECT_TRUE(comes_back(machine));
  }

  static constexpr const char* segment_ = "log/00000000000000000000.seg";
  Machine machine_;
  Bytes whole_;
  segment::CommitHeader last_;
  Ledger before_;
};

// Witness: cut_is_kept_in_quarantine
TEST_F(Tail, a_commit_torn_at_any_byte_is_cut_off_and_kept_in_quarantine) {
  for (std::size_t kept = 0; kept < last_.length; ++kept) {
    SCOPED_TRACE("kept " + std::to_string(kept) + " of " + std::to_string(last_.length));
    const Bytes log = torn_after(kept);
    if (log == whole_) continue;  // what is missing was zero
    const auto machine = with_log(log);
    expect_quarantined(*machine, tail_of(log, last_.offset));
    if (HasFailure()) return;
  }
}

// Witness: whole_commits_only
TEST_F(Tail, a_commit_that_reached_the_device_in_any_of_its_sectors_only_is_cut_off) {
  ASSERT_GT(last_.offset + last_.length, base::align_up(last_.offset, 512)) << "the commit must span sectors";
  for (std::uint64_t sector = last_.offset / 512; sector <= (last_.offset + last_.length - 1) / 512; ++sector) {
    Bytes log = whole_;
    const std::uint64_t begin = std::max<std::uint64_t>(sector * 512, last_.offset);
    const std::uint64_t end = std::min<std::uint64_t>((sector + 1) * 512, last_.offset + last_.length);
    std::fill(log.begin() + static_cast<std::ptrdiff_t>(begin), log.begin() + static_cast<std::ptrdiff_t>(end),
              std::byte{0});
    const auto machine = with_log(log);
    expect_quarantined(*machine, tail_of(log, last_.offset));
  }
}

TEST_F(Tail, a_file_that_ends_within_the_commit_is_cut_back) {
  for (std::size_t kept = 0; kept < last_.length; kept += 13) {
    SCOPED_TRACE("kept " + std::to_string(kept));
    const Bytes log(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(last_.offset + kept));
    const auto machine = with_log(log);
    expect_quarantined(*machine, tail_of(log, last_.offset));
    if (HasFailure()) return;
  }
}

// Witness: tail_is_not_damage
TEST_F(Tail, a_tail_of_zeros_is_no_tail) {
  for (const std::size_t zeros : {0U, 1U, 512U, 4'095U, 100'000U}) {
    Bytes log(whole_.begin(), whole_.begin() + static_cast<std::ptrdiff_t>(last_.offset));
    log.resize(last_.offset + zeros);
    const auto machine = with_log(log);
    expect_quarantined(*machine, {});
  }
}

TEST_F(Tail, a_tail_of_garbage_is_cut_off) {
  platform::SimRandom random(11);
  for (const std::size_t size : {1U, 7U, 88U, 511U, 4'096U, 20'000U}) {
    Bytes log = torn_after(0);
    for (std::size_t i = 0; i < size; ++i) log[last_.offset + i] = static_cast<std::byte>(random.next());
    const auto machine = with_log(log);
    expect_quarantined(*machine, tail_of(log, last_.offset));
  }
}

TEST_F(Tail, a_commit_of_an_earlier_life_of_the_tail_is_not_taken_for_the_next_one) {
  // The bytes of the first append's commit once more, where the next commit would stand.
  const auto commits = commits_in(whole_);
  const segment::CommitHeader& old = commits[commits.size() - 2];
  Bytes log = torn_after(0);
  std::copy_n(whole_.begin() + static_cast<std::ptrdiff_t>(old.offset), old.length,
              log.begin() + static_cast<std::ptrdiff_t>(last_.offset));
  const auto machine = with_log(log);
  expect_quarantined(*machine, tail_of(log, last_.offset));
}

// Witness: recovery_is_idempotent
TEST_F(Tail, a_second_torn_tail_is_cut_off_like_the_first_and_both_are_kept) {
  const auto machine = with_log(torn_after(200));
  ASSERT_TRUE(machine->open());
  const std::string first = machine->store().open_report().quarantine_path;
  const Bytes first_bytes = machine->read_file(first);
  ASSERT_TRUE(machine->append_batch(2));
  machine->kill();
  Bytes log = machine->read_file(segment_);
  const segment::CommitHeader last = commits_in(log).back();
  std::fill(log.begin() + static_cast<std::ptrdiff_t>(last.offset + 300), log.end(), std::byte{0});
  machine->write_file(segment_, log);
  machine->ledger.forget_last();
  ASSERT_TRUE(machine->open());
  const std::string second = machine->store().open_report().quarantine_path;
  EXPECT_NE(second, "");
  EXPECT_NE(second, first);
  EXPECT_EQ(machine->read_file(first), first_bytes);
  EXPECT_EQ(machine->read_file(second), tail_of(log, last.offset));
  ASSERT_TRUE(machine->ledger.settle(machine->store()));
  ASSERT_TRUE(machine->close());
  EXPECT_TRUE(comes_back(*machine));
}

TEST_F(Tail, the_same_tail_met_twice_is_kept_twice) {
  const auto machine = with_log(torn_after(200));
  const Bytes log = machine->read_file(segment_);
  for (const std::size_t copies : {1U, 2U, 3U}) {
    machine->write_file(segment_, log);
    ASSERT_TRUE(machine->open());
    EXPECT_EQ(machine->read_files("quarantine/").size(), copies);
    machine->kill();
  }
}

TEST_F(Tail, a_tail_may_be_discarded_where_the_disk_is_full) {
  const auto machine = with_log(torn_after(300));
  machine->torn_tail = TornTail::discard;
  machine->files().inject({.call = SimCall::create,
                           .path_contains = "quarantine",
                           .nth = 1,
                           .times = 100,
                           .effect = SimFault::Effect::no_space});
  ASSERT_TRUE(machine->open());
  EXPECT_GT(machine->store().open_report().torn_bytes, 200U);
  EXPECT_EQ(machine->store().open_report().torn_path, segment_);
  EXPECT_EQ(machine->store().open_report().quarantine_path, "");
  EXPECT_TRUE(machine->read_files("quarantine/").empty());
  ASSERT_TRUE(machine->ledger.settle(machine->store()));
  machine->kill();
  EXPECT_TRUE(comes_back(*machine));
}

// Witness: cut_is_kept_in_quarantine
TEST_F(Tail, nothing_is_cut_off_that_could_not_be_kept) {
  const auto machine = with_log(torn_after(300));
  machine->files().inject(
      {.call = SimCall::write, .path_contains = "quarantine", .nth = 1, .times = 1, .effect = SimFault::Effect::no_space});
  const Bytes log = machine->read_file(segment_);
  const auto opened = machine->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::no_space);
  EXPECT_EQ(machine->read_file(segment_), log);
  EXPECT_TRUE(machine->open());
}

// Witness: unknown_is_refused
TEST_F(Tail, a_whole_commit_in_a_form_that_is_not_known_is_no_tail) {
  // Reserved bytes of its header and in front of its closing length; with its CRCs right no torn write looks like that.
  for (const std::size_t at : {std::size_t{84}, std::size_t{last_.length} - 5}) {
    const auto machine = with_log(with_byte_of_last(at, std::byte{1}));
    const Bytes before = machine->read_file(segment_);
    const auto opened = machine->open();
    ASSERT_FALSE(opened) << at;
    EXPECT_EQ(opened.error().code, ErrorCode::damaged);
    EXPECT_EQ(opened.error().offset, last_.offset);
    EXPECT_EQ(machine->read_file(segment_), before);
    EXPECT_EQ(machine->verify().tail, TailState::clean) << at;
    EXPECT_FALSE(machine->verify().clean()) << at;
  }
}

// Witness: unknown_is_refused
TEST_F(Tail, a_commit_of_a_type_from_the_future_is_refused_by_who_reads_too) {
  const auto machine = with_log(with_byte_of_last(12, std::byte{4}));
  const auto opened = machine->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::newer_format);
  const auto reader = Store::open_read_only(Machine::path, {.file_system = &machine->files()});
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().code, ErrorCode::newer_format);
  EXPECT_EQ(machine->verify().tail, TailState::clean);
  EXPECT_FALSE(machine->verify().clean());
}

}  // namespace
}  // namespace batpak::test
