// Declarations of heads by an owner who lies: every other thing about these logs holds. Verify finds each.
#include <gtest/gtest.h>

#include <deque>

#include "corruption/test_log.hpp"
#include "event/frame_layout.hpp"
#include "event/store_events.hpp"
#include "proof/heads_tree.hpp"

namespace batpak::test {
namespace {

using event::HeadsDeclaration;
using proof::DeclaredHead;

class LyingHeads : public testing::Test {
 protected:
  LyingHeads() {
    log_.declare_notes();
    for (const char* entity : {"door:1", "door:2", "door:1", "door:3"}) note(entity);
  }
  void note(std::string_view entity) { log_.commit({{.entity = std::string(entity), .payload = TestLog::note("opened")}}); }
  // The truth about the log below `size`, as its own bytes have it.
  [[nodiscard]] std::vector<DeclaredHead> heads(std::uint64_t size) {
    std::map<std::pair<std::string, std::uint32_t>, DeclaredHead> streams;
    for (const SegmentParts& segment : take_apart(log_.files())) {
      for (const CommitParts& commit : segment.commits) {
        for (const Bytes& bytes : commit.frames) {
          const auto frame = event::FrameView::parse(bytes).value();
          if (frame.header().sequence() >= size) continue;
          DeclaredHead& head = streams[{std::string(frame.header().entity()), frame.header().lane()}];
          ++head.events;
          head.hash = frame.event_hash();
        }
      }
    }
    std::vector<DeclaredHead> found;
    for (auto& [name, head] : streams) {
      names_.push_back(name.first);
      found.push_back({.entity = names_.back(), .lane = name.second, .events = head.events, .hash = head.hash});
    }
    return found;
  }
  void declare(const std::vector<DeclaredHead>& heads, std::uint64_t log_size, std::uint64_t streams = 0) {
    HeadsDeclaration declaration{.log_size = log_size, .root = {}, .streams = streams == 0 ? heads.size() : streams};
    declaration.root = proof::HeadsTree(heads).root().bytes;
    Bytes payload;
    encode_payload(payload, declaration).value();
    declare(payload);
  }
  void declare(const Bytes& payload) {
    log_.commit({{.entity = std::string(HeadsDeclaration::entity),
                  .payload = payload,
                  .kind = HeadsDeclaration::kind,
                  .scope = std::string(event::store_scope)}});
  }
  [[nodiscard]] std::uint64_t size() const { return log_.link().end.sequence; }
  void expect_found() {
    const VerifyReport report = verify_files(log_.files());
    EXPECT_EQ(report.findings.size(), 1U) << describe(report);
    EXPECT_TRUE(has(report, Law::heads)) << describe(report);
  }
  void expect_clean() {
    const VerifyReport report = verify_files(log_.files());
    EXPECT_TRUE(report.clean()) << describe(report);
  }

  TestLog log_;
  std::deque<std::string> names_;  // of the heads, which hold only views
};

TEST_F(LyingHeads, that_tell_the_truth_are_fine_for_every_size_before) {
  for (std::uint64_t log_size = 1; log_size <= 6; ++log_size) declare(heads(log_size), log_size);
  note("door:0");
  note("door:2");
  declare(heads(size()), size());
  declare(heads(size() - 4), size() - 4);
  declare(heads(1), 1);
  log_.rotate();
  note("door:4");
  declare(heads(size() - 2), size() - 2);
  declare(heads(size()), size());
  expect_clean();
}

TEST_F(LyingHeads, with_lanes_are_fine_too) {
  log_.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .lane = 7}});
  declare(heads(size()), size());
  declare(heads(size() - 1), size() - 1);
  expect_clean();
}

// Witness: declared_heads_are_the_logs
TEST_F(LyingHeads, that_leave_a_stream_out) {
  auto lie = heads(size());
  std::erase_if(lie, [](const DeclaredHead& head) { return head.entity == "door:2"; });
  declare(lie, size());
  expect_found();
}

TEST_F(LyingHeads, that_leave_a_stream_out_and_count_it) {
  auto lie = heads(size());
  std::erase_if(lie, [](const DeclaredHead& head) { return head.entity == "door:2"; });
  declare(lie, size(), lie.size() + 1);
  expect_found();
}

// Witness: declared_heads_are_the_logs
TEST_F(LyingHeads, that_leave_an_event_out) {
  auto lie = heads(size());
  const auto before = heads(3);  // door:1 has one event there
  for (DeclaredHead& head : lie) {
    for (const DeclaredHead& old : before) {
      if (old.entity == "door:1" && head.entity == "door:1") head = {old.entity, 0, 1, old.hash};
    }
  }
  declare(lie, size());
  expect_found();
}

TEST_F(LyingHeads, that_invent_a_stream) {
  auto lie = heads(size());
  lie.push_back({.entity = "door:9", .lane = 0, .events = 1, .hash = {}});
  declare(lie, size());
  expect_found();
}

TEST_F(LyingHeads, of_another_size_than_they_say) {
  declare(heads(size()), size() - 1);
  expect_found();
}

TEST_F(LyingHeads, in_another_order) {
  auto lie = heads(size());
  std::swap(lie[1], lie[2]);
  declare(lie, size());
  expect_found();
}

TEST_F(LyingHeads, of_events_to_come) {
  declare(heads(size()), size() + 1);
  expect_found();
}

TEST_F(LyingHeads, of_nothing) {
  declare(heads(1), 0, 1);
  expect_found();
}

TEST_F(LyingHeads, in_another_form) {
  Bytes payload;
  encode_payload(payload, HeadsDeclaration{.log_size = 1, .root = {}, .streams = 1}).value();
  payload[0] = std::byte{0x84};
  base::append(payload, base::as_bytes("\xA1z\x01"));
  declare(payload);
  expect_found();
}

TEST_F(LyingHeads, that_are_no_map) {
  declare(TestLog::note("heads"));
  expect_found();
}

TEST_F(LyingHeads, in_a_row_are_found_each) {
  auto lie = heads(size());
  lie.pop_back();
  declare(lie, size());
  declare(heads(size()), size());
  declare(lie, size());
  const VerifyReport report = verify_files(log_.files());
  EXPECT_EQ(report.findings.size(), 2U) << describe(report);
}

TEST_F(LyingHeads, behind_a_fault_are_not_called_lies_for_it) {
  declare(heads(size()), size());
  note("door:2");
  declare(heads(size() - 1), size() - 1);
  // Each frame in turn is lost, with every CRC mended.
  const auto segments = take_apart(log_.files());
  for (std::size_t commit = 1; commit < segments[0].commits.size(); ++commit) {
    auto changed = segments;
    changed[0].commits.erase(changed[0].commits.begin() + static_cast<std::ptrdiff_t>(commit));
    const VerifyReport report = verify_files(put_together(changed, log_.files().at(std::string(event::store_meta_name))));
    EXPECT_EQ(report.clean(), commit + 1 == segments[0].commits.size()) << commit;
    EXPECT_FALSE(has(report, Law::heads)) << commit << "\n" << describe(report);
    // Or its hash is another one.
    changed = segments;
    changed[0].commits[commit].frames[0][event::layout::event_hash] ^= std::byte{1};
    const VerifyReport other = verify_files(put_together(changed, log_.files().at(std::string(event::store_meta_name))));
    EXPECT_FALSE(other.clean());
    EXPECT_FALSE(has(other, Law::heads)) << commit << "\n" << describe(other);
  }
}

}  // namespace
}  // namespace batpak::test
