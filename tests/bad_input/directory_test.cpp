// Directories that are not what a store left: each is refused with its own error, and nothing in it is changed.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/crc32c.hpp"
#include "event/frame_layout.hpp"
#include "segment/commit_walker.hpp"
#include "store/test_store.hpp"

namespace batpak {
namespace {

using platform::SimFs;
using test::at;
using test::error_of;
using test::must;
using test::Said;

class BadDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    Store store = open(machine_.files);
    for (int i = 0; i < 40; ++i) receipts_.push_back(must(store.append(at("a"), Said{std::string(5000, 'x')})));
    must(store.close());
    for (const std::string& path : machine_.files.list_files()) {
      if (path.ends_with(".seg")) segments_.push_back(path);
      if (path.ends_with("store.meta")) meta_ = path;
    }
    ASSERT_GE(segments_.size(), 4U);
  }
  OpenOptions options_on(SimFs& files) {
    OpenOptions options = machine_.options();
    options.segment_bytes = 64U << 10;
    options.file_system = &files;
    return options;
  }
  Store open(SimFs& files) { return must(Store::open("store", options_on(files))); }

  static std::map<std::string, Bytes> content(const SimFs& files) {
    std::map<std::string, Bytes> found;
    for (const std::string& path : files.list_files()) {
      if (!path.ends_with("LOCK")) found.emplace(path, must(files.read_file(path)));
    }
    return found;
  }
  // The error of opening a copy that was changed, which must be the same afterwards.
  Error refusal(const std::function<void(SimFs&)>& change) {
    const auto files = machine_.files.copy();
    change(*files);
    const auto before = content(*files);
    const auto opened = Store::open("store", options_on(*files));
    EXPECT_FALSE(opened);
    EXPECT_EQ(content(*files), before);
    // A reader serves what is whole, or says why not; verify finds something, or says why not.
    ReadOnlyOptions reading;
    reading.file_system = files.get();
    if (const auto reader = Store::open_read_only("store", reading)) {
      auto events = must(reader->read());
      for (const auto& event : events) static_cast<void>(event);
    }
    const auto report = verify_directory("store", {.key = {}, .threads = 1, .file_system = files.get()});
    EXPECT_TRUE(!report || !report->clean());
    EXPECT_EQ(content(*files), before);
    return opened ? Error() : opened.error();
  }
  std::string code(const std::function<void(SimFs&)>& change) { return std::string(to_string(refusal(change).code)); }

  static void edit(SimFs& files, const std::string& path, const std::function<void(Bytes&)>& change) {
    Bytes bytes = must(files.read_file(path));
    change(bytes);
    must(files.write_file(path, bytes));
  }
  static void mend(Bytes& bytes, std::size_t size) {
    base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4, size - 4)));
  }

  test::SimMachine machine_;
  std::vector<Receipt> receipts_;
  std::vector<std::string> segments_;
  std::string meta_;
};

// Witness: nothing_opens_that_should_refuse
TEST_F(BadDirectoryTest, without_a_segment_of_the_middle) {
  const Error error = refusal([&](SimFs& files) { must(files.remove_file(segments_[1])); });
  EXPECT_EQ(error.code, ErrorCode::damaged);
  EXPECT_NE(error.path.find(".seg"), std::string::npos) << error;
}

TEST_F(BadDirectoryTest, without_its_first_segment) {
  EXPECT_EQ(code([&](SimFs& files) { must(files.remove_file(segments_[0])); }), "damaged");
}

TEST_F(BadDirectoryTest, without_its_newest_segment) {
  EXPECT_EQ(code([&](SimFs& files) { must(files.remove_file(segments_.back())); }), "damaged");
}

TEST_F(BadDirectoryTest, without_any_segment) {
  EXPECT_EQ(code([&](SimFs& files) {
              for (const std::string& path : segments_) must(files.remove_file(path));
            }),
            "damaged");
}

