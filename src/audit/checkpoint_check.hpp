// Stored checkpoints: whether they are of this log, by its key, and what they leave unsigned.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>

#include "audit/finding_list.hpp"
#include "audit/span_check.hpp"

namespace batpak::audit {

// Threads: one; everything comes in the order of the log.
class CheckpointCheck {
 public:
  using KeyBytes = std::array<std::byte, PublicKey::bytes_size>;

  CheckpointCheck(FindingList& findings, const std::optional<SignerIdentity>& signer)
      : findings_(findings), signer_(signer) {}

  // The genesis or a key declaration names a key.
  void declare(const KeyBytes& key, const Place& place);
  void check_event(SignatureState signature, const Place& place);
  // A whole commit: what is stored in it, and then its own size and root as something that later ones may sign.
  void check_commit(std::string_view path, const segment::CommitView& commit, std::uint64_t size, const Hash& root);
  // When everything was seen.
  void finish();

  [[nodiscard]] std::uint64_t checkpoints_verified() const noexcept { return checkpoints_verified_; }
  [[nodiscard]] std::uint64_t events_verified() const noexcept { return events_verified_; }
  [[nodiscard]] SignatureCheck state() const noexcept;
  // Of `events`, those behind the last checkpoint that counts; none where no key was ever declared.
  [[nodiscard]] std::uint64_t count_unsigned(std::uint64_t events) const noexcept;

 private:
  struct Signable {
    std::uint64_t size = 0;
    Hash root;
  };
  // `durable`: the events that the commit's durable-through covers.
  void check_stored(const Place& place, const segment::CommitEnd& end, std::uint64_t durable);

  FindingList& findings_;
  const std::optional<SignerIdentity>& signer_;
  std::optional<KeyBytes> declared_;
  std::deque<Signable> signable_;          // ends of commits since the last stored checkpoint, oldest first
  std::uint64_t last_stored_ = 0;          // size of the last stored checkpoint
  std::uint64_t last_verified_ = 0;        // of the last one that verified
  std::optional<Finding> first_unsigned_;  // where the first commit behind last_verified_ is
  std::uint64_t checkpoints_verified_ = 0;
  std::uint64_t events_verified_ = 0;
  bool any_signature_ = false;
};

}  // namespace batpak::audit
