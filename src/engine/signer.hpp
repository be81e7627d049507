// Signs a checkpoint while the disk is busy.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/sync.hpp"
#include "batpak/checkpoint.hpp"
#include "batpak/signing_key.hpp"

namespace batpak::engine {

enum class SignerThread : std::uint8_t {
  own,   // a thread beside the writer, so that signing costs no time of its own
  none,  // in finish(), for stores that must not start threads
};

// start() before the sync, finish() after it. What was signed for a sync that failed is dropped unseen: no undurable
// checkpoint ever has a signature that anybody could keep.
//
// Threads: one caller, the writer of the moment.
class Signer {
 public:
  Signer(std::shared_ptr<const SigningKey> key, SignerThread thread);
  ~Signer();
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  void start(Checkpoint checkpoint) BATPAK_EXCLUDES(mutex_);
  // The signed note of the checkpoint given to start().
  [[nodiscard]] CheckpointNote finish() BATPAK_EXCLUDES(mutex_);
  // Forgets it.
  void drop() BATPAK_EXCLUDES(mutex_);

 private:
  void run() BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] CheckpointNote sign(Checkpoint checkpoint) const;

  std::shared_ptr<const SigningKey> key_;
  SignerThread mode_;
  base::Mutex mutex_;
  base::ConditionVariable changed_;
  std::optional<Checkpoint> asked_ BATPAK_GUARDED_BY(mutex_);
  std::optional<CheckpointNote> signed_ BATPAK_GUARDED_BY(mutex_);
  std::uint64_t round_ BATPAK_GUARDED_BY(mutex_) = 0;  // of start() and drop(): a signature of an older one is dropped
  bool stopping_ BATPAK_GUARDED_BY(mutex_) = false;
  base::Thread thread_;
};

}  // namespace batpak::engine
