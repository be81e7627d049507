#include "proof/heads_tree.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
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

// A name's bytes from some place on, as a number in their order, and where the name is. Sorting these touches no name.
struct Key {
  std::uint64_t bytes = 0;
  std::uint64_t index = 0;
};
constexpr std::size_t key_bytes = sizeof(std::uint64_t);
constexpr std::size_t few = 24;  // which are compared name by name
constexpr std::size_t depth_max = limits::coordinate_part_bytes_max;

std::uint64_t load_key(std::string_view entity, std::size_t depth) noexcept {
  std::uint64_t bytes = 0;
  if (depth >= entity.size()) return 0;
  std::memcpy(&bytes, entity.data() + depth, std::min(key_bytes, entity.size() - depth));
  if constexpr (std::endian::native == std::endian::little) bytes = std::byteswap(bytes);
  return bytes;
}

// Precondition: the names of all keys are alike in their first `depth` bytes, or end before. Those that have nothing but zeros
// there have ended, but for names with zeros in them; what is left to tell them apart is their lanes.
void sort_keys(std::span<Key> keys, std::size_t depth, std::span<const DeclaredHead> heads) {
  if (keys.size() <= few || depth >= depth_max) {
    std::ranges::sort(keys, [&](const Key& a, const Key& b) { return comes_before(heads[a.index], heads[b.index]); });
    return;
  }
  for (Key& key : keys) key.bytes = load_key(heads[key.index].entity, depth);
  std::ranges::sort(keys, {}, &Key::bytes);
  for (auto begin = keys.begin(); begin != keys.end();) {
    const auto end = std::find_if(begin, keys.end(), [&](const Key& key) { return key.bytes != begin->bytes; });
    if (end - begin > 1) sort_keys({begin, end}, begin->bytes == 0 ? depth_max : depth + key_bytes, heads);
    begin = end;
  }
}

}  // namespace

std::vector<std::uint64_t> leaf_order(std::span<const DeclaredHead> heads) {
  std::vector<Key> keys(heads.size());
  for (std::uint64_t i = 0; i < keys.size(); ++i) keys[i].index = i;
  sort_keys(keys, 0, heads);
  std::vector<std::uint64_t> order;
  order.reserve(keys.size());
  for (const Key& key : keys) order.push_back(key.index);
  return order;
}

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
  if (!base::is_plain_text(head.entity)) return std::nullopt;
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
