// What no crash leaves: acknowledged bytes that are gone or altered. Opening refuses, names the place, and changes nothing.
#include <gtest/gtest.h>

#include "base/crc32c.hpp"
#include "crash/machine.hpp"
#include "event/store_meta.hpp"

namespace batpak::test {
namespace {

// A cleanly closed store of several segments; each test breaks a copy of it.
class Damage : public testing::Test {
 protected:
  static constexpr std::size_t segments_count = 4;

  static void SetUpTestSuite() {
    whole_ = std::make_unique<Machine>();
    ASSERT_TRUE(whole_->open());
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(whole_->append("alice", Durability::durable, 16'000));
      ASSERT_TRUE(whole_->append("bob"));
    }
    ASSERT_TRUE(whole_->close());
    ASSERT_EQ(whole_->segments().size(), segments_count);
  }
  static void TearDownTestSuite() { whole_.reset(); }

  void SetUp() override {
    machine_ = whole_->fork();
    segments_ = machine_->segments();
  }

  void flip(const std::string& name, std::uint64_t offset) {
    machine_->files().flip_bit(std::string(Machine::path) + "/" + name, offset, 3).value();
  }
  [[nodiscard]] std::vector<segment::CommitHeader> commits(const std::string& name) const {
    return commits_in(machine_->read_file(name));
  }

  // Refused with this code, at this file, by each way to open for writing, twice; and every file is as it was.
  void expect_refused(ErrorCode code, const std::string& at) {
    const Files before = machine_->read_files();
    for (int attempt = 0; attempt < 2; ++attempt) {
      const auto opened = machine_->open();
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, code) << to_string(opened.error());
      EXPECT_EQ(opened.error().path, std::string(Machine::path) + "/" + at) << to_string(opened.error());
      Files after = machine_->read_files();
      after.erase("LOCK");
      Files expected = before;
      expected.erase("LOCK");
      EXPECT_EQ(after, expected) << "nothing may be changed";
    }
    machine_->torn_tail = TornTail::discard;
    EXPECT_FALSE(machine_->open()) << "that a tail may be discarded does not mean damage";
    EXPECT_FALSE(machine_->verify().clean());
  }

  // How many events a reader without the lock is served.
  std::size_t served() {
    auto store = Store::open_read_only(Machine::path, {.file_system = &machine_->files()});
    if (!store) {
      ADD_FAILURE() << to_string(store.error());
      return 0;
    }
    std::size_t events = 0;
    auto range = store->read();
    for (const auto& event : *range) events += event.has_value() ? 1 : 0;
    return events;
  }

