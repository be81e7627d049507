// The nodes of the Merkle tree over a log, for proofs.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "index/mapped_segments.hpp"
#include "index/tail_index.hpp"
#include "proof/tree_proof.hpp"

namespace batpak::read {

// Keeps the nodes over 16 and more events, 4 bytes an event; those below are computed from the frames when they are asked for.
// It believes the hashes that frames state: whoever makes a proof from it verifies the proof against a checkpoint.
//
// Threads: one grows it; any read at the same time as others, not while it grows.
class LogTree final : public proof::TreeNodes {
 public:
  LogTree(std::shared_ptr<const index::TailIndex> index, std::shared_ptr<const index::MappedSegments> maps)
      : index_(std::move(index)), maps_(std::move(maps)) {}

  // Takes in the events below `size`, which are visible. Cost: about 0.3 µs for each new one.
  // Errors: corrupt for an event that cannot be read.
  [[nodiscard]] Result<void> grow(std::uint64_t size);
  // The events below this are taken in: all but fewer than 16 of those that were asked for.
  [[nodiscard]] std::uint64_t size() const noexcept { return kept_[0].size() << kept_level; }
  [[nodiscard]] Result<Hash> node(unsigned level, std::uint64_t index) const override;

  // The kept nodes, level by level from the lowest; what from_nodes() takes.
  [[nodiscard]] std::vector<Hash> nodes() const;
  // How many nodes() gives for so many events, a multiple of 16.
  [[nodiscard]] static std::uint64_t count_nodes(std::uint64_t size) noexcept;
  // Begins with the nodes of an earlier tree over `size` events. Precondition: count_nodes(size) of them.
  void resume(std::uint64_t size, std::span<const Hash> nodes);
  void clear();

  static constexpr unsigned kept_level = 4;

 private:
  [[nodiscard]] Result<Hash> leaf(std::uint64_t sequence) const;
  [[nodiscard]] Result<Hash> low_node(unsigned level, std::uint64_t index) const;

  std::shared_ptr<const index::TailIndex> index_;
  std::shared_ptr<const index::MappedSegments> maps_;
  std::array<std::vector<Hash>, 64 - kept_level> kept_;
};

}  // namespace batpak::read
