// The Merkle tree grown anew, and the roots that commits claim.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "audit/finding_list.hpp"
#include "audit/span_check.hpp"
#include "proof/merkle.hpp"

namespace batpak::audit {

// Where events are lost the tree is lost with them, until a segment's header names its right edge again; the roots in between
// cannot be checked, which is one finding. A root that does not match is one finding too, together with those that follow it
// and do not match either.
//
// Threads: one; everything comes in the order of the log.
class TreeCheck {
 public:
  explicit TreeCheck(FindingList& findings) : findings_(findings) {}

  void append(const Hash& leaf) {
    if (edge_) edge_->append(leaf);
  }
  void lose() { edge_.reset(); }
  // A segment begins with this edge.
  void enter_segment(const Place& header, std::uint64_t first_sequence, std::span<const Hash> right_edge);
  // The end of a commit. `doubtful` are its events, where some state another hash than theirs: the root then tells which of
  // the two is the old one, and the tree goes on with that.
  void check_end(const Place& end, const segment::CommitEnd& claimed, std::uint64_t size,
                 std::span<const EventFacts> doubtful);
  // When everything was seen.
  void finish() { end_run(); }

  // Before the events of a commit of which some are doubtful.
  void remember() { before_ = edge_; }
  [[nodiscard]] std::optional<Hash> root() const { return edge_ ? std::optional(edge_->root()) : std::nullopt; }

 private:
  void end_run();

  FindingList& findings_;
  std::optional<proof::RightEdge> edge_ = proof::RightEdge{};
  std::optional<proof::RightEdge> before_;
  std::optional<Finding> run_;  // the first of the commits whose roots do not match, or cannot be checked
  std::uint64_t run_length_ = 0;
};

}  // namespace batpak::audit