// Witness: nothing_opens_that_should_refuse
TEST_F(BadDirectoryTest, without_store_meta) {
  EXPECT_EQ(code([&](SimFs& files) { must(files.remove_file(meta_)); }), "damaged");
}

TEST_F(BadDirectoryTest, with_a_segment_of_no_bytes) {
  for (const std::string& path : segments_) {
    EXPECT_EQ(code([&](SimFs& files) { must(files.write_file(path, {})); }), "damaged") << path;
  }
}

TEST_F(BadDirectoryTest, with_a_segment_cut_short) {
  for (const std::size_t size : {1U, 100U, 4095U, 4096U, 5000U}) {
    for (const std::string& path : {segments_[0], segments_[1]}) {
      EXPECT_EQ(code([&](SimFs& files) { edit(files, path, [&](Bytes& bytes) { bytes.resize(size); }); }), "damaged")
          << path << ' ' << size;
    }
  }
}

// Witness: nothing_opens_that_should_refuse
TEST_F(BadDirectoryTest, with_a_segment_of_another_store) {
  test::SimMachine other;
  platform::SeededEntropy other_chance(2);
  OpenOptions options = other.options();
  options.entropy = &other_chance;
  must(test::SimMachine::open(options).close());
  const Bytes foreign = must(other.files.read_file("store/log/00000000000000000000.seg"));
  EXPECT_EQ(code([&](SimFs& files) { must(files.write_file(segments_[1], foreign)); }), "foreign_segment");
  EXPECT_EQ(code([&](SimFs& files) { must(files.write_file("store/log/00000000000000009999.seg", foreign)); }),
            "foreign_segment");
  EXPECT_EQ(code([&](SimFs& files) { must(files.write_file(meta_, must(other.files.read_file("store/store.meta")))); }),
            "foreign_segment");
}

TEST_F(BadDirectoryTest, with_a_segment_under_another_name) {
  EXPECT_EQ(code([&](SimFs& files) {
              must(files.write_file("store/log/00000000000000009999.seg", must(files.read_file(segments_.back()))));
              must(files.remove_file(segments_.back()));
            }),
            "damaged");
  EXPECT_EQ(code([&](SimFs& files) { must(files.write_file("store/log/mine.seg", must(files.read_file(segments_[0])))); }),
            "damaged");
}

// Witness: unknown_is_refused
TEST_F(BadDirectoryTest, of_a_newer_format) {
  EXPECT_EQ(code([&](SimFs& files) {
              edit(files, meta_, [](Bytes& bytes) {
                base::store_le(bytes.data() + 16, 2U);
                mend(bytes, bytes.size());
              });
            }),
            "newer_format");
  for (const std::string& path : segments_) {
    EXPECT_EQ(code([&](SimFs& files) {
                edit(files, path, [](Bytes& bytes) {
                  base::store_le(bytes.data() + 16, 2U);
                  mend(bytes, segment::segment_header_bytes);
                });
              }),
              "newer_format")
        << path;
  }
}

