#include "audit/heads_check.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>

#include "event/draft.hpp"
#include "event/store_events.hpp"

namespace batpak::audit {
namespace {

using event::HeadsDeclaration;
using proof::DeclaredHead;

// Streams that grow in turn, and what a declaration of any size of this log must say.
class HeadsCheckTest : public testing::Test {
 protected:
  struct Stream {
    std::string entity;
    StreamEnd end;
    bool begun = false;
  };
  static constexpr std::uint64_t streams = 5;

  HeadsCheckTest() {
    for (std::uint64_t i = 0; i < streams; ++i)
      streams_.push_back({.entity = "door:" + std::to_string((i * 3) % 7), .end = {}});
  }

  static Hash hash_of(std::uint64_t sequence) {
    Hash hash;
    base::store_le(hash.bytes.data(), sequence + 1);
    return hash;
  }
  void append(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i, ++size_) {
      Stream& stream = streams_[size_ % streams];
      if (!stream.begun) check_.add_stream(stream.entity, 0, stream.end);
      stream.begun = true;
      check_.remember(size_, stream.end);
      stream.end = {.next_version = stream.end.next_version + 1,
                    .sequence = size_,
                    .stated_hash = hash_of(size_),
                    .computed_hash = hash_of(size_),
                    .number = stream.end.number};
    }
  }
  [[nodiscard]] HeadsDeclaration truth(std::uint64_t size) const {
    std::vector<DeclaredHead> heads;
    for (std::uint64_t i = 0; i < std::min(streams, size); ++i) {
      const std::uint64_t events = (size - i + streams - 1) / streams;
      heads.push_back(
          {.entity = streams_[i].entity, .lane = 0, .events = events, .hash = hash_of(i + (events - 1) * streams)});
    }
    std::ranges::sort(heads, proof::comes_before);
    return {.log_size = size, .root = proof::HeadsTree(heads).root().bytes, .streams = heads.size()};
  }
  // What is found where it stands at the end of the log; the log is as before afterwards.
  std::string found(const HeadsDeclaration& declaration) {
    event::DraftFields fields;
    fields.entity = HeadsDeclaration::entity;
    fields.scope = event::store_scope;
    fields.kind = HeadsDeclaration::kind;
    event::DraftFrame draft = event::DraftFrame::begin(fields, {});
    encode_payload(draft.payload_buffer(), declaration).value();
    draft.finish({}).value();
    Bytes bytes(draft.frame_size());
    static_cast<void>(draft.complete({}, bytes));
    check_.check(event::FrameView::parse(bytes).value(), size_, {.path = "log"});
    std::string text;
    for (const Finding& finding : findings_.take_sorted()) {
      EXPECT_EQ(finding.law, Law::heads);
      text += finding.message;
    }
    findings_ = FindingList(10);
    return text;
  }

  FindingList findings_{10};
  HeadsCheck check_{findings_};
  std::deque<Stream> streams_;
  std::uint64_t size_ = 0;
};

// Witness: declared_heads_are_the_logs
TEST_F(HeadsCheckTest, knows_the_streams_of_every_size_that_a_declaration_may_name) {
  append(40);
  for (int round = 0; round < 2; ++round) {
    for (std::uint64_t size = 1; size <= 40; ++size) EXPECT_EQ(found(truth(size)), "") << size;
  }
  HeadsDeclaration lie = truth(20);
  lie.log_size = 21;
  EXPECT_NE(found(lie), "");
  EXPECT_EQ(found(truth(21)), "") << "as before";
}

// Witness: declared_heads_are_the_logs
TEST_F(HeadsCheckTest, goes_on_from_the_declaration_before_whatever_has_changed_since) {
  constexpr std::uint64_t names = 200;
  std::minstd_rand random(7);
  std::deque<Stream> log_streams;
  for (std::uint64_t i = 0; i < names; ++i)
    log_streams.push_back({.entity = "door:" + std::to_string(i * 77 % 201), .end = {}});
  std::vector<std::uint64_t> log;  // whose each event is
  const auto truth_of = [&](std::uint64_t size) {
    std::map<std::string_view, DeclaredHead> heads;
    for (std::uint64_t i = 0; i < size; ++i) {
      DeclaredHead& head = heads[log_streams[log[i]].entity];
      head = {.entity = log_streams[log[i]].entity, .lane = 0, .events = head.events + 1, .hash = hash_of(i)};
    }
    std::vector<DeclaredHead> leaves;
    for (const auto& [name, head] : heads) leaves.push_back(head);
    const std::uint64_t count = leaves.size();
    return HeadsDeclaration{.log_size = size, .root = proof::HeadsTree(std::move(leaves)).root().bytes, .streams = count};
  };
  for (int round = 0; round < 400; ++round) {
    for (std::uint64_t count = random() % 6; count > 0 || log.empty(); count -= count > 0 ? 1 : 0) {
      log.push_back(random() % std::min<std::uint64_t>(names, 3 + log.size() / 4));  // more and more of them
      Stream& stream = log_streams[log.back()];
      if (!stream.begun) check_.add_stream(stream.entity, 0, stream.end);
      stream.begun = true;
      check_.remember(size_, stream.end);
      stream.end = {.next_version = stream.end.next_version + 1,
                    .sequence = size_,
                    .stated_hash = hash_of(size_),
                    .computed_hash = hash_of(size_),
                    .number = stream.end.number};
      ++size_;
    }
    // Most speak of a size shortly before, later than the one before does or earlier, some of any.
    const std::uint64_t back = random() % (round % 8 == 0 ? size_ : std::min<std::uint64_t>(size_, 4));
    HeadsDeclaration declaration = truth_of(size_ - back);
    ASSERT_EQ(found(declaration), "") << "round " << round << ", " << size_ - back << " of " << size_;
    declaration.root[static_cast<std::size_t>(round) % 32] ^= std::byte{1};
    ASSERT_NE(found(declaration), "");
  }
}

TEST_F(HeadsCheckTest, remembers_as_much_as_a_declaration_may_be_behind) {
  const std::uint64_t far = HeadsDeclaration::behind_max;
  append(far + 12);
  for (const std::uint64_t size : {std::uint64_t{12}, std::uint64_t{13}, far - 1, far, far + 11, far + 12}) {
    EXPECT_EQ(found(truth(size)), "") << size;
  }
  EXPECT_NE(found(truth(11)), "") << "it is too old";
  append(2 * far + 1);
  EXPECT_EQ(found(truth(size_ - far)), "");
  EXPECT_NE(found(truth(size_ - far - 1)), "");
  HeadsDeclaration lie = truth(size_ - far);
  lie.root[3] ^= std::byte{1};
  EXPECT_NE(found(lie), "");
}

TEST_F(HeadsCheckTest, says_nothing_of_roots_once_the_streams_are_not_known) {
  append(40);
  HeadsDeclaration lie = truth(20);
  lie.root[3] ^= std::byte{1};
  EXPECT_NE(found(lie), "");
  check_.lose();
  append(10);
  EXPECT_EQ(found(lie), "");
  lie.log_size = size_ + 1;
  EXPECT_NE(found(lie), "") << "that needs no streams";
}

}  // namespace
}  // namespace batpak::audit
