// What a key is about to sign, checked before: the log behind its newest signature, and that it goes on from what that covers.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "batpak/checkpoint.hpp"
#include "event/frame_view.hpp"
#include "proof/key_history.hpp"
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
  // beginning of the first segment. `keys`: those of the whole log, which is called `origin`; they must outlive this.
  UnsignedCheck(const std::optional<Checkpoint>& newest, const proof::RightEdge& tree, const proof::KeyHistory& keys,
                std::string origin)
      : keys_(keys),
        origin_(std::move(origin)),
        covered_(newest ? newest->size : 0),
        signed_root_(newest ? newest->root : Hash{}),
        tree_(tree),
        first_sequence_(tree.size()) {}

  // `image`: the segment's bytes, as far as the log goes. Errors: damaged where the segment does not go on from the one before it,
  // where its events do not have the root that was signed, or that a commit states; where an event that no signature covers does not
  // give its hashes, is erased, is signed by another key than the one in force there, or does not follow the one before it in time or
  // in its batch; and where a commit cannot be read, for nobody can sign behind it.
  [[nodiscard]] Result<void> take(const SegmentFile& segment, ByteView image);

 private:
  [[nodiscard]] Result<void> take(const segment::CommitView& commit, const std::string& path);
  // Errors: damaged.
  [[nodiscard]] Result<void> check_root(const std::string& path, std::uint64_t offset) const;

  // The next event. Errors: damaged, without its place.
  [[nodiscard]] Result<void> check_event(const event::FrameView& frame);
  // Whether the event's own signature, if it has one, is by the key in force there.
  [[nodiscard]] bool is_signed_rightly(const event::FrameView& frame) const;
  [[nodiscard]] bool take_place_in_batch(const event::HeaderView& header) noexcept;
  [[nodiscard]] Result<void> check_batch_ended(const std::string& path, std::uint64_t offset);

  const proof::KeyHistory& keys_;
  std::string origin_;
  std::uint64_t covered_;  // events
  Hash signed_root_;       // of these
  proof::RightEdge tree_;
  std::uint64_t first_sequence_;  // that came here
  Timestamp last_time_{};
  EventId last_id_;
  std::uint32_t batch_size_ = 0;
  std::uint32_t batch_next_ = 0;
};

}  // namespace batpak::recovery
