#include "engine/checkpoint_signer.hpp"

#include "base/try.hpp"
#include "proof/checkpoint.hpp"

namespace batpak::engine {

CheckpointSigner::CheckpointSigner(SignerThread thread) : mode_(thread) {
  if (mode_ == SignerThread::own) thread_ = base::Thread([this] { run(); });
}

CheckpointSigner::~CheckpointSigner() {
  {
    const base::Lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<CheckpointNote> CheckpointSigner::sign(Asked asked) {
  CheckpointNote note;
  note.text = note_body(asked.checkpoint);
  for (const auto& signer : asked.signers) {
    BATPAK_TRY(NoteSignature signature, proof::sign_checkpoint(asked.checkpoint, *signer));
    note.signatures.push_back(std::move(signature));
  }
  note.checkpoint = std::move(asked.checkpoint);
  return note;
}

void CheckpointSigner::start(Checkpoint checkpoint, Signers signers) {
  const base::Lock lock(mutex_);
  asked_ = Asked{.checkpoint = std::move(checkpoint), .signers = std::move(signers)};
  signed_.reset();
  ++round_;
  changed_.notify_all();
}

Result<CheckpointNote> CheckpointSigner::finish() {
  base::Lock lock(mutex_);
  if (mode_ == SignerThread::none) {
    Asked asked = *std::move(asked_);
    asked_.reset();
    return sign(std::move(asked));
  }
  while (!signed_) changed_.wait(lock);
  Result<CheckpointNote> note = *std::move(signed_);
  signed_.reset();
  return note;
}

void CheckpointSigner::drop() {
  const base::Lock lock(mutex_);
  asked_.reset();
  signed_.reset();
  ++round_;
}

void CheckpointSigner::run() {
  base::Lock lock(mutex_);
  while (true) {
    while (!stopping_ && !asked_) changed_.wait(lock);
    if (stopping_) return;
    Asked asked = *std::move(asked_);
    asked_.reset();
    const std::uint64_t round = round_;
    lock.unlock();
    Result<CheckpointNote> note = sign(std::move(asked));
    lock.lock();
    if (round == round_) signed_ = std::move(note);
    changed_.notify_all();
  }
}

}  // namespace batpak::engine