  static std::unique_ptr<Machine> whole_;
  std::unique_ptr<Machine> machine_;
  std::vector<std::string> segments_;
};

std::unique_ptr<Machine> Damage::whole_;

// Witness: damage_is_not_a_tail
TEST_F(Damage, a_broken_commit_before_one_that_says_it_was_durable) {
  const auto last = commits(segments_.back());
  ASSERT_GE(last.size(), 3U);
  for (std::size_t broken = 0; broken + 1 < last.size(); ++broken) {
    SetUp();
    flip(segments_.back(), last[broken].offset + 100);
    expect_refused(ErrorCode::damaged, segments_.back());
    EXPECT_GE(served(), 20 - last.size());
  }
}

TEST_F(Damage, a_broken_commit_header_before_one_that_says_it_was_durable) {
  const auto last = commits(segments_.back());
  for (std::size_t broken = 0; broken + 1 < last.size(); ++broken) {
    SetUp();
    flip(segments_.back(), last[broken].offset + 20);
    expect_refused(ErrorCode::damaged, segments_.back());
  }
}

TEST_F(Damage, commits_cut_out_of_the_last_segment) {
  const auto last = commits(segments_.back());
  Bytes bytes = machine_->read_file(segments_.back());
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(last[0].offset),
            bytes.begin() + static_cast<std::ptrdiff_t>(last[1].offset), std::byte{0});
  machine_->write_file(segments_.back(), bytes);
  expect_refused(ErrorCode::damaged, segments_.back());
}

// Witness: nothing_opens_that_should_refuse
TEST_F(Damage, a_missing_segment_in_the_middle) {
  for (std::size_t missing = 1; missing + 1 < segments_count; ++missing) {
    SetUp();
    machine_->remove_file(segments_[missing]);
    expect_refused(ErrorCode::damaged, segments_[missing + 1]);
    EXPECT_GT(served(), 5U);
  }
}

TEST_F(Damage, a_missing_first_segment) {
  machine_->remove_file(segments_.front());
  expect_refused(ErrorCode::damaged, segments_[1]);
}

TEST_F(Damage, a_missing_newest_segment) {
  machine_->remove_file(segments_.back());
  expect_refused(ErrorCode::damaged, segments_[segments_count - 2]);
  EXPECT_GT(served(), 10U);
}

TEST_F(Damage, a_log_without_segments) {
  for (const std::string& name : segments_) machine_->remove_file(name);
  expect_refused(ErrorCode::damaged, "log");
}

TEST_F(Damage, a_segment_of_length_zero) {
  for (std::size_t empty = 0; empty < segments_count; ++empty) {
    SetUp();
    machine_->write_file(segments_[empty], {});
    expect_refused(ErrorCode::damaged, segments_[empty]);
  }
}

TEST_F(Damage, a_segment_shorter_than_its_header) {
  for (std::size_t cut = 0; cut < segments_count; ++cut) {
    SetUp();
    const Bytes bytes = machine_->read_file(segments_[cut]);
    machine_->write_file(segments_[cut], ByteView(bytes).first(1'000));
    expect_refused(ErrorCode::damaged, segments_[cut]);
  }
}

TEST_F(Damage, a_broken_segment_header) {
  for (const std::string& name : whole_->segments()) {
    for (const std::uint64_t offset : {0U, 30U, 41U, 60U, 4'000U}) {
      SetUp();
      flip(name, offset);
      expect_refused(ErrorCode::damaged, name);
    }
  }
}

TEST_F(Damage, an_older_segment_cut_off) {
  for (std::size_t cut = 0; cut + 1 < segments_count; ++cut) {
    SetUp();
    const Bytes bytes = machine_->read_file(segments_[cut]);
    for (const std::size_t missing : {1U, 8U, 300U, 20'000U}) {
      machine_->write_file(segments_[cut], ByteView(bytes).first(bytes.size() - missing));
      expect_refused(ErrorCode::damaged, segments_[cut]);
    }
  }
}

TEST_F(Damage, a_broken_seal) {
  for (std::size_t broken = 0; broken + 1 < segments_count; ++broken) {
    SetUp();
    flip(segments_[broken], commits(segments_[broken]).back().offset + 90);
    expect_refused(ErrorCode::damaged, segments_[broken]);
  }
}

TEST_F(Damage, a_segment_under_another_name) {
  const Bytes bytes = machine_->read_file(segments_.back());
  machine_->remove_file(segments_.back());
  machine_->write_file("log/00000000000000000099.seg", bytes);
  expect_refused(ErrorCode::damaged, "log/00000000000000000099.seg");
}

TEST_F(Damage, a_segment_of_another_store) {
  Machine other(std::make_unique<SimFs>(), 77);
  ASSERT_TRUE(other.open());
  ASSERT_TRUE(other.close());
  const Bytes foreign = other.read_file(other.segments().front());
  machine_->write_file(segments_.back(), foreign);
  expect_refused(ErrorCode::foreign_segment, segments_.back());
}

TEST_F(Damage, a_segment_in_a_newer_format) {
  for (const std::string& name : whole_->segments()) {
    SetUp();
    Bytes bytes = machine_->read_file(name);
    base::store_le<std::uint32_t>(bytes.data() + 16, 2);
    base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4, segment::segment_header_bytes - 4)));
    machine_->write_file(name, bytes);
    expect_refused(ErrorCode::newer_format, name);
  }
}

TEST_F(Damage, a_commit_of_a_type_from_the_future) {
  Bytes bytes = machine_->read_file(segments_.back());
  const auto header = segment::SegmentHeader::decode(bytes).value();
  std::byte* const at = bytes.data() + commits(segments_.back()).back().offset;
  base::store_le<std::uint32_t>(at + 12, 9);
  base::store_le(at, base::crc32c({at + 4, segment::commit_header_bytes - 4}, base::crc32c(header.salt)));
  machine_->write_file(segments_.back(), bytes);
  expect_refused(ErrorCode::newer_format, segments_.back());
}

TEST_F(Damage, a_store_meta_that_is_absent) {
  machine_->remove_file("store.meta");
  expect_refused(ErrorCode::damaged, "store.meta");
  EXPECT_EQ(served(), 20U) << "the genesis event says who the store is";
}

TEST_F(Damage, a_store_meta_with_any_byte_flipped) {
  const std::size_t size = machine_->read_file("store.meta").size();
  for (std::size_t offset = 0; offset < size; ++offset) {
    SetUp();
    flip("store.meta", offset);
    const auto opened = machine_->open();
    ASSERT_FALSE(opened) << offset;
    EXPECT_TRUE(opened.error().code == ErrorCode::damaged || opened.error().code == ErrorCode::newer_format)
        << offset << ": " << to_string(opened.error());
  }
  SetUp();
  flip("store.meta", size / 2);
  expect_refused(ErrorCode::damaged, "store.meta");
  EXPECT_EQ(served(), 20U);
}

TEST_F(Damage, a_store_meta_of_another_store) {
  Machine other(std::make_unique<SimFs>(), 77);
  ASSERT_TRUE(other.open());
  ASSERT_TRUE(other.close());
  machine_->write_file("store.meta", other.read_file("store.meta"));
  expect_refused(ErrorCode::foreign_segment, segments_.front());
}

TEST_F(Damage, a_sector_of_the_last_segment_that_cannot_be_read) {
  const auto last = commits(segments_.back());
  machine_->files().spoil_sector(std::string(Machine::path) + "/" + segments_.back(), last[1].offset).value();
  expect_refused(ErrorCode::damaged, segments_.back());
}

// How a directory may look from which making a store was interrupted, and that it is not mistaken for one that lost its
// identity.
class Unfinished : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(machine_.open());
    machine_.kill();
    machine_.remove_file("store.meta");
    segment_ = machine_.segments().front();
    log_ = machine_.read_file(segment_);
    const auto commits = commits_in(log_);
    genesis_ = commits.front();
    log_.resize(genesis_.offset + genesis_.length);
  }
  void expect_made_anew(Machine& machine) {
    ASSERT_TRUE(machine.open());
    EXPECT_TRUE(machine.store().open_report().created);
    ASSERT_TRUE(machine.append("alice"));
    ASSERT_TRUE(machine.close());
    EXPECT_TRUE(comes_back(machine));
  }

