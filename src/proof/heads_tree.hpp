// The Merkle tree over the last events of all streams, which a declaration of heads states the root of.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "proof/tree_proof.hpp"

namespace batpak::proof {

// A stream as a declaration of heads has it.
//
// Owner: whoever owns the entity's bytes. Threads: a plain value, as all of this header.
struct DeclaredHead {
  std::string_view entity;
  std::uint32_t lane = 0;
  std::uint64_t events = 0;  // below the declared size; at least one
  Hash hash;                 // of the last of them

  friend bool operator==(const DeclaredHead&, const DeclaredHead&) = default;
};

// The order of the leaves: by the entity's bytes, then by lane.
[[nodiscard]] bool comes_before(const DeclaredHead& a, const DeclaredHead& b) noexcept;
// Where each of them is that comes next in this order: quicker than std::sort for many names that begin alike.
[[nodiscard]] std::vector<std::uint64_t> leaf_order(std::span<const DeclaredHead> heads);

// The data of a leaf; docs/FORMAT.md has the bytes.
[[nodiscard]] Bytes encode_head(const DeclaredHead& head);
// Nothing for anything but what encode_head() gives for a stream that there may be.
[[nodiscard]] std::optional<DeclaredHead> decode_head(ByteView leaf) noexcept;

// SHA-256 of 0x00 and the leaf's data.
[[nodiscard]] Hash hash_of_head(const DeclaredHead& head) noexcept;

// Keeps the nodes over 16 and more streams, as the log's tree does; those below are computed when they are asked for.
//
// Threads: made by one; then any read.
class HeadsTree final : public TreeNodes {
 public:
  // Precondition: in the order of the leaves, no two of one stream. Cost: about 0.4 µs a stream.
  explicit HeadsTree(std::vector<DeclaredHead> heads);

  [[nodiscard]] std::uint64_t size() const noexcept { return heads_.size(); }
  [[nodiscard]] std::span<const DeclaredHead> heads() const noexcept { return heads_; }
  [[nodiscard]] Result<Hash> node(unsigned level, std::uint64_t index) const override;
  [[nodiscard]] Hash root() const;

 private:
  [[nodiscard]] Hash low_node(unsigned level, std::uint64_t index) const noexcept;

  static constexpr unsigned kept_level = 4;

  std::vector<DeclaredHead> heads_;
  std::array<std::vector<Hash>, 64 - kept_level> kept_;
};

}  // namespace batpak::proof
