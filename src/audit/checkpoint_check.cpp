#include "audit/checkpoint_check.hpp"

#include <algorithm>
#include <utility>

#include "batpak/checkpoint.hpp"
#include "event/draft.hpp"

namespace batpak::audit {
namespace {

constexpr std::size_t signable_max = std::size_t{1} << 18U;  // commits in a row without a stored checkpoint
constexpr std::size_t covering_max = std::size_t{1} << 16U;  // behind which a revocation is not looked up

}  // namespace

void CheckpointCheck::take_key_event(const event::FrameView& frame, std::string_view origin, const Place& place) {
  const bool had_key = !keys_.empty();
  const auto taken = keys_.take(frame.header().kind(), frame.payload(), place.sequence.value_or(0), origin);
  if (!taken) return findings_.add(Law::key_declaration, place, taken.error().message);
  if (!signer_) return;
  if (!had_key) foreign_keys_ = make_finding(Law::key_declaration, place, {});
  if (keys_.empty()) return;
  key_is_declared_ = key_is_declared_ || keys_.current() == signer_->key.bytes();
}

void CheckpointCheck::check_event(const EventFacts& event, std::uint64_t sequence, const Place& place) {
  if (event.signature == SignatureState::none) return;
  any_signature_ = true;
  const KeySpan* const span = keys_.in_force_at(sequence);
  if (span == nullptr) {
    return findings_.add(Law::key_declaration, place, "the event is signed before any key was declared");
  }
  if (!signer_) return;
  // The threads that read ahead know only the key given for verifying.
  const bool is_checked = span->key == signer_->key.bytes();
  switch (is_checked ? event.signature : verify_event(event, span->key)) {
    case SignatureState::good:
      // Where the key before has not handed over yet, the checkpoint that does so tells who signed.
      if (span->origin == KeyOrigin::rotation && !span->covered_by) {
        ++events_of_new_key_;
      } else {
        ++events_verified_;
        others_have_signed_ = others_have_signed_ || !is_checked;
      }
      break;
    case SignatureState::bad: findings_.add(Law::event_signature, place, "the event's signature does not verify"); break;
    default: findings_.add(Law::key_declaration, place, "the event is signed by another key than the one in force there");
  }
}

SignatureState CheckpointCheck::verify_event(const EventFacts& event, const KeyBytes& bytes) const {
  const auto key = PublicKey::from_bytes(bytes);
  if (!key) return SignatureState::other_key;  // of bytes that are no key nobody has the other half
  const auto id = key->key_id(signer_->origin);
  const ByteView signature = event.frame->signature();
  if (!std::ranges::equal(signature.first(id.size()), id)) return SignatureState::other_key;
  const bool good =
      key->verifies(event::event_signature_input(signer_->origin, event.frame->event_hash()), signature.subspan(id.size()));
  return good ? SignatureState::good : SignatureState::bad;
}

void CheckpointCheck::check_commit(std::string_view path, const segment::CommitView& commit, std::uint64_t size,
                                   const Hash& root) {
  const Place place{.path = path, .offset = commit.header.offset, .sequence = commit.header.first_sequence};
  if (commit.header.session > session_) {
    session_ = commit.header.session;
    size_before_session_ = size_;
  }
  size_ = size;
  if (!commit.end.signatures.empty()) check_stored(place, commit.end, commit.header.durable_through.sequence);
  if (keys_.empty()) return;
  if (!first_unsigned_ && size > last_verified_) first_unsigned_ = make_finding(Law::unsigned_commit, place, {});
  if (signable_.empty() || signable_.back().size != size) {
    if (signable_.size() == signable_max) signable_.pop_front();
    signable_.push_back({.size = size, .root = root});
  }
}

void CheckpointCheck::check_stored(const Place& place, const segment::CommitEnd& end, std::uint64_t durable) {
  any_signature_ = true;
  if (keys_.empty()) return findings_.add(Law::key_declaration, place, "a checkpoint is signed before any key was declared");
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
  const auto signers = keys_.signers_of(end.signed_size, last_stored_);
  last_stored_ = end.signed_size;
  if (!events_lost_) last_judged_ = end.signed_size;
  const Hash root = of->root;
  signable_.erase(signable_.begin(), std::next(of));
  if (!signer_) return cover(end.signed_size);
  if (!check_signatures(place, end, signers, root)) return;
  ++checkpoints_verified_;
  last_verified_ = end.signed_size;
  first_unsigned_.reset();
  cover(end.signed_size);
}

void CheckpointCheck::cover(std::uint64_t size) {
  keys_.store(size);
  events_verified_ += std::exchange(events_of_new_key_, 0);
  constexpr std::uint64_t genesis = 1;
  const std::uint64_t covered = covering_.empty() ? genesis : covering_.back();
  const std::uint64_t of_earlier_sessions = std::min(size, size_before_session_);
  if (of_earlier_sessions > covered) signed_late_ += of_earlier_sessions - covered;
  if (covering_.size() == covering_max) covering_.pop_front();
  covering_.push_back(size);
}

bool CheckpointCheck::check_signatures(const Place& place, const segment::CommitEnd& end,
                                       const std::vector<KeyBytes>& signers, const Hash& root) {
  const std::string note = note_body({.origin = signer_->origin, .size = end.signed_size, .root = root});
  std::vector<bool> has_signed(signers.size());
  for (const segment::StoredSignature& stored : end.signatures) {
    if (!stored.name.empty() && stored.name != signer_->origin) continue;  // a witness's
    bool is_of_signer = false;
    for (std::size_t i = 0; i < signers.size() && !is_of_signer; ++i) {
      const auto key = PublicKey::from_bytes(signers[i]);
      if (!key || has_signed[i]) continue;
      const auto id = key->key_id(signer_->origin);
      if (!std::ranges::equal(ByteView(stored.signature).first(id.size()), id)) continue;
      is_of_signer = has_signed[i] = true;
      if (!key->verifies(std::as_bytes(std::span(note)), ByteView(stored.signature).subspan(id.size()))) {
        findings_.add(Law::checkpoint_signature, place,
                      "the signature of the checkpoint of " + std::to_string(end.signed_size) + " events does not verify");
        return false;
      }
    }
    if (!is_of_signer) {
      findings_.add(Law::key_declaration, place,
                    "the stored checkpoint is signed by another key than those that must sign it");
      return false;
    }
  }
  if (std::ranges::find(has_signed, false) != has_signed.end() || signers.empty()) {
    findings_.add(Law::key_declaration, place,
                  signers.size() > 1 ? "the stored checkpoint covers a change of keys, and not both keys signed it"
                                     : "the stored checkpoint is not signed by the key in force there");
    return false;
  }
  const bool is_by_the_given = std::ranges::find(signers, signer_->key.bytes()) != signers.end();
  (is_by_the_given ? key_has_signed_ : others_have_signed_) = true;
  return true;
}

void CheckpointCheck::finish() {
  // Where events are lost, and no key was met, the declaration may be among them.
  if (is_foreign() && foreign_keys_ && !(keys_.empty() && events_lost_)) {
    if (keys_.empty()) {
      foreign_keys_->message = "a key is given for verifying, and the log declares none";
    } else if (!key_is_declared_) {
      foreign_keys_->message = "neither the key declared here nor a later one is the one given for verifying";
    } else {
      foreign_keys_->message =
          "the key given for verifying is declared in this log and has signed no checkpoint of it, but others have signed";
    }
    findings_.add(*foreign_keys_);
  }
  if (!signer_ || !first_unsigned_ || last_judged_ <= last_verified_) return;
  first_unsigned_->message = "no stored checkpoint that verifies covers the events from " + std::to_string(last_verified_) +
                             " to " + std::to_string(last_judged_ - 1);
  findings_.add(*std::move(first_unsigned_));
}

SignatureCheck CheckpointCheck::state() const noexcept {
  if (!signer_) return SignatureCheck::not_checked;
  return any_signature_ ? SignatureCheck::checked : SignatureCheck::no_signatures;
}

std::uint64_t CheckpointCheck::count_unsigned(std::uint64_t events) const noexcept {
  if (keys_.empty()) return 0;
  // What a revoked key signed behind the place it is revoked from covers nothing.
  std::uint64_t covered = 0;
  for (auto size = covering_.rbegin(); size != covering_.rend() && covered == 0; ++size) {
    if (keys_.counts(*size)) covered = *size;
  }
  return events > covered ? events - covered : 0;
}

}  // namespace batpak::audit
