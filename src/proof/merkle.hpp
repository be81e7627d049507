// The Merkle tree over the log, as in RFC 6962 and RFC 9162: SHA-256, one leaf per event, its data the event hash.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "batpak/error.hpp"
#include "batpak/hash.hpp"

namespace batpak::proof {

[[nodiscard]] Hash leaf_hash(const Hash& event_hash) noexcept;
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right) noexcept;

// The root of the tree without leaves: SHA-256 of nothing.
[[nodiscard]] Hash empty_root() noexcept;

// The right edge of a growing tree: the roots of its perfect subtrees, one for each one bit of its size. It is all that
// appending and the root need.
//
// Threads: a plain value. Nothing is allocated.
class RightEdge {
 public:
  static constexpr std::size_t hashes_max = 64;

  RightEdge() = default;
  // The tree of `size` leaves whose perfect subtrees have these roots, largest first. Fails with malformed when their
  // number is not that of the one bits of `size`.
  [[nodiscard]] static Result<RightEdge> from(std::uint64_t size, std::span<const Hash> hashes);

  // Cost: two hashes on average, with root() one more for each perfect subtree but one.
  void append(const Hash& leaf_hash) noexcept;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] Hash root() const noexcept;
  // The roots of the perfect subtrees, largest first.
  [[nodiscard]] std::span<const Hash> hashes() const noexcept { return {hashes_.data(), count_}; }

 private:
  std::array<Hash, hashes_max> hashes_{};
  std::size_t count_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace batpak::proof
