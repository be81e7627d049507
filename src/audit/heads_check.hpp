// Declarations of heads: whether the root that each states is that of the streams as they were.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "audit/finding_list.hpp"
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
};

// A declaration speaks of an earlier size of the log, so the last changes of all streams are remembered, as many as that may be
// behind. Where it is not known what the streams are, for events are lost or changed, roots are not checked any more: there is a
// finding already, and more follow from it.
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
    proof::DeclaredHead name;  // its events and hash are filled in from the end
    StreamEnd* end = nullptr;
  };
  // What the stream was before the event.
  struct Change {
    StreamEnd* end = nullptr;
    Hash hash;
  };

  [[nodiscard]] Change& change_at(std::uint64_t sequence);
  void take_new_streams();

  FindingList& findings_;
  std::vector<Stream> streams_;      // in the order of the leaves
  std::vector<Stream> new_streams_;  // since the last declaration, in that of the log
  std::vector<Change> changes_;
  bool is_lost_ = false;
};

}  // namespace batpak::audit
