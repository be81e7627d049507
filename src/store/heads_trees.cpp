#include "store/heads_trees.hpp"

#include "base/try.hpp"
#include "read/stream_heads.hpp"

namespace batpak::store {

Result<std::shared_ptr<const proof::HeadsTree>> HeadsTrees::at(std::uint64_t size) {
  const base::Lock lock(mutex_);
  if (tree_ && size_ == size) return tree_;
  tree_.reset();  // not two of them in memory
  BATPAK_TRY(auto heads, read::stream_heads(*index_, *maps_, size));
  tree_ = std::make_shared<const proof::HeadsTree>(std::move(heads));
  size_ = size;
  return tree_;
}

}  // namespace batpak::store
