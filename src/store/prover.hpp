// Proofs about the tree of a store's log, each verified against a checkpoint before it is given out.
#pragma once

#include <memory>

#include "base/sync.hpp"
#include "batpak/checkpoint.hpp"
#include "read/log_tree.hpp"
#include "read/tree_file.hpp"

namespace batpak::store {

// Threads: any; one at a time is served.
class Prover {
 public:
  // Only an owner of the directory may save.
  enum class Save : std::uint8_t { never, when_grown };
  Prover(std::shared_ptr<platform::Directory> directory, const read::StoreId& store_id,
         std::shared_ptr<const index::TailIndex> index, std::shared_ptr<const index::MappedSegments> maps, Save save)
      : directory_(std::move(directory)), store_id_(store_id), tree_(std::move(index), std::move(maps)), save_(save) {}

  // `newest` is what the log says of itself: the sizes asked for lie within it, and what it says of the sizes before it must
  // lead there. Errors: past_the_end; corrupt where the log does not give its own root.
  [[nodiscard]] Result<InclusionProof> prove_inclusion(std::uint64_t sequence, const Hash& event_hash, std::uint64_t size,
                                                       const Checkpoint& newest) BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] Result<ConsistencyProof> prove_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                                           const Checkpoint& newest) BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] Result<Hash> root_at(std::uint64_t size, const Checkpoint& newest) BATPAK_EXCLUDES(mutex_);
  // What was computed since it was last saved, for the next time.
  void save() BATPAK_EXCLUDES(mutex_);

 private:
  template <class Ask>
  auto ask(const Checkpoint& newest, const Ask& ask) BATPAK_EXCLUDES(mutex_);
  void save_grown() BATPAK_REQUIRES(mutex_);

  std::shared_ptr<platform::Directory> directory_;
  read::StoreId store_id_;
  base::Mutex mutex_;
  read::LogTree tree_ BATPAK_GUARDED_BY(mutex_);
  bool is_loaded_ BATPAK_GUARDED_BY(mutex_) = false;
  std::uint64_t saved_ BATPAK_GUARDED_BY(mutex_) = 0;  // size of the tree in the file
  Save save_;
};

}  // namespace batpak::store
