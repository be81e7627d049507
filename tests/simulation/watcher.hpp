// A reader in the process that writes, while others write.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/explored/schedule.hpp"
#include "simulation/appends.hpp"
#include "simulation/world.hpp"

namespace batpak::test {

// Looks at one snapshot after the other. What it is shown must be what was asked for, whole, in order, and durable unless it was
// asked to be buffered. Throws Violation.
class Watcher {
 public:
  explicit Watcher(World& world) : world_(world) {}

  void look() {
    // Half of the time it goes slowly, half of the time it sees the middle of what somebody else is doing.
    std::optional<base::explored::Uninterrupted> at_once;
    if (world_.random.coin()) at_once.emplace();
    const std::uint64_t acknowledged = world_.oracle.accepted_size();
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now) return;
    const std::uint64_t size = now->size();
    look_at_streams(*now);
    require(size >= seen_, "a snapshot shows less than one before it");
    require(size >= acknowledged || world_.excused(), "a snapshot lacks what was acknowledged before");
    for (std::uint64_t sequence = seen_; sequence < size; ++sequence) {
      const auto event = world_.got(now->at(sequence), "at");
      if (!event) return;
      world_.oracle.check(*event, sequence);
      if (sequence >= now->durable_size() && !world_.oracle.may_be_undurable(*event)) {
        require(survivors() > sequence, "event " + std::to_string(sequence) + " is shown before it is durable");
      }
      if (sequence < now->durable_size()) world_.oracle.shown(*event);
      if (sequence + 1 == size) require(event->batch_index() + 1 == event->batch_size(), "a snapshot ends within a batch");
    }
    seen_ = size;
    if (!kept_) {
      kept_ = *now;
      kept_size_ = size;
    }
    require(kept_->size() == kept_size_, "a snapshot has changed its size");
    if (kept_size_ == 0) return;
    const std::uint64_t sequence = world_.random.below(kept_size_);
    if (const auto event = world_.got(kept_->at(sequence), "at, of an old snapshot")) world_.oracle.check(*event, sequence);
  }

 private:
  // How many events a loss of power at this moment would leave.
  [[nodiscard]] std::uint64_t survivors() const {
    const auto after = world_.files.copy();
    after->crash(SimCrash::losing_everything());
    const auto store =
        Store::open_read_only(world_.path, {.undurable = ReadOnlyOptions::Undurable::show, .file_system = after.get()});
    if (!store) return 0;
    const auto now = store->snapshot();
    return now ? now->size() : 0;
  }
  // The stream of each entity is what the log holds of it.
  void look_at_streams(const Snapshot& now) {
    std::map<std::string, std::vector<std::uint64_t>> found;
    for (std::uint64_t i = 0; i < Appends::entities; ++i) {
      const std::string entity = Appends::entity(i);
      const auto head = world_.got(now.head(entity), "head");
      if (!head) return;
      std::vector<std::uint64_t>& sequences = found[entity];
      for (const auto& event : now.stream(entity)) {
        if (!world_.got(Result<EventView>(event), "stream")) return;
        require(event->stream_version() == sequences.size(), "the versions of a stream are not dense");
        sequences.push_back(event->sequence());
      }
      require(head->has_value() == !sequences.empty(), "a stream has no head, or one too many");
      require(!*head || (*head)->position.sequence == sequences.back(), "a head is not the last event of its stream");
    }
    std::map<std::string, std::vector<std::uint64_t>> expected;
    for (std::uint64_t i = 0; i < Appends::entities; ++i) expected[Appends::entity(i)];
    for (const auto& event : now.read()) {
      if (!world_.got(Result<EventView>(event), "read")) return;
      expected[std::string(event->entity())].push_back(event->sequence());
    }
    require(found == expected, "a stream is not what the log holds of its entity");
  }

  World& world_;
  std::uint64_t seen_ = 0;
  std::optional<Snapshot> kept_;
  std::uint64_t kept_size_ = 0;
};

}  // namespace batpak::test
