#include "proof/tree_proof.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>
#include <utility>

#include "base/try.hpp"
#include "proof/merkle.hpp"

namespace batpak {
namespace {

using base::fail;
using proof::node_hash;

constexpr std::string_view too_long = "the path is longer than the tree is high";
constexpr std::string_view too_short = "the path does not reach the root";

std::unexpected<Error> bad(std::string_view why) { return fail(ErrorCode::bad_proof, std::string(why)); }

// A node's number in its level, and that of the last node there. Both go up together.
struct Climb {
  std::uint64_t node = 0;
  std::uint64_t last = 0;

  [[nodiscard]] bool is_right() const noexcept { return (node & 1U) != 0; }
  // Nothing stands beside the last node of a level where it is a left one: it is its own parent.
  [[nodiscard]] bool is_last() const noexcept { return node == last; }
  [[nodiscard]] bool at_root() const noexcept { return last == 0; }
  void up() noexcept {
    node >>= 1U;
    last >>= 1U;
  }
  // To where the node has a left neighbour.
  void up_to_right() noexcept {
    while (!is_right() && node != 0) up();
  }
};

}  // namespace

Result<Hash> root_of(const InclusionProof& proof, const Hash& event_hash) {
  return proof::root_from_leaf(proof, proof::leaf_hash(event_hash));
}

Result<Hash> proof::root_from_leaf(const InclusionProof& proof, const Hash& leaf_hash) {
  if (proof.sequence >= proof.size) return bad("the sequence lies beyond the size of the tree");
  Climb climb{.node = proof.sequence, .last = proof.size - 1};
  Hash hash = leaf_hash;
  for (const Hash& beside : proof.path) {
    if (climb.at_root()) return bad(too_long);
    if (climb.is_right() || climb.is_last()) {
      hash = node_hash(beside, hash);
      climb.up_to_right();
    } else {
      hash = node_hash(hash, beside);
    }
    climb.up();
  }
  if (!climb.at_root()) return bad(too_short);
  return hash;
}

Result<void> verify_inclusion(const InclusionProof& proof, const Hash& event_hash, const Hash& root) {
  BATPAK_TRY(const Hash computed, root_of(proof, event_hash));
  if (computed != root) return bad("the path leads to another root");
  return {};
}

Result<void> verify_consistency(const ConsistencyProof& proof, const Hash& old_root, const Hash& new_root) {
  if (proof.old_size > proof.new_size) return bad("the older size is the larger one");
  if (proof.old_size == 0 && old_root != proof::empty_root()) return bad("the older root is not that of an empty tree");
  if (proof.old_size == proof.new_size && old_root != new_root) return bad("two trees of one size have different roots");
  if (proof.old_size == 0 || proof.old_size == proof.new_size) {
    if (!proof.path.empty()) return bad(too_long);
    return {};
  }
  Climb climb{.node = proof.old_size - 1, .last = proof.new_size - 1};
  while (climb.is_right()) climb.up();
  auto beside = proof.path.begin();
  // Where the older tree is one perfect subtree of the newer one, the way begins at its root.
  Hash old_hash = old_root;
  if (!std::has_single_bit(proof.old_size)) {
    if (beside == proof.path.end()) return bad(too_short);
    old_hash = *beside++;
  }
  Hash new_hash = old_hash;
  for (; beside != proof.path.end(); ++beside) {
    if (climb.at_root()) return bad(too_long);
    if (climb.is_right() || climb.is_last()) {
      old_hash = node_hash(*beside, old_hash);
      new_hash = node_hash(*beside, new_hash);
      climb.up_to_right();
    } else {
      new_hash = node_hash(new_hash, *beside);
    }
    climb.up();
  }
  if (!climb.at_root()) return bad(too_short);
  if (old_hash != old_root) return bad("the path does not lead to the older root");
  if (new_hash != new_root) return bad("the path does not lead to the newer root");
  return {};
}

namespace proof {
namespace {

// `count` leaves of the tree from `begin` on, which is a multiple of the power of two that holds `count`.
struct Subtree {
  std::uint64_t begin = 0;
  std::uint64_t count = 0;

  [[nodiscard]] std::uint64_t end() const noexcept { return begin + count; }

  [[nodiscard]] Result<Hash> root(const TreeNodes& nodes) const {
    // The lowest perfect subtree is the rightmost; the others join it from the left.
    std::optional<Hash> root;
    for (std::uint64_t rest = count; rest != 0; rest &= rest - 1) {
      const auto level = static_cast<unsigned>(std::countr_zero(rest));
      const std::uint64_t first = begin + (rest & (rest - 1));
      BATPAK_TRY(const Hash perfect, nodes.node(level, first >> level));
      root = root ? node_hash(perfect, *root) : perfect;
    }
    return *root;
  }

  // Becomes the part of itself that holds the leaf, and gives the root of the part beside it. Precondition: count > 1.
  Result<Hash> go_down_to(std::uint64_t leaf, const TreeNodes& nodes) {
    const std::uint64_t left_count = std::bit_floor(count - 1);  // the largest power of two below it
    Subtree with_leaf{.begin = begin, .count = left_count};
    Subtree beside{.begin = begin + left_count, .count = count - left_count};
    if (leaf >= beside.begin) std::swap(with_leaf, beside);
    *this = with_leaf;
    return beside.root(nodes);
  }
};

}  // namespace

Result<Hash> root_at(const TreeNodes& nodes, std::uint64_t size) {
  if (size == 0) return empty_root();
  return Subtree{.begin = 0, .count = size}.root(nodes);
}

// RFC 6962, section 2.1.1, from the root down.
Result<InclusionProof> prove_inclusion(const TreeNodes& nodes, std::uint64_t sequence, std::uint64_t size) {
  InclusionProof proof{.sequence = sequence, .size = size, .path = {}};
  Subtree on_the_way{.begin = 0, .count = size};
  while (on_the_way.count > 1) {
    BATPAK_TRY(const Hash beside, on_the_way.go_down_to(sequence, nodes));
    proof.path.push_back(beside);
  }
  std::ranges::reverse(proof.path);
  return proof;
}

// RFC 6962, section 2.1.2, from the root down to the largest subtree that ends where the older tree does.
Result<ConsistencyProof> prove_consistency(const TreeNodes& nodes, std::uint64_t old_size, std::uint64_t new_size) {
  ConsistencyProof proof{.old_size = old_size, .new_size = new_size, .path = {}};
  if (old_size == 0) return proof;
  Subtree on_the_way{.begin = 0, .count = new_size};
  while (on_the_way.end() != old_size) {
    BATPAK_TRY(const Hash beside, on_the_way.go_down_to(old_size - 1, nodes));
    proof.path.push_back(beside);
  }
  // The older tree's own root is known to whoever verifies.
  if (on_the_way.begin != 0) {
    BATPAK_TRY(const Hash common, on_the_way.root(nodes));
    proof.path.push_back(common);
  }
  std::ranges::reverse(proof.path);
  return proof;
}

}  // namespace proof
}  // namespace batpak
