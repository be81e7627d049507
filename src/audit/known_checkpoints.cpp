#include "audit/known_checkpoints.hpp"

#include <algorithm>

#include "event/store_meta.hpp"
#include "proof/merkle.hpp"

namespace batpak::audit {
namespace {

std::string describe(const KnownCheckpoint& known) {
  return "the checkpoint of " + std::to_string(known.checkpoint.size) + " events in '" + known.name + "'";
}

}  // namespace

KnownCheckpoints::KnownCheckpoints(FindingList& findings, std::span<const KnownCheckpoint> known) : findings_(findings) {
  for (const KnownCheckpoint& checkpoint : known) {
    by_size_.push_back(&checkpoint);
    if (checkpoint.event) by_sequence_.push_back(&checkpoint);
  }
  std::ranges::stable_sort(by_size_, {}, [](const KnownCheckpoint* one) { return one->checkpoint.size; });
  find_next();
  check_root({.path = event::store_meta_name}, 0, proof::RightEdge{}.root());
}

void KnownCheckpoints::find_next() {
  next_size_ = checked_ == by_size_.size() ? ~std::uint64_t{0} : by_size_[checked_]->checkpoint.size;
}

void KnownCheckpoints::check_root(const Place& place, std::uint64_t size, const std::optional<Hash>& root) {
  for (; ask_for(size) && checked_ < by_size_.size(); ++checked_, find_next()) {
    const KnownCheckpoint& known = *by_size_[checked_];
    if (!root || known.checkpoint.size != size) {
      findings_.add(Law::forked, place, describe(known) + " cannot be compared, for events before its end are lost");
    } else if (*root != known.checkpoint.root) {
      findings_.add(Law::forked, place,
                    "the log has another history than " + describe(known) + ": its root is " + to_string(*root) +
                        " and not " + to_string(known.checkpoint.root));
    } else {
      held_.push_back(known.name);
    }
  }
}

void KnownCheckpoints::check_event(const Place& place, std::uint64_t sequence, const Hash& event_hash) {
  for (const KnownCheckpoint* known : by_sequence_) {
    if (known->event->sequence != sequence || known->event->event_hash == event_hash) continue;
    findings_.add(Law::forked, place, "the event is not the one of the receipt in '" + known->name + "'");
  }
}

void KnownCheckpoints::finish(const std::string& origin, const Place& end, std::uint64_t size) {
  for (; checked_ < by_size_.size(); ++checked_) {
    findings_.add(Law::rolled_back, end,
                  "the log ends with " + std::to_string(size) + " events, before " + describe(*by_size_[checked_]));
  }
  if (origin.empty()) return;  // the genesis event is lost, which is said
  for (const KnownCheckpoint* known : by_size_) {
    if (known->checkpoint.origin == origin) continue;
    findings_.add(Law::forked, {.path = event::store_meta_name},
                  describe(*known) + " is of the log '" + known->checkpoint.origin + "'");
  }
}

}  // namespace batpak::audit