// Witness: unknown_is_refused
TEST_F(BadDirectoryTest, with_a_frame_that_a_newer_batpak_wrote) {
  // The last commit of a log that was not closed, with one field of its last frame unknown and every CRC mended.
  Store store = open(machine_.files);
  must(store.append(at("a"), Said{"last"}));
  machine_.files.kill();
  static_cast<void>(store.close());
  const auto with = [&](std::size_t offset, std::uint16_t value) {
    return code([&](SimFs& files) {
      edit(files, segments_.back(), [&](Bytes& bytes) {
        const auto header = must(segment::SegmentHeader::decode(bytes));
        segment::CommitWalker walker(bytes, header);
        segment::CommitHeader last;
        for (segment::WalkStep step = walker.next(); step.commit; step = walker.next()) last = step.commit->header;
        ASSERT_EQ(last.count, 1U);
        std::byte* const commit = bytes.data() + last.offset;
        std::byte* const frame = commit + segment::commit_header_bytes;
        base::store_le(frame + offset, value);
        const auto frame_size = base::load_le<std::uint32_t>(frame + 4);
        base::store_le(frame, base::crc32c({frame + 4, frame_size - 4}));
        const auto crc = [&](std::size_t from, std::size_t to) {
          Bytes input(header.salt.begin(), header.salt.end());
          base::append(input, {commit + from, to - from});
          return base::crc32c(input);
        };
        base::store_le(commit + 4, crc(8, last.length));
        base::store_le(commit, crc(4, segment::commit_header_bytes));
      });
    });
  };
  namespace layout = event::layout;
  EXPECT_EQ(with(layout::frame_type, 2), "newer_format");
  EXPECT_EQ(with(layout::state, 0x8000), "newer_format");
  EXPECT_EQ(with(layout::header + layout::in_header::payload_encoding, 1), "newer_format");
  EXPECT_EQ(with(layout::header + layout::in_header::presence + 2, 1), "newer_format");
}

class BadBytesTest : public testing::Test {
 protected:
  // A small store that was closed, and the receipts of what it acknowledged.
  void SetUp() override {
    Store store = machine_.open();
    for (int i = 0; i < 3; ++i) receipts_.push_back(must(store.append(at("a"), Said{"hello"})));
    must(store.close());
  }
  // Opens `files`, which may be refused; what opens must hold everything acknowledged.
  void open_or_refuse(SimFs& files, const std::string& what) {
    OpenOptions options = machine_.options();
    options.file_system = &files;
    ReadOnlyOptions reading;
    reading.file_system = &files;
    if (const auto reader = Store::open_read_only("store", reading)) {
      auto events = must(reader->read({.from = {}, .store_events = StoreEvents::include}));
      for (const auto& event : events) static_cast<void>(event && event->metadata());
    }
    auto store = Store::open("store", options);
    if (!store) {
      EXPECT_TRUE(store.error().code == ErrorCode::damaged || store.error().code == ErrorCode::newer_format ||
                  store.error().code == ErrorCode::foreign_segment)
          << what << ": " << store.error();
      return;
    }
    ++opened_;
    for (const Receipt& receipt : receipts_) {
      const auto verified = store->verify_receipt(receipt);
      EXPECT_TRUE(verified) << what << ": " << verified.error();
    }
    const auto next = store->append(at("a"), Said{"next"});
    ASSERT_TRUE(next) << what << ": " << next.error();
    EXPECT_EQ(next->stream_version, receipts_.size());
    must(store->close());
    const auto report = must(verify_directory("store", {.key = {}, .threads = 1, .file_system = &files}));
    EXPECT_EQ(test::findings(report), "") << what;
  }

  test::SimMachine machine_;
  std::vector<Receipt> receipts_;
  int opened_ = 0;
};

// Witness: nothing_opens_that_should_refuse
TEST_F(BadBytesTest, a_flipped_byte_anywhere_is_refused_or_harmless) {
  for (const auto& [path, bytes] : machine_.truth()) {
    for (std::size_t at = 0; at < bytes.size(); at += bytes[at] == std::byte{0} ? 61 : 1) {
      const auto files = machine_.files.copy();
      must(files->flip_bit(path, at, static_cast<unsigned>(at % 8)));
      open_or_refuse(*files, path + " at " + std::to_string(at));
    }
  }
}

