// The log as one history: what every event and commit must agree with in those before it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "audit/branch_check.hpp"
#include "audit/checkpoint_check.hpp"
#include "audit/declared_types.hpp"
#include "audit/finding_list.hpp"
#include "audit/heads_check.hpp"
#include "audit/known_checkpoints.hpp"
#include "audit/outline.hpp"
#include "audit/span_check.hpp"
#include "audit/tree_check.hpp"
#include "segment/link_state.hpp"

namespace batpak::audit {

// Goes through the log in its order, with what the SpanChecker found out about each event. After a fault it goes on from what
// the log itself says next, so that one fault is one finding or a few; what it could therefore not check it says.
//
// Threads: one.
class History {
 public:
  // `genesis_payload` is what store.meta repeats, empty where store.meta cannot be read.
  History(FindingList& findings, const std::optional<SignerIdentity>& signer, ByteView genesis_payload,
          std::span<const KnownCheckpoint> known)
      : findings_(findings),
        genesis_payload_(genesis_payload),
        types_(findings),
        checkpoints_(findings, signer),
        heads_(findings),
        tree_(findings),
        known_(findings, known),
        branches_(findings) {}

  void enter_segment(const OpenSegment& segment);
  void take(const OpenSegment& segment, const CheckedSpan& span);
  void finish();
  // What is left to look at when the log was gone through.
  [[nodiscard]] BranchCheck& branches() noexcept { return branches_; }

  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_sequence_; }
  void report(VerifyReport& report) const;

 private:
  // An entity's lane, in a form in which it can be looked up without a copy.
  struct StreamName {
    std::string_view entity;
    std::uint32_t lane = 0;
    std::size_t entity_hash = 0;
  };
  struct StreamKey {
    std::string entity;
    std::uint32_t lane = 0;
    std::size_t entity_hash = 0;
    operator StreamName() const { return {entity, lane, entity_hash}; }  // NOLINT(google-explicit-constructor): for lookups
  };
  struct StreamHash {
    using is_transparent = void;
    std::size_t operator()(const StreamName& name) const noexcept { return name.entity_hash + name.lane; }
  };
  struct StreamEqual {
    using is_transparent = void;
    bool operator()(const StreamName& a, const StreamName& b) const noexcept {
      return a.entity_hash == b.entity_hash && a.lane == b.lane && a.entity == b.entity;
    }
  };
  struct LostRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  void take_commit(const OpenSegment& segment, const CheckedCommit& commit, std::span<const EventFacts> events);
  // False for a commit whose events were there before: its events are not part of the history.
  [[nodiscard]] bool check_first_sequence(const Place& place, const segment::CommitHeader& header,
                                          std::span<const EventFacts> events);
  void check_link(const Place& place, segment::CommitHeader header, std::uint64_t start);
  void take_found_events(const OpenSegment& segment, const CheckedCommit& commit, std::span<const EventFacts> events);
  void take_event(const Place& place, const EventFacts& event);
  void check_genesis(const Place& place, const EventFacts& event);
  void check_stream(const Place& place, const EventFacts& event);
  // Of the stream that the entity's name is kept for.
  void check_beginning(const Place& place, const EventFacts& event, std::string_view entity);
  void check_time(const Place& place, const event::HeaderView& header);
  void count_skew(const event::HeaderView& header);
  void check_batch(const Place& place, const event::HeaderView& header);
  void end_batch(const Place& place);
  void lose_until(const Place& place, std::uint64_t sequence);
  [[nodiscard]] bool is_lost(std::uint64_t sequence) const;

  FindingList& findings_;
  ByteView genesis_payload_;
  DeclaredTypes types_;
  CheckpointCheck checkpoints_;
  HeadsCheck heads_;
  TreeCheck tree_;
  KnownCheckpoints known_;
  BranchCheck branches_;
  Outline outline_;
  segment::LinkState links_;
  bool link_lost_ = false;  // the commit before is not there, so the next one is taken at its word
  std::optional<segment::LogPoint>
      lost_boundaries_from_;  // durable-throughs behind it and before the next commit may be of lost ones
  segment::LogPoint lost_boundaries_to_;
  std::uint64_t next_sequence_ = 0;
  std::vector<LostRange> lost_;
  std::unordered_map<StreamKey, StreamEnd, StreamHash, StreamEqual> streams_;
  std::vector<Hash> genesis_hashes_;  // its own two, and the first other that was found to be claimed
  std::optional<Timestamp> last_time_;
  EventId last_id_;
  std::uint32_t batch_next_ = 0;
  std::uint32_t batch_size_ = 0;  // 0: no batch is open
  std::uint64_t commits_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t clock_skews_ = 0;
  bool salvage_begins_ = false;  // what a salvage writes before it copies
  std::string origin_;
  std::string end_path_;  // where the last commit stands
  std::uint64_t end_offset_ = 0;
};

}  // namespace batpak::audit
