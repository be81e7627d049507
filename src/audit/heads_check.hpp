// Declarations of heads: whether the root that each states is that of the streams as they were.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "audit/finding_list.hpp"
#include "audit/leaf_tree.hpp"
#include "batpak/hash.hpp"
#include "event/frame_view.hpp"
#include "proof/heads_tree.hpp"

namespace batpak::audit {

// The last event of a stream. Two hashes, for one may have been changed and the next event says which.
struct StreamEnd {
  std::uint64_t next_version = 0;
  std::uint64_t sequence = 0;
  Hash stated_hash;
  Hash computed_hash;
  std::uint64_t number = 0;  // of the stream, as HeadsCheck counts them
};

// A declaration speaks of an earlier size of the log, so the last changes of all streams are remembered, as many as that may be
// behind. The tree of the declaration before is kept, and the next one costs the leaves that changed since then and the nodes
// over them; a stream that has begun since costs the nodes over all leaves behind its own, and moves those. Kept are 120 bytes
// for each stream, the tree's 64 among them from the first declaration on. Where it is not known what the streams are, for events
// are lost or changed, roots are not checked any more: there is a finding already, and more follow from it.
//
// Threads: one; everything comes in the order of the log.
class HeadsCheck {
 public:
  explicit HeadsCheck(FindingList& findings) : findings_(findings) {}

  // A stream begins. Its name and its end stay where they are, and the end is changed after remember() only.
  void add_stream(std::string_view entity, std::uint32_t lane, StreamEnd& end);
  // The event of this sequence is about to become the end of its stream.
  void remember(std::uint64_t sequence, StreamEnd& end);
  // From now on it is not known what the streams are.
  void lose();
  // An event of the declarations' kind, before it is the end of its own stream.
  void check(const event::FrameView& frame, std::uint64_t sequence, const Place& place);

 private:
  struct Stream {
    std::string_view entity;
    std::uint32_t lane = 0;
    StreamEnd* end = nullptr;

    [[nodiscard]] proof::DeclaredHead head() const {
      return {.entity = entity, .lane = lane, .events = end->next_version, .hash = end->stated_hash};
    }
  };
  // What the stream was before the event.
  struct Change {
    std::uint64_t stream = 0;
    Hash hash;
  };

  [[nodiscard]] Change& change_at(std::uint64_t sequence);
  // The streams that are other ones in a log of this size than in the tree, each once. Where that is not known any more it is
  // all of them, and the tree is empty.
  [[nodiscard]] std::vector<std::uint64_t> changed_streams(std::uint64_t log_size, std::uint64_t sequence);
  // Brings the tree to what the streams' ends are.
  void update_tree(std::span<const std::uint64_t> changed);
  // Puts streams into the tree that it has not got, and takes those out that have lost their place, of which the first stood at
  // `first_moved`.
  void move_leaves(std::uint64_t first_moved, std::span<const std::uint64_t> joining);
  void append_leaf(std::uint64_t stream, const Hash& leaf);

  static constexpr std::uint64_t no_place = ~std::uint64_t{0};

  FindingList& findings_;
  std::vector<Stream> streams_;  // by their numbers, in the order in which they began
  std::vector<Change> changes_;
  LeafTree tree_;
  std::uint64_t tree_log_size_ = 0;    // of the log that the tree is of; 0: there is none
  std::vector<std::uint64_t> leaves_;  // whose they are, by number
  std::vector<std::uint64_t> places_;  // of streams among the leaves
  bool is_lost_ = false;
};

}  // namespace batpak::audit