  Machine machine_;
  std::string segment_;
  Bytes log_;
  segment::CommitHeader genesis_;
};

TEST_F(Unfinished, a_log_with_only_a_genesis_and_no_store_meta_is_made_anew) {
  machine_.write_file(segment_, log_);
  expect_made_anew(machine_);
}

TEST_F(Unfinished, a_log_with_a_genesis_torn_anywhere_and_no_store_meta_is_made_anew) {
  for (std::size_t kept = 0; kept < genesis_.length; kept += 8) {
    SCOPED_TRACE(kept);
    const auto machine = machine_.fork();
    Bytes torn = log_;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(genesis_.offset + kept), torn.end(), std::byte{0});
    machine->write_file(segment_, torn);
    expect_made_anew(*machine);
  }
}

TEST_F(Unfinished, an_empty_log_directory_is_made_anew) {
  machine_.remove_file(segment_);
  expect_made_anew(machine_);
}

TEST_F(Unfinished, a_log_with_one_event_more_than_the_genesis_is_not_made_anew) {
  Machine machine;
  ASSERT_TRUE(machine.open());
  ASSERT_TRUE(machine.append("alice"));
  machine.kill();
  machine.remove_file("store.meta");
  const Files before = machine.read_files("log/");
  const auto opened = machine.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::damaged);
  EXPECT_EQ(machine.read_files("log/"), before);
}

TEST_F(Unfinished, a_log_with_events_behind_a_broken_genesis_or_header_is_not_made_anew) {
  for (const std::uint64_t offset : {50U, 4'096U + 20U, 4'096U + 100U}) {
    Machine machine;
    ASSERT_TRUE(machine.open());
    ASSERT_TRUE(machine.append("alice"));
    machine.kill();
    machine.remove_file("store.meta");
    machine.files().flip_bit(std::string(Machine::path) + "/" + machine.segments().front(), offset, 1).value();
    const Files before = machine.read_files("log/");
    const auto opened = machine.open();
    ASSERT_FALSE(opened) << offset;
    EXPECT_EQ(opened.error().code, ErrorCode::damaged);
    EXPECT_EQ(machine.read_files("log/"), before);
  }
}

}  // namespace
}  // namespace batpak::test
