// Which events of a log its own stored checkpoints cover, recomputed from the bytes.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "proof/key_history.hpp"
#include "proof/merkle.hpp"
#include "recovery/log_state.hpp"
#include "segment/commit_walker.hpp"

namespace batpak::recovery {

// A checkpoint covers the events before its size whose hashes give its root: those of the segment it is of, and of the segments
// before that as far as nothing is missing between them. Around what is lost the right edge of the next segment goes on, for
// with a wrong one no root comes out that was signed.
//
// Threads: one.
class SignedEvents {
 public:
  // Reads all segments. `keys` are those of the whole log. Errors: io_error.
  [[nodiscard]] static Result<SignedEvents> read(platform::Directory& directory, std::span<const SegmentFile> segments,
                                                 const proof::KeyHistory& keys, std::string origin);

  // Whether a checkpoint that the key in force there signed covers the event.
  [[nodiscard]] bool cover(std::uint64_t sequence) const;

 private:
  // What a stored signature would cover if it verified.
  struct Candidate {
    CheckpointNote note;
    std::uint64_t first_sequence = 0;
  };
  struct Range {
    std::uint64_t first_sequence = 0;
    std::uint64_t next_sequence = 0;
  };
  struct CommitRoot {
    std::uint64_t size = 0;
    Hash root;
  };

  SignedEvents(const proof::KeyHistory& keys, std::string origin) : keys_(&keys), origin_(std::move(origin)) {}

  void take(const SegmentFile& segment, ByteView image);
  // False where a hash cannot be found: what follows has no root.
  [[nodiscard]] bool add_leaves(ByteView frames, std::uint32_t count);
  void note_stored(const segment::CommitEnd& end);
  void settle();
  [[nodiscard]] bool is_signed(const CheckpointNote& note) const;

  const proof::KeyHistory* keys_;
  std::string origin_;
  proof::RightEdge tree_;
  std::uint64_t first_sequence_ = 0;  // from where on the tree's leaves were seen
  std::vector<CommitRoot> roots_;     // of commits whose checkpoint may be stored
  std::vector<Candidate> candidates_;
  std::vector<Range> covered_;
};

}  // namespace batpak::recovery
