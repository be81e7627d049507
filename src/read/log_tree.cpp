#include "read/log_tree.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "event/frame_layout.hpp"
#include "proof/merkle.hpp"

namespace batpak::read {

Result<void> LogTree::grow(std::uint64_t size) {
  while (this->size() + (std::uint64_t{1} << kept_level) <= size) {
    BATPAK_TRY(const Hash lowest, low_node(kept_level, kept_[0].size()));
    kept_[0].push_back(lowest);
    for (std::size_t level = 0; kept_[level].size() % 2 == 0; ++level) {
      const auto& below = kept_[level];
      kept_[level + 1].push_back(proof::node_hash(below[below.size() - 2], below.back()));
    }
  }
  return {};
}

Result<Hash> LogTree::node(unsigned level, std::uint64_t index) const {
  if (level < kept_level) return low_node(level, index);
  const auto& nodes = kept_[level - kept_level];
  if (index >= nodes.size()) return base::fail(ErrorCode::past_the_end, "the tree has not grown so far");
  return nodes[index];
}

Result<Hash> LogTree::low_node(unsigned level, std::uint64_t index) const {
  if (level == 0) return leaf(index);
  BATPAK_TRY(const Hash left, low_node(level - 1, 2 * index));
  BATPAK_TRY(const Hash right, low_node(level - 1, 2 * index + 1));
  return proof::node_hash(left, right);
}

Result<Hash> LogTree::leaf(std::uint64_t sequence) const {
  if (sequence >= index_->visible()) return base::fail(ErrorCode::past_the_end, "the log does not reach so far");
  BATPAK_TRY(const ByteView frame, maps_->frame(index_->place(sequence), sequence));
  Hash event_hash;
  std::ranges::copy(frame.subspan(event::layout::event_hash, Hash::bytes_size), event_hash.bytes.begin());
  return proof::leaf_hash(event_hash);
}

std::vector<Hash> LogTree::nodes() const {
  std::vector<Hash> all;
  all.reserve(count_nodes(size()));
  for (const auto& level : kept_) all.insert(all.end(), level.begin(), level.end());
  return all;
}

std::uint64_t LogTree::count_nodes(std::uint64_t size) noexcept {
  std::uint64_t count = 0;
  for (std::uint64_t in_level = size >> kept_level; in_level != 0; in_level >>= 1U) count += in_level;
  return count;
}

void LogTree::resume(std::uint64_t size, std::span<const Hash> nodes) {
  clear();
  std::uint64_t in_level = size >> kept_level;
  for (std::size_t level = 0; in_level != 0; ++level, in_level >>= 1U) {
    kept_[level].assign(nodes.begin(), nodes.begin() + static_cast<std::ptrdiff_t>(in_level));
    nodes = nodes.subspan(in_level);
  }
}

void LogTree::clear() {
  for (auto& level : kept_) level.clear();
}

}  // namespace batpak::read
