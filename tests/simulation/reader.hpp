// A reader in a process of its own, beside the writer or without one.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "platform/sim_fs.hpp"
#include "platform/sim_random.hpp"
#include "simulation/oracle.hpp"

namespace batpak::test {

// Looks at a store again and again and tells the oracle what it was shown. Throws Violation.
class Reader {
 public:
  using Undurable = ReadOnlyOptions::Undurable;

  Reader(platform::SimFs& files, Undurable undurable) : process_(files.start_process()), undurable_(undurable) {}

  Result<void> open(const std::string& path) {
    auto store = Store::open_read_only(path, {.undurable = undurable_, .file_system = process_.get()});
    if (!store) return std::unexpected(std::move(store).error());
    store_.emplace(*std::move(store));
    return {};
  }

  // Everything new, and one event of before.
  void refresh(Oracle& oracle, platform::SimRandom& random, bool damaged) {
    const auto now = store_->snapshot();
    if (!now) {
      Oracle::require(damaged, "a reader cannot refresh: " + to_string(now.error()));
      return;
    }
    const std::uint64_t size = now->size();
    Oracle::require(size >= size_, "a reader sees " + std::to_string(size) + " events and saw " + std::to_string(size_));
    Oracle::require(undurable_ == Undurable::show || now->durable_size() == size,
                    "a reader that asked for durable events only is shown others");
    const auto look = [&](std::uint64_t sequence) {
      const auto event = now->at(sequence);
      const bool durable = sequence < now->durable_size();
      if (!event) {
        Oracle::require(damaged || (!durable && !undurable_seen_.contains(sequence)),
                        "a reader cannot read event " + std::to_string(sequence) + ": " + to_string(event.error()));
        return;
      }
      if (!durable) {
        // The picture of a moment: what it shows may be gone by now, and something else may stand there.
        const auto [at, fresh] = undurable_seen_.emplace(sequence, event->event_hash());
        Oracle::require(at->second == event->event_hash(), "a reader that shows a moment shows another event");
        if (!fresh) return;
      }
      oracle.check(*event, sequence);
      if (durable) oracle.shown(*event);
    };
    for (std::uint64_t sequence = size_; sequence < size; ++sequence) look(sequence);
    if (size_ > 0) look(random.below(size_));
    if (undurable_ == Undurable::hide) size_ = size;
  }

  [[nodiscard]] const Store& store() const { return *store_; }

 private:
  std::unique_ptr<platform::SimFs::Process> process_;
  Undurable undurable_;
  std::optional<Store> store_;
  std::uint64_t size_ = 0;
  std::map<std::uint64_t, Hash> undurable_seen_;
};

}  // namespace batpak::test
