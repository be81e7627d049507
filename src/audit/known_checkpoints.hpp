// What somebody kept outside of the store, held against the log.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/finding_list.hpp"
#include "batpak/verify.hpp"

namespace batpak::audit {

// Threads: one; everything comes in the order of the log.
class KnownCheckpoints {
 public:
  // `known` must outlive this.
  KnownCheckpoints(FindingList& findings, std::span<const KnownCheckpoint> known);

  // Whether the root of this size, or of one before it that was passed over, is asked for.
  [[nodiscard]] bool ask_for(std::uint64_t size) const noexcept { return size >= next_size_; }
  // The log has this root at this size; none where it cannot be computed, as at the sizes that were passed over.
  void check_root(const Place& place, std::uint64_t size, const std::optional<Hash>& root);
  void check_event(const Place& place, std::uint64_t sequence, const Hash& event_hash);
  // The log ends here.
  void finish(const std::string& origin, const Place& end, std::uint64_t size);

  // The names of those that the log goes on from; when finish() was called.
  [[nodiscard]] const std::vector<std::string>& held() const noexcept { return held_; }

 private:
  void find_next();
  void add(Law law, const Place& place, std::string message, const KnownCheckpoint& known);

  FindingList& findings_;
  std::span<const KnownCheckpoint> known_;
  std::vector<const KnownCheckpoint*> by_size_;
  std::vector<const KnownCheckpoint*> by_sequence_;  // those with an event
  std::size_t checked_ = 0;                          // of by_size_
  std::uint64_t next_size_ = 0;                      // of the first that is not checked
  std::vector<std::string> held_;
  std::vector<const KnownCheckpoint*> refused_;  // for another reason than their root
};

// Judges the signatures under what is known, when the log was gone through and `report` has its keys: by the key given for
// verifying, and by the one that the log had at the checkpoint's size. Does nothing where no key is given.
void check_known_signatures(FindingList& findings, const VerifyOptions& options, VerifyReport& report);

// Says more of what is known, now that the whole log was read: of one that is of another store that only, whatever else does not
// fit; and of a checkpoint that the log does not go on from, which of its events says that it was given up. `store_id` is none
// where nothing tells it.
void explain_known(FindingList& findings, const VerifyOptions& options,
                   const std::optional<std::array<std::byte, 16>>& store_id, VerifyReport& report);

}  // namespace batpak::audit
