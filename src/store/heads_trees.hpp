// The trees over the heads of a store's streams, as of the sizes of the log that are asked for.
#pragma once

#include <memory>

#include "base/sync.hpp"
#include "index/mapped_segments.hpp"
#include "index/tail_index.hpp"
#include "proof/heads_tree.hpp"

namespace batpak::store {

// Keeps the last one that was asked for, 80 bytes a stream: whoever asks for one proof asks for more of them.
//
// Threads: any; one at a time is served.
class HeadsTrees {
 public:
  HeadsTrees(std::shared_ptr<const index::TailIndex> index, std::shared_ptr<const index::MappedSegments> maps)
      : index_(std::move(index)), maps_(std::move(maps)) {}

  // Precondition: `size` events are visible, at least one. Errors: corrupt.
  [[nodiscard]] Result<std::shared_ptr<const proof::HeadsTree>> at(std::uint64_t size) BATPAK_EXCLUDES(mutex_);

 private:
  std::shared_ptr<const index::TailIndex> index_;
  std::shared_ptr<const index::MappedSegments> maps_;
  base::Mutex mutex_;
  std::shared_ptr<const proof::HeadsTree> tree_ BATPAK_GUARDED_BY(mutex_);
  std::uint64_t size_ BATPAK_GUARDED_BY(mutex_) = 0;  // of the log that tree_ is of
};

}  // namespace batpak::store
