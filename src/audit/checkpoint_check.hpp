// The keys of the log and what they signed: whether stored checkpoints and events are by those in force, and what they leave
// unsigned.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "audit/finding_list.hpp"
#include "audit/span_check.hpp"
#include "proof/key_history.hpp"

namespace batpak::audit {

// Threads: one; everything comes in the order of the log.
class CheckpointCheck {
 public:
  CheckpointCheck(FindingList& findings, const std::optional<SignerIdentity>& signer)
      : findings_(findings), signer_(signer) {}

  // An event that may change the keys of the log.
  void take_key_event(const event::FrameView& frame, std::string_view origin, const Place& place);
  void check_event(const EventFacts& event, std::uint64_t sequence, const Place& place);
  // A whole commit: what is stored in it, and then its own size and root as something that later ones may sign.
  void check_commit(std::string_view path, const segment::CommitView& commit, std::uint64_t size, const Hash& root);
  // Events are lost, and keys may be with them.
  void lose() noexcept { events_lost_ = true; }
  // When everything was seen.
  void finish();

  // None where the key given for verifying does not speak for the log.
  [[nodiscard]] std::uint64_t checkpoints_verified() const noexcept { return is_foreign() ? 0 : checkpoints_verified_; }
  [[nodiscard]] std::uint64_t events_verified() const noexcept { return is_foreign() ? 0 : events_verified_; }
  [[nodiscard]] SignatureCheck state() const noexcept;
  // Of `events`, those behind the last checkpoint that counts; none where no key was ever declared.
  [[nodiscard]] std::uint64_t count_unsigned(std::uint64_t events) const noexcept;
  // Those that lay unsigned when a later session began, which signed them; but for the genesis event.
  [[nodiscard]] std::uint64_t count_signed_late() const noexcept { return is_foreign() ? 0 : signed_late_; }
  [[nodiscard]] const std::vector<KeySpan>& keys() const noexcept { return keys_.spans(); }

 private:
  using KeyBytes = proof::KeyHistory::KeyBytes;
  struct Signable {
    std::uint64_t size = 0;
    Hash root;
  };
  // `durable`: the events that the commit's durable-through covers.
  void check_stored(const Place& place, const segment::CommitEnd& end, std::uint64_t durable);
  // Whether all who must have signed it, and nobody else in the log's name; if not, there is a finding.
  [[nodiscard]] bool check_signatures(const Place& place, const segment::CommitEnd& end,
                                      const std::vector<KeyBytes>& signers, const Hash& root);
  void cover(std::uint64_t size);
  // Anybody can write a log that declares a key, or none. So the one given for verifying has to be declared, and to have signed a
  // checkpoint as soon as anybody has signed anything.
  [[nodiscard]] bool is_foreign() const noexcept {
    return signer_ && !key_has_signed_ && (!key_is_declared_ || others_have_signed_);
  }
  [[nodiscard]] SignatureState verify_event(const EventFacts& event, const KeyBytes& key) const;

  FindingList& findings_;
  const std::optional<SignerIdentity>& signer_;
  proof::KeyHistory keys_;
  bool key_is_declared_ = false;     // the one given for verifying
  bool key_has_signed_ = false;      // a checkpoint that verified
  bool others_have_signed_ = false;  // anything that verified by a key of the log's that is another
  // Where the first key is declared, or else the first event is: in case the key given does not speak for the log.
  std::optional<Finding> foreign_keys_;
  std::deque<Signable> signable_;          // ends of commits since the last stored checkpoint, oldest first
  std::uint64_t last_stored_ = 0;          // size of the last stored checkpoint
  std::uint64_t last_verified_ = 0;        // of the last one that verified
  std::deque<std::uint64_t> covering_;     // sizes of those that verified, or without a key of all, the newest last
  std::uint64_t session_ = 0;              // of the last commit
  std::uint64_t size_ = 0;                 // events up to its end
  std::uint64_t size_before_session_ = 0;  // events when that session began
  std::uint64_t signed_late_ = 0;
  std::optional<Finding> first_unsigned_;  // where the first commit behind last_verified_ is
  std::uint64_t checkpoints_verified_ = 0;
  std::uint64_t events_verified_ = 0;
  std::uint64_t events_of_new_key_ = 0;  // that verify by a key to which the one before has not handed over yet
  bool any_signature_ = false;
  bool events_lost_ = false;
  std::uint64_t last_judged_ = 0;  // size of the last stored checkpoint of which it was known who had to sign it
};

}  // namespace batpak::audit