// Witness: tail_is_not_damage
TEST_F(BadBytesTest, a_tail_of_zeros_is_no_damage) {
  for (const std::size_t zeros : {1U, 8U, 4096U, 100'000U}) {
    const auto files = machine_.files.copy();
    Bytes bytes = machine_.truth().front().second;
    bytes.resize(bytes.size() + zeros);
    must(files->write_file(machine_.truth().front().first, bytes));
    open_or_refuse(*files, std::to_string(zeros));
  }
  EXPECT_EQ(opened_, 4);
}

TEST_F(BadBytesTest, a_commit_torn_at_any_byte_is_cut_off_and_kept_aside) {
  const std::string path = machine_.truth().front().first;
  Store store = machine_.open();
  const std::uint64_t before = must(store.snapshot()).size();
  must(store.append(at("b"), Said{"torn"}));
  const Bytes whole = machine_.truth().front().second;
  machine_.files.kill();
  static_cast<void>(store.close());
  const auto header = must(segment::SegmentHeader::decode(whole));
  segment::CommitWalker walker(whole, header);
  segment::CommitHeader last;
  for (segment::WalkStep step = walker.next(); step.commit; step = walker.next()) last = step.commit->header;
  ASSERT_EQ(last.first_sequence, before);
  for (std::uint64_t left = 0; left < last.length; left += left < 8 || left + 8 > last.length ? 1 : 7) {
    const auto files = machine_.files.copy();
    Bytes torn = whole;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(last.offset + left), torn.end(), std::byte{0});
    if (torn == whole) continue;  // what was cut off was zero
    must(files->write_file(path, torn));
    OpenOptions options = machine_.options();
    options.file_system = files.get();
    const Store again = must(Store::open("store", options));
    EXPECT_EQ(must(again.snapshot()).size(), before) << left;
    for (const Receipt& receipt : receipts_) EXPECT_TRUE(again.verify_receipt(receipt));
    const auto& report = again.open_report();
    EXPECT_LE(report.torn_bytes, left);
    if (left >= 8) {
      EXPECT_FALSE(report.quarantine_path.empty());
      const Bytes kept = must(files->read_file("store/" + report.quarantine_path));
      EXPECT_GE(kept.size(), report.torn_bytes);
    }
  }
}

TEST_F(BadBytesTest, a_disk_that_fills_in_mid_commit_leaves_what_was_acknowledged) {
  for (std::uint64_t written = 0; written < 400; written += 57) {
    const auto files = machine_.files.copy();
    OpenOptions options = machine_.options();
    options.file_system = files.get();
    {
      Store store = must(Store::open("store", options));
      files->inject({.call = platform::SimCall::write,
                     .path_contains = ".seg",
                     .effect = platform::SimFault::Effect::no_space,
                     .bytes_written = written});
      const auto refused = store.append(at("b"), Said{"too much"});
      EXPECT_EQ(error_of(refused), "outcome_unknown");
      EXPECT_EQ(error_of(store.append(at("b"), Said{"more"})), "poisoned");
      EXPECT_TRUE(store.verify_receipt(receipts_.back()));
      EXPECT_EQ(error_of(store.close()), "poisoned");
    }
    files->clear_faults();
    open_or_refuse(*files, std::to_string(written));
  }
  EXPECT_EQ(opened_, 8);
}

TEST_F(BadBytesTest, a_disk_that_is_full_at_the_next_segment_refuses_and_lives_on) {
  Store store = machine_.open();
  machine_.files.inject(
      {.call = platform::SimCall::allocate, .times = 1'000'000, .effect = platform::SimFault::Effect::no_space});
  std::string answer;
  std::uint64_t size = 0;
  while (answer.empty()) {
    size = must(store.snapshot()).size();
    const auto receipt = store.append(at("b"), Said{std::string(60'000, 'x')});
    if (!receipt) answer = error_of(receipt);
  }
  EXPECT_EQ(answer, "not_written");
  EXPECT_EQ(must(store.snapshot()).size(), size);
  EXPECT_TRUE(store.append(at("b"), Said{"small ones still fit"}));
  machine_.files.clear_faults();
  EXPECT_TRUE(store.append(at("b"), Said{std::string(60'000, 'x')}));  // and with room everything does
  must(store.close());
  EXPECT_EQ(test::findings(machine_.verify()), "");
  EXPECT_EQ(machine_.verify().segments, 2U);
}

}  // namespace
}  // namespace batpak
