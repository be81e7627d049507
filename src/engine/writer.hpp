// The writer: a role that callers take in turn, not a thread.
#pragma once

#include <chrono>
#include <memory>
#include <unordered_map>

#include "base/sync.hpp"
#include "engine/commit_log.hpp"
#include "engine/request.hpp"
#include "engine/wakers.hpp"
#include "engine/witness_keeper.hpp"
#include "platform/clock.hpp"

namespace batpak::engine {

// Takes requests from any thread and carries them out one group after the other. The caller who finds the writer idle
// becomes the writer: it commits its own request together with whatever queued before it took the group, and hands the role
// to the first of those who queued meanwhile. Nobody waits for a timer, and a single caller pays for no handing over.
//
// Within a group each request is judged after those before it. All results of a group are released together, after its sync
// where one of them asked for durability, so that no refusal rests on something that a crash could still undo.
//
// Buffered appends alone are collected in an open commit; it is written when it is large, when something durable comes, when
// a reader wants to see it, or when house-keeping finds it old.
//
// Threads: any, for all of submit(), flush_for_readers(), keep_house(), frontier(), checkpoint(). close() once.
class Writer {
 public:
  struct Options {
    std::uint64_t queue_bytes_max = 0;
    std::chrono::nanoseconds sync_interval{};
    std::chrono::nanoseconds idle_mark_after{};
    std::chrono::microseconds clock_skew_max{};
    std::optional<PublicKey> key;
    std::optional<Hash> recovery_key_hash;
    platform::Clock* clock = nullptr;
    platform::Entropy* entropy = nullptr;
    std::shared_ptr<WitnessKeeper> witness;  // null: nobody is told
    std::array<std::byte, 16> store_id{};
    bool own_thread = true;
  };

