// The log as its one writer sees it: commits laid out, written, synced, sealed into segments.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batpak/checkpoint.hpp"
#include "batpak/open_options.hpp"
#include "batpak/receipt.hpp"
#include "engine/checkpoint_signer.hpp"
#include "event/draft.hpp"
#include "event/hybrid_clock.hpp"
#include "event/id_source.hpp"
#include "platform/clock.hpp"
#include "proof/key_history.hpp"
#include "recovery/log_state.hpp"
#include "segment/live_file.hpp"

namespace batpak::engine {

// Appends to the log that recovery opened.
//
// An event is *accepted* when add() has given it its sequence, *written* when write() handed its commit to the operating
// system, *durable* when sync() returned. The open commit holds what is accepted and not yet written.
//
// Buffered events need not wait for that. hand_over() closes the open commit and leaves the rest (its leaves in the tree, its
// CRCs, the write, the sync) to whoever calls work_off(), while the writer accepts into another. At most one is handed over;
// everything else that writes or syncs takes it back first, and does it itself if nobody has begun. So the file and the tree
// have one user at a time, and an error of the device one receiver: the writer, in take_back().
//
// Threads: one at a time, whoever is the writer; beside it prepare_segment() and work_off().
// Errors: after any of write(), sync(), make_room() with another code than not_written the log must not be written again.
class CommitLog {
 public:
  struct Options {
    std::uint64_t segment_bytes = 0;
    SigningPolicy signing = SigningPolicy::each_commit;
    std::shared_ptr<const Signer> key;
    std::shared_ptr<const Signer> previous_key;  // signs too, while a change from it is not finished
    platform::Entropy* entropy = nullptr;
    std::int64_t wall_microseconds = 0;  // of opening, for a change of keys
    SignerThread signer_thread = SignerThread::own;
  };

  // Takes the state over. Where it plans a change of keys, the log says so, durably, and stores the checkpoint over it, before
  // this returns. Errors: io_error of opening the last segment; those of writing.
  [[nodiscard]] static Result<std::unique_ptr<CommitLog>> open(recovery::LogState& state, Options options);

  // What may stand in one commit of this log, in bytes of frames.
  [[nodiscard]] std::uint64_t body_bytes_max() const noexcept;
  // Makes sure that `bytes` more of frames fit into the open commit and its segment; writes the open commit and goes on to
  // the next segment where they do not. Errors: not_written when nothing was changed; else the log is lost for writing.
  [[nodiscard]] Result<void> make_room(std::uint64_t bytes);
  // Accepts an event into the open commit. The first event of a stream follows the genesis event, unless it is said where it
  // branches from. Precondition: make_room() for at least its size.
  struct Accepted {
    event::ChainFields chain;
    Hash event_hash;
    std::optional<std::array<std::byte, 64>> signature;
  };
  [[nodiscard]] Accepted add(const event::DraftFrame& draft, std::int64_t wall_microseconds,
                             const std::optional<EventId>& kept_id = {}, const std::optional<Timestamp>& kept_time = {},
                             const std::optional<Position>& branches_from = {});
  // Writes the open commit, if there is one, and shows it to readers unless `visibility` is later.
  enum class Visibility : std::uint8_t { now, after_sync };
  [[nodiscard]] Result<void> write(Visibility visibility);
  // Makes everything written durable and visible; with a key, signs its checkpoint meanwhile.
  [[nodiscard]] Result<void> sync();
  // The same for the open commit, as far as `until`, but beside the writer. Does nothing where there is nothing to do.
  enum class Until : std::uint8_t { written, durable };
  [[nodiscard]] Result<void> hand_over(Until until);
  // Does what is handed over, unless somebody does already. Its outcome is for take_back().
  void work_off() BATPAK_EXCLUDES(handed_mutex_);
  // Waits for what was handed over and shows it to readers.
  [[nodiscard]] Result<void> take_back() BATPAK_EXCLUDES(handed_mutex_);
  // How often something was.
  [[nodiscard]] std::uint64_t hand_overs() const noexcept { return hand_overs_; }
  // Writes and syncs a mark behind everything, unless the log ends in one. Precondition: everything is durable.
  [[nodiscard]] Result<void> write_idle_mark();
  // Gives back the space allocated ahead. Precondition: everything is durable.
  [[nodiscard]] Result<void> trim();

  // Allocates the segment after the current one, where none is ready. May run beside the writer. Errors are kept quiet: the
  // writer then allocates it itself and meets them.
  void prepare_segment() BATPAK_EXCLUDES(spare_mutex_);
  // Whether it is time to: the current segment is half full and there is no spare one. For the writer.
  [[nodiscard]] bool wants_spare() const noexcept;

