#include "proof/heads_tree.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "crypto/sha256.hpp"
#include "proof/merkle.hpp"

namespace batpak::proof {
namespace {

// docs/FORMAT.md:
//
//   offset  size  field
//   0       8     "batpakH1"
//   8       4     lane
//   12      4     length of the entity
//   16      8     events
//   24      32    event hash of the last of them
//   56            entity
constexpr std::string_view magic = "batpakH1";
constexpr std::size_t at_lane = 8;
constexpr std::size_t at_entity_length = 12;
constexpr std::size_t at_events = 16;
constexpr std::size_t at_hash = 24;
constexpr std::size_t at_entity = 56;

// Precondition: room for the whole leaf.
void put_head(const DeclaredHead& head, std::byte* out) noexcept {
  std::ranges::copy(base::as_bytes(magic), out);
  base::store_le(out + at_lane, head.lane);
  base::store_le(out + at_entity_length, static_cast<std::uint32_t>(head.entity.size()));
  base::store_le(out + at_events, head.events);
  std::ranges::copy(head.hash.bytes, out + at_hash);
  std::ranges::copy(base::as_bytes(head.entity), out + at_entity);
}

}  // namespace

bool comes_before(const DeclaredHead& a, const DeclaredHead& b) noexcept {
  const int order = a.entity.compare(b.entity);
  return order != 0 ? order < 0 : a.lane < b.lane;
}

Bytes encode_head(const DeclaredHead& head) {
  Bytes leaf(at_entity + head.entity.size());
  put_head(head, leaf.data());
  return leaf;
}

std::optional<DeclaredHead> decode_head(ByteView leaf) noexcept {
  if (leaf.size() <= at_entity || leaf.size() > at_entity + limits::coordinate_part_bytes_max) return std::nullopt;
  if (base::as_text(leaf.first(magic.size())) != magic) return std::nullopt;
  DeclaredHead head;
  head.entity = base::as_text(leaf.subspan(at_entity));
  if (base::load_le<std::uint32_t>(leaf.data() + at_entity_length) != head.entity.size()) return std::nullopt;
  head.lane = base::load_le<std::uint32_t>(leaf.data() + at_lane);
  head.events = base::load_le<std::uint64_t>(leaf.data() + at_events);
  if (head.events == 0) return std::nullopt;
  std::ranges::copy(leaf.subspan(at_hash, Hash::bytes_size), head.hash.bytes.begin());
  return head;
}

Hash hash_of_head(const DeclaredHead& head) noexcept {
  assert(head.entity.size() <= limits::coordinate_part_bytes_max);
  std::array<std::byte, 1 + at_entity + limits::coordinate_part_bytes_max> input;  // not zeroed: a tree has many leaves
  input[0] = std::byte{0};
  put_head(head, input.data() + 1);
  return crypto::sha256(ByteView(input).first(1 + at_entity + head.entity.size()));
}

HeadsTree::HeadsTree(std::vector<DeclaredHead> heads) : heads_(std::move(heads)) {
  for (std::uint64_t i = 0; (i + 1) << kept_level <= size(); ++i) {
    kept_[0].push_back(low_node(kept_level, i));
    for (std::size_t level = 0; kept_[level].size() % 2 == 0; ++level) {
      const auto& below = kept_[level];
      kept_[level + 1].push_back(node_hash(below[below.size() - 2], below.back()));
    }
  }
}

Result<Hash> HeadsTree::node(unsigned level, std::uint64_t index) const {
  if (level < kept_level) return low_node(level, index);
  return kept_[level - kept_level][index];
}

Hash HeadsTree::low_node(unsigned level, std::uint64_t index) const noexcept {
  if (level == 0) return hash_of_head(heads_[index]);
  return node_hash(low_node(level - 1, 2 * index), low_node(level - 1, 2 * index + 1));
}

Hash HeadsTree::root() const {
  return *root_at(*this, size());  // node() does not fail
}

}  // namespace batpak::proof
