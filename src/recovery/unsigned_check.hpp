// What a key is about to sign, checked before: the log behind its newest signature, and that it goes on from what that covers.
#pragma once

#include <optional>

#include "batpak/checkpoint.hpp"
#include "proof/merkle.hpp"
#include "recovery/log_state.hpp"
#include "segment/commit_walker.hpp"

namespace batpak::recovery {

// Whoever can write the files can leave something behind the last signature, and is its writer as far as anybody can tell. But the
// key is to sign nothing that contradicts itself or what the key signed before.
//
// Segments come in their order, each once, beginning with the one that holds the end of what is signed.
//
// Threads: one.
class UnsignedCheck {
 public:
  // `newest`: the newest stored checkpoint, whose signature was verified; none where nothing was ever signed. `tree`: as of the
  // beginning of the first segment.
  UnsignedCheck(const std::optional<Checkpoint>& newest, const proof::RightEdge& tree)
      : covered_(newest ? newest->size : 0), signed_root_(newest ? newest->root : Hash{}), tree_(tree) {}

  // `image`: the segment's bytes, as far as the log goes. Errors: damaged where the segment does not go on from the one before it,
  // where its events do not have the root that was signed, where an event that no signature covers does not give its hashes, and
  // where a commit cannot be read, for nobody can sign behind it.
  [[nodiscard]] Result<void> take(const SegmentFile& segment, ByteView image);

 private:
  [[nodiscard]] Result<void> take(const segment::CommitView& commit, const std::string& path);
  // Errors: damaged.
  [[nodiscard]] Result<void> check_root(const std::string& path, std::uint64_t offset) const;

  std::uint64_t covered_;  // events
  Hash signed_root_;       // of these
  proof::RightEdge tree_;
};

}  // namespace batpak::recovery
