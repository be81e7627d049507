// Signs a checkpoint while the disk is busy.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/sync.hpp"
#include "batpak/checkpoint.hpp"
#include "batpak/signer.hpp"

namespace batpak::engine {

enum class SignerThread : std::uint8_t {
  own,   // a thread beside the writer, so that signing costs no time of its own
  none,  // in finish(), for stores that must not start threads
};

// start() before the sync, finish() after it. What was signed for a sync that failed is dropped unseen: no undurable
// checkpoint ever has a signature that anybody could keep.
//
// Threads: one caller, the writer of the moment.
class CheckpointSigner {
 public:
  // Who signs: one, or two over a change of keys.
  using Signers = std::vector<std::shared_ptr<const Signer>>;

  explicit CheckpointSigner(SignerThread thread);
  ~CheckpointSigner();
  CheckpointSigner(const CheckpointSigner&) = delete;
  CheckpointSigner& operator=(const CheckpointSigner&) = delete;

  // Precondition: at least one signer.
  void start(Checkpoint checkpoint, Signers signers) BATPAK_EXCLUDES(mutex_);
  // The note of the checkpoint given to start(), signed by all. Errors: signer_failed.
  [[nodiscard]] Result<CheckpointNote> finish() BATPAK_EXCLUDES(mutex_);
  // Forgets it.
  void drop() BATPAK_EXCLUDES(mutex_);

 private:
  struct Asked {
    Checkpoint checkpoint;
    Signers signers;
  };
  void run() BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] static Result<CheckpointNote> sign(Asked asked);

  SignerThread mode_;
  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::optional<Asked> asked_ BATPAK_GUARDED_BY(mutex_);
  std::optional<Result<CheckpointNote>> signed_ BATPAK_GUARDED_BY(mutex_);
  std::uint64_t round_ BATPAK_GUARDED_BY(mutex_) = 0;  // of start() and drop(): a signature of an older one is dropped
  bool stopping_ BATPAK_GUARDED_BY(mutex_) = false;
  base::Thread thread_;
};

}  // namespace batpak::engine
