// Takes the events of a log into a LogState, commit by commit.
#pragma once

#include <deque>
#include <unordered_set>

#include "event/frame_view.hpp"
#include "recovery/log_state.hpp"
#include "segment/commit_walker.hpp"

namespace batpak::recovery {

// Threads: one.
class LogBuilder {
 public:
  explicit LogBuilder(LogState& state) : state_(state) {}

  // Takes a whole commit of segments[segment] in. Errors: damaged for what no batpak writes although the CRC holds,
  // newer_format.
  [[nodiscard]] Result<void> take(const segment::CommitView& commit, std::uint32_t segment);

  // Walks a segment as far as `limit` bytes, around what is broken: what can be read is taken in, the rest is noted as
  // damage. Returns where the walk ended: the place for the next commit.
  struct Walked {
    std::uint64_t end = 0;
    bool sealed = false;
  };
  [[nodiscard]] Walked walk_around_damage(ByteView image, std::uint32_t segment, std::uint64_t start, std::uint64_t limit);

  // Notes the events from the next expected one up to `next_sequence` as lost.
  void lose_until(std::uint64_t next_sequence, const DamagedRange& where);
  [[nodiscard]] static bool is_signed_by(const CheckpointNote& note, const proof::KeyHistory::KeyBytes& key);
  // The sequence of the next event.
  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return next_sequence_; }

 private:
  [[nodiscard]] Result<void> take_frame(ByteView frame, std::uint32_t segment, std::uint64_t offset);
  void note_damage(const DamagedRange& range);
  void take_readable_frames(ByteView image, std::uint32_t segment, std::uint64_t begin, std::uint64_t end,
                            std::uint64_t next_sequence, const std::string& reason);
  // Errors: damaged where the event does not follow the one before it in its stream.
  [[nodiscard]] Result<void> check_link(const event::HeaderView& header, const index::Head& head);
  // Errors: damaged where the event is of a type that no event before it declares.
  [[nodiscard]] Result<void> check_declared(const event::HeaderView& header);
  // Errors: damaged where a type is declared against an earlier declaration, or once more.
  [[nodiscard]] Result<void> note_declaration(const event::TypeDeclaration& declaration, std::uint64_t sequence);
  // Errors: damaged, newer_format.
  [[nodiscard]] Result<void> note_store_event(const event::FrameView& frame);
  // Keeps the first.
  void refuse(Error error);

  void note_checkpoints(const segment::CommitView& commit, std::uint32_t segment);
  // Errors: damaged for a stored checkpoint that no batpak stores.
  [[nodiscard]] Result<void> note_stored(const segment::CommitHeader& header, const segment::CommitEnd& end);

  [[nodiscard]] bool only_owners_sign(std::span<const segment::StoredSignature> signatures, std::uint64_t size) const;

  LogState& state_;
  std::uint64_t next_sequence_ = 0;
  std::uint64_t lost_of_no_stream_ = 0;         // lost events that no later event has said to be of its stream
  std::unordered_set<std::uint32_t> declared_;  // kinds and versions
  std::deque<Checkpoint> unsigned_;             // of commits that no stored signature covers yet, where there is a key
};

}  // namespace batpak::recovery