  [[nodiscard]] std::uint64_t accepted() const noexcept { return next_sequence_; }
  [[nodiscard]] std::uint64_t written() const noexcept { return link_.end.sequence; }
  [[nodiscard]] std::uint64_t durable() const noexcept { return durable_.sequence; }
  [[nodiscard]] bool has_open_commit() const noexcept { return !open_.event_hashes.empty(); }
  // Something was accepted that readers do not see yet.
  [[nodiscard]] bool has_unseen() const noexcept { return next_sequence_ != index_->visible(); }
  [[nodiscard]] std::uint64_t open_commit_bytes() const noexcept {
    return has_open_commit() ? open_.builder.bytes().size() : 0;
  }
  [[nodiscard]] bool all_durable() const noexcept { return !has_open_commit() && !is_handed_over_ && durable_ >= link_.end; }
  [[nodiscard]] bool ends_in_idle_mark() const noexcept { return ends_in_idle_mark_; }
  [[nodiscard]] bool key_is_declared() const noexcept { return !keys_->empty(); }
  // Accepts an event of the store's own. Precondition: make_room().
  void add_store_event(std::string_view entity, EventKind kind, ByteView payload, std::int64_t wall_microseconds);
  // The keys that the log declares, with everything accepted.
  [[nodiscard]] const std::shared_ptr<const proof::KeyHistory>& keys() const noexcept { return keys_; }
  // Why the signer did not sign when it was asked last.
  [[nodiscard]] const std::optional<Error>& signer_error() const noexcept { return signer_error_; }
  // The checkpoint of everything durable.
  [[nodiscard]] Checkpoint durable_checkpoint() const {
    return {.origin = origin_, .size = durable_.sequence, .root = durable_root_};
  }
  [[nodiscard]] const std::string& origin() const noexcept { return origin_; }
  [[nodiscard]] const Hash& durable_root() const noexcept { return durable_root_; }
  // The newest one that was signed; null without a key.
  [[nodiscard]] const std::shared_ptr<const CheckpointNote>& signed_checkpoint() const noexcept {
    return signed_checkpoint_;
  }

 private:
  CommitLog(recovery::LogState& state, Options options);

  // A commit that more events may join.
  struct OpenCommit {
    segment::CommitBuilder builder;
    std::vector<Hash> event_hashes;  // whose leaves the tree has not got yet
  };
  struct HandedOver {
    Until until = Until::written;
    OpenCommit commit;  // without events: only the sync is asked for
    segment::CommitHeader header;
    segment::CommitEnd end;
    std::uint64_t end_offset = 0;       // where the next commit begins
    CheckpointSigner::Signers signers;  // of the checkpoint, during the sync
    std::optional<Result<CheckpointNote>> note;
    Result<void> outcome;
  };
  enum class HandedState : std::uint8_t { nothing, waiting, running, done };

  [[nodiscard]] Result<void> rotate();
  [[nodiscard]] Result<void> append_commit(const segment::CommitHeader& header, ByteView bytes);
  [[nodiscard]] segment::CommitEnd make_end();
  [[nodiscard]] segment::CommitHeader finish(OpenCommit& commit, const segment::CommitHeader& header,
                                             segment::CommitEnd end);
  [[nodiscard]] Result<void> carry_out_handed_over();
  [[nodiscard]] std::uint64_t open_offset() const noexcept;
  void publish_live();
  // Writes and syncs a mark, which stores the signatures that are there.
  [[nodiscard]] Result<void> write_mark();
  [[nodiscard]] Result<void> change_key(const recovery::KeyChange& change);
  // Who must sign the checkpoint of so many events; nobody where no key is declared before, or not all of them are here.
  [[nodiscard]] CheckpointSigner::Signers signers_of(std::uint64_t size) const;
  // Signs what is durable, if the signer did not when it became so.
  void sign_again();
  void keep_signature(Result<CheckpointNote> note);
  void keep_stored_signature(const std::optional<CheckpointNote>& stored);
  [[nodiscard]] std::uint64_t count_unsigned() const noexcept;
  [[nodiscard]] EventId next_id(std::int64_t microseconds);
  [[nodiscard]] segment::CommitHeader next_header(segment::CommitType type) const;

  Options options_;
  std::shared_ptr<platform::Directory> directory_;
  std::shared_ptr<index::TailIndex> index_;
  std::shared_ptr<index::MappedSegments> maps_;
  std::string origin_;
  segment::StoreId store_id_{};
  std::uint64_t session_ = 0;
  Hash genesis_hash_;

  std::unique_ptr<platform::File> file_;
  std::unique_ptr<platform::File> live_;
  segment::SegmentHeader segment_;
  segment::LinkState link_;  // of everything written
  Hash written_root_;
  segment::LogPoint durable_;
  Hash durable_root_;
  proof::RightEdge tree_;  // of everything written
  std::uint64_t next_sequence_ = 0;
  event::HybridClock clock_;
  event::IdSource ids_;
  OpenCommit open_;
  bool ends_in_idle_mark_ = false;
  std::shared_ptr<const proof::KeyHistory> keys_;  // never changed, only replaced: others read what they were given

  std::unique_ptr<CheckpointSigner> signer_;
  std::shared_ptr<const CheckpointNote> signed_checkpoint_;
  std::uint64_t stored_size_ = 0;  // of the last checkpoint that a commit stores
  // The newest one that was signed, until a commit stores it.
  std::shared_ptr<const CheckpointNote> unstored_;
  std::optional<Error> signer_error_;

  // What is handed over belongs to the writer while it is nothing or done, and to who works it off while it is running; the
  // tree, the file and the signer go with it.
  HandedOver handed_;
  bool is_handed_over_ = false;  // the writer's: state is not nothing
  std::uint64_t hand_overs_ = 0;
  base::Mutex handed_mutex_;
  base::ConditionVariable handed_changed_;
  HandedState handed_state_ BATPAK_GUARDED_BY(handed_mutex_) = HandedState::nothing;

  base::Mutex spare_mutex_;  // also held while the spare's name is used for another file
  std::unique_ptr<platform::File> spare_ BATPAK_GUARDED_BY(spare_mutex_);
  base::Atomic<bool> has_spare_{false};  // relaxed: a hint for wants_spare(), which asks after every append
};

}  // namespace batpak::engine
