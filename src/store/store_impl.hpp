// A store put together from its rooms.
#pragma once

#include <memory>

#include "batpak/store.hpp"
#include "engine/writer.hpp"
#include "recovery/follow.hpp"
#include "recovery/log_state.hpp"
#include "store/heads_trees.hpp"
#include "store/prover.hpp"

namespace batpak {

// Either a writer's store or a reader's; what both share is here.
//
// Threads: as Store.
class [[gnu::visibility("hidden")]] Store::Impl {
 public:
  // A writer's store.
  Impl(std::shared_ptr<platform::Directory> directory, std::unique_ptr<platform::OwnerLock> lock, recovery::LogState state,
       std::unique_ptr<engine::Writer> writer, platform::Entropy& entropy);
  // A reader's.
  explicit Impl(std::unique_ptr<recovery::LogFollower> follower);
  ~Impl();

  // Errors: forked_child, closed, read_only.
  [[nodiscard]] Result<void> check_writable() const;
  [[nodiscard]] Result<void> check_usable() const;
  [[nodiscard]] Result<Snapshot> snapshot();
  // What the log says of itself now, as far as it is durable; signed where it is.
  [[nodiscard]] CheckpointNote checkpoint();
  // The keys that the log declares, as far as this store has it.
  [[nodiscard]] std::shared_ptr<const proof::KeyHistory> keys();
  // `receipts`: one for each item, filled in.
  [[nodiscard]] Result<void> append(std::span<engine::Item> items, std::span<Receipt> receipts, Durability durability,
                                    engine::Writer::WhenFull when_full);
  [[nodiscard]] Result<void> close();

  std::shared_ptr<platform::Directory> directory;
  std::unique_ptr<platform::OwnerLock> lock;
  recovery::LogState state;  // its link, tree and clocks are the writer's from here on
  std::unique_ptr<engine::Writer> writer;
  platform::Entropy* entropy = nullptr;
  base::Mutex follower_mutex;
  std::unique_ptr<recovery::LogFollower> follower BATPAK_GUARDED_BY(follower_mutex);
  store::Prover prover;
  store::HeadsTrees heads;
  OpenReport report;
  std::uint64_t fork_generation = 0;
  base::Atomic<bool> closed{false};
};

namespace store {

// Opens for writing with everything the public options can say; `first_time` is that of a new store's genesis (salvage).
[[nodiscard]] Result<std::unique_ptr<Store::Impl>> open_for_writing(const std::string& path, const OpenOptions& options,
                                                                    const std::optional<Timestamp>& first_time = {});

// Opens for reading, as Store::open_read_only.
[[nodiscard]] Result<std::unique_ptr<Store::Impl>> open_for_reading(const std::string& path, ReadOnlyOptions options);

}  // namespace store
}  // namespace batpak