  Writer(std::unique_ptr<CommitLog> log, std::shared_ptr<event::TypeRegistry> types, const Options& options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  enum class WhenFull : std::uint8_t { wait, refuse };
  // Carries out the request, or has it carried out; returns when request.receipts or request.error are filled in.
  // Errors, beside those of the request itself: queue_full, poisoned, closed, batch_too_large.
  [[nodiscard]] Result<void> submit(Request& request, WhenFull when_full) BATPAK_EXCLUDES(mutex_);
  // Shows everything accepted to readers. Cheap when there is nothing to show.
  [[nodiscard]] Result<void> flush_for_readers() BATPAK_EXCLUDES(mutex_);
  // What the store's own thread does in one turn; returns when the next turn is due, at the latest.
  std::chrono::nanoseconds keep_house() BATPAK_EXCLUDES(mutex_);
  // Refuses new requests, lets those in the queue finish, makes all durable, marks and trims the log.
  [[nodiscard]] Result<void> close() BATPAK_EXCLUDES(mutex_);

  [[nodiscard]] Frontier frontier() const noexcept;
  // The keys that the log declares, with everything accepted.
  [[nodiscard]] std::shared_ptr<const proof::KeyHistory> keys() const BATPAK_EXCLUDES(mutex_);
  // Why the signer did not sign when it was asked last.
  [[nodiscard]] std::optional<Error> signer_error() const BATPAK_EXCLUDES(mutex_);
  // Why the witness file was not written when it was due last.
  [[nodiscard]] std::optional<Error> witness_error() const BATPAK_EXCLUDES(mutex_);
  // The newest durable checkpoint, signed where there is a key.
  [[nodiscard]] CheckpointNote checkpoint() const BATPAK_EXCLUDES(mutex_);
  // The newest one that is signed; null where none is.
  [[nodiscard]] std::shared_ptr<const CheckpointNote> signed_checkpoint() const BATPAK_EXCLUDES(mutex_);
  // Has the witness file remember it, where there is one.
  [[nodiscard]] Result<void> tell_witness() BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t request_bytes_max() const noexcept { return request_bytes_max_; }

 private:
  // Requests chained by `next`.
  struct Group {
    Request* first = nullptr;
    Request* last = nullptr;
    std::uint64_t bytes = 0;

    void push_back(Request& request) noexcept;
    [[nodiscard]] Request* pop_front() noexcept;
  };

  // What one who becomes the writer does: carries out a group, then passes the role on.
  struct Turn {
    Group group;
    bool poisoned = false;
  };
  [[nodiscard]] Turn take_turn() BATPAK_REQUIRES(mutex_);
  void lead(Turn turn) BATPAK_EXCLUDES(mutex_);
  void carry_out(const Group& group);
  void tell(Request& request, Request::State state);
  [[nodiscard]] Result<void> accept(Request& request);
  [[nodiscard]] std::uint64_t undeclared_bytes(std::span<const Item> items) const;
  [[nodiscard]] Result<void> declare_types(Request& request, std::int64_t wall);
  void accept_items(Request& request, std::int64_t wall);
  [[nodiscard]] Result<void> declare_key(std::int64_t wall);
  void accept_item(const Item& item, std::int64_t wall, Receipt& receipt);
  void publish_progress() BATPAK_REQUIRES(mutex_);
  [[nodiscard]] bool witness_is_told_first() const;
  [[nodiscard]] CheckpointNote newest_checkpoint(const std::shared_ptr<const CheckpointNote>& newest_signed,
                                                 std::uint64_t size, const Hash& root) const;
  [[nodiscard]] bool find_known_kinds(Request& request) const;
  void run_house_keeping() BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> do_task(Task task) BATPAK_EXCLUDES(mutex_);

  Options options_;
  std::shared_ptr<event::TypeRegistry> types_;
  std::uint64_t request_bytes_max_ = 0;

  // The writer of the moment's alone; handed over with the role, ordered by the mutex.
  std::unique_ptr<CommitLog> log_;
  // Types whose declarations the log holds, so that the registry need not be asked again.
  std::unordered_map<const detail::PayloadType*, EventKind> known_kinds_;

  Wakers wakers_;
  mutable base::Mutex mutex_;
  base::ConditionVariable room_;   // the queue shrank, the writer went idle, or the end came
  base::ConditionVariable house_;  // there is something to keep house for
  Group queue_ BATPAK_GUARDED_BY(mutex_);
  std::uint64_t queued_bytes_ BATPAK_GUARDED_BY(mutex_) = 0;    // of the group being carried out too
  std::uint64_t next_waiter_ BATPAK_GUARDED_BY(mutex_) = 0;     // turns given to those who wait for room
  std::uint64_t served_waiters_ BATPAK_GUARDED_BY(mutex_) = 0;  // turns that are over
  std::uint32_t next_waker_ BATPAK_GUARDED_BY(mutex_) = 0;
  bool writing_ BATPAK_GUARDED_BY(mutex_) = false;  // somebody is the writer
  bool closed_ BATPAK_GUARDED_BY(mutex_) = false;
  std::optional<Error> poison_ BATPAK_GUARDED_BY(mutex_);  // why nothing can be written any more
  std::uint64_t durable_size_ BATPAK_GUARDED_BY(mutex_) = 0;
  Hash durable_root_ BATPAK_GUARDED_BY(mutex_);
  std::shared_ptr<const CheckpointNote> signed_checkpoint_ BATPAK_GUARDED_BY(mutex_);
  std::shared_ptr<const proof::KeyHistory> keys_ BATPAK_GUARDED_BY(mutex_);
  std::optional<Error> signer_error_ BATPAK_GUARDED_BY(mutex_);
  bool ends_in_mark_ BATPAK_GUARDED_BY(mutex_) = false;
  bool wants_spare_ BATPAK_GUARDED_BY(mutex_) = false;      // the next segment should be allocated
  std::uint64_t hand_overs_ BATPAK_GUARDED_BY(mutex_) = 0;  // commits left to house-keeping so far
  bool undurable_ BATPAK_GUARDED_BY(mutex_) = false;        // something accepted is not durable yet
  std::chrono::nanoseconds undurable_since_ BATPAK_GUARDED_BY(mutex_){};
  std::chrono::nanoseconds last_work_ BATPAK_GUARDED_BY(mutex_){};
  std::optional<Error> witness_error_ BATPAK_GUARDED_BY(mutex_);
  bool unwitnessed_ BATPAK_GUARDED_BY(mutex_) = false;  // something durable is not in the witness file yet
  std::chrono::nanoseconds unwitnessed_since_ BATPAK_GUARDED_BY(mutex_){};

  // For readers of the frontier: relaxed, each is a lower bound of what has happened.
  base::Atomic<std::uint64_t> accepted_{0};
  base::Atomic<std::uint64_t> written_{0};
  base::Atomic<std::uint64_t> durable_{0};
  base::Atomic<std::uint64_t> signed_size_{0};
  base::Atomic<std::uint64_t> unseen_{0};  // accepted but not yet shown to readers, as a flag

  bool house_changed_ BATPAK_GUARDED_BY(mutex_) = false;  // since house-keeping last looked
  bool stop_house_keeping_ BATPAK_GUARDED_BY(mutex_) = false;
  base::Thread house_keeper_;
};

}  // namespace batpak::engine
