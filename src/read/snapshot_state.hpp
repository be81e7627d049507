// What a snapshot holds on to, and how events are found in it.
#pragma once

#include <memory>
#include <string>

#include "batpak/snapshot.hpp"
#include "event/type_registry.hpp"
#include "index/mapped_segments.hpp"
#include "index/tail_index.hpp"

namespace batpak::read {

// Threads: any; immutable.
class [[gnu::visibility("hidden")]] SnapshotState {
 public:
  SnapshotState(std::shared_ptr<const index::TailIndex> index, std::shared_ptr<const index::MappedSegments> maps,
                std::shared_ptr<const event::TypeRegistry> types, std::uint64_t size, std::uint64_t durable_size)
      : index_(std::move(index)),
        maps_(std::move(maps)),
        types_(std::move(types)),
        size_(size),
        durable_size_(durable_size) {}

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] std::uint64_t durable_size() const noexcept { return durable_size_; }
  [[nodiscard]] const index::TailIndex& index() const noexcept { return *index_; }
  [[nodiscard]] const event::TypeRegistry& types() const noexcept { return *types_; }

  // The frame's CRC is checked, its hashes are not. Errors: past_the_end, corrupt, newer_format.
  [[nodiscard]] Result<EventView> at(std::uint64_t sequence) const;

  // Where the event's frame begins, for who has something to say about it.
  struct Location {
    std::string path;
    std::uint64_t offset = 0;
  };
  // Precondition: at() gave the event.
  [[nodiscard]] Location locate(std::uint64_t sequence) const;

 private:
  std::shared_ptr<const index::TailIndex> index_;
  std::shared_ptr<const index::MappedSegments> maps_;
  std::shared_ptr<const event::TypeRegistry> types_;
  std::uint64_t size_;
  std::uint64_t durable_size_;
};

}  // namespace batpak::read
