#include "audit/checkpoint_check.hpp"

#include <algorithm>

#include "batpak/checkpoint.hpp"

namespace batpak::audit {
namespace {

constexpr std::size_t signable_max = std::size_t{1} << 18U;  // commits in a row without a stored checkpoint

}  // namespace

void CheckpointCheck::declare(const KeyBytes& key, const Place& place) {
  if (declared_) return findings_.add(Law::key_declaration, place, "a key is declared though the store has one");
  declared_ = key;
  if (signer_ && signer_->key.bytes() != key) {
    findings_.add(Law::key_declaration, place, "the key declared here is not the one given for verifying");
  }
}

void CheckpointCheck::check_event(SignatureState signature, const Place& place) {
  if (signature == SignatureState::none) return;
  any_signature_ = true;
  if (!declared_) findings_.add(Law::key_declaration, place, "the event is signed before any key was declared");
  if (signature == SignatureState::good) ++events_verified_;
  if (signature == SignatureState::bad) findings_.add(Law::event_signature, place, "the event's signature does not verify");
  if (signature == SignatureState::other_key) {
    findings_.add(Law::key_declaration, place, "the event is signed by another key than the one given for verifying");
  }
}

void CheckpointCheck::check_commit(std::string_view path, const segment::CommitView& commit, std::uint64_t size,
                                   const Hash& root) {
  const Place place{.path = path, .offset = commit.header.offset, .sequence = commit.header.first_sequence};
  if (!commit.end.signatures.empty()) check_stored(place, commit.end, commit.header.durable_through.sequence);
  if (!declared_) return;
  if (!first_unsigned_ && size > last_verified_) first_unsigned_ = make_finding(Law::unsigned_commit, place, {});
  if (signable_.empty() || signable_.back().size != size) {
    if (signable_.size() == signable_max) signable_.pop_front();
    signable_.push_back({.size = size, .root = root});
  }
}

void CheckpointCheck::check_stored(const Place& place, const segment::CommitEnd& end, std::uint64_t durable) {
  any_signature_ = true;
  if (!declared_) return findings_.add(Law::key_declaration, place, "a checkpoint is signed before any key was declared");
  if (end.signed_size <= last_stored_) {
    return findings_.add(Law::checkpoint_signature, place,
                         "the stored checkpoint is of " + std::to_string(end.signed_size) + " events, and one of " +
                             std::to_string(last_stored_) + " was stored before");
  }
  if (end.signed_size > durable) {
    return findings_.add(Law::checkpoint_signature, place,
                         "the stored checkpoint is of " + std::to_string(end.signed_size) +
                             " events, of which the commit calls " + std::to_string(durable) + " durable");
  }
  const auto of = std::ranges::lower_bound(signable_, end.signed_size, {}, &Signable::size);
  if (of == signable_.end() || of->size != end.signed_size) {
    return findings_.add(
        Law::checkpoint_signature, place,
        "the stored checkpoint is of " + std::to_string(end.signed_size) + " events, where no earlier commit ends");
  }
  last_stored_ = end.signed_size;
  const Hash root = of->root;
  signable_.erase(signable_.begin(), std::next(of));
  if (!signer_) return;
  const auto id = signer_->key.key_id(signer_->origin);
  const auto ours = std::ranges::find_if(end.signatures, [&](const segment::StoredSignature& stored) {
    return (stored.name.empty() || stored.name == signer_->origin) &&
           std::ranges::equal(ByteView(stored.signature).first(id.size()), id);
  });
  if (ours == end.signatures.end()) {
    return findings_.add(Law::key_declaration, place, "the stored checkpoint is signed by another key than the one given");
  }
  const std::string note = note_body({.origin = signer_->origin, .size = end.signed_size, .root = root});
  if (!signer_->key.verifies(std::as_bytes(std::span(note)), ByteView(ours->signature).subspan(id.size()))) {
    return findings_.add(
        Law::checkpoint_signature, place,
        "the signature of the checkpoint of " + std::to_string(end.signed_size) + " events does not verify");
  }
  ++checkpoints_verified_;
  last_verified_ = end.signed_size;
  first_unsigned_.reset();
}

void CheckpointCheck::finish() {
  if (!signer_ || !first_unsigned_ || last_stored_ <= last_verified_) return;
  first_unsigned_->message = "no stored checkpoint that verifies covers the events from " + std::to_string(last_verified_) +
                             " to " + std::to_string(last_stored_ - 1);
  findings_.add(*std::move(first_unsigned_));
}

SignatureCheck CheckpointCheck::state() const noexcept {
  if (!signer_) return SignatureCheck::not_checked;
  return any_signature_ ? SignatureCheck::checked : SignatureCheck::no_signatures;
}

std::uint64_t CheckpointCheck::count_unsigned(std::uint64_t events) const noexcept {
  const std::uint64_t covered = signer_ ? last_verified_ : last_stored_;
  return declared_ && events > covered ? events - covered : 0;
}

}  // namespace batpak::audit
