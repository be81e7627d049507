#include "engine/signer.hpp"

#include "proof/checkpoint.hpp"

namespace batpak::engine {

Signer::Signer(std::shared_ptr<const SigningKey> key, SignerThread thread) : key_(std::move(key)), mode_(thread) {
  if (mode_ == SignerThread::own) thread_ = base::Thread([this] { run(); });
}

Signer::~Signer() {
  {
    const base::Lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

CheckpointNote Signer::sign(Checkpoint checkpoint) const {
  CheckpointNote note;
  note.text = note_body(checkpoint);
  note.signatures.push_back(proof::sign_checkpoint(checkpoint, *key_));
  note.checkpoint = std::move(checkpoint);
  return note;
}

void Signer::start(Checkpoint checkpoint) {
  const base::Lock lock(mutex_);
  asked_ = std::move(checkpoint);
  signed_.reset();
  ++round_;
  changed_.notify_all();
}

CheckpointNote Signer::finish() {
  base::Lock lock(mutex_);
  if (mode_ == SignerThread::none) {
    Checkpoint checkpoint = *std::move(asked_);
    asked_.reset();
    return sign(std::move(checkpoint));
  }
  while (!signed_) changed_.wait(lock);
  CheckpointNote note = *std::move(signed_);
  signed_.reset();
  return note;
}

void Signer::drop() {
  const base::Lock lock(mutex_);
  asked_.reset();
  signed_.reset();
  ++round_;
}

void Signer::run() {
  base::Lock lock(mutex_);
  while (true) {
    while (!stopping_ && !asked_) changed_.wait(lock);
    if (stopping_) return;
    Checkpoint checkpoint = *std::move(asked_);
    asked_.reset();
    const std::uint64_t round = round_;
    lock.unlock();
    CheckpointNote note = sign(std::move(checkpoint));
    lock.lock();
    if (round == round_) signed_ = std::move(note);
    changed_.notify_all();
  }
}

}  // namespace batpak::engine
