// The segments of a log, mapped for reading.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/sync.hpp"
#include "index/tail_index.hpp"
#include "platform/file_system.hpp"

namespace batpak::index {

// Maps each segment when it is first read and keeps the mapping: address space, not memory.
//
// Threads: any. Owner: mappings live as long as this does; snapshots share it.
class MappedSegments {
 public:
  explicit MappedSegments(std::shared_ptr<platform::Directory> directory) : directory_(std::move(directory)) {}

  // Segments are added in the order of their numbers. `length` is how much of it is mapped at once; a file that grows past it
  // is mapped again, and the old mapping kept for the views into it.
  void add(std::string name, std::uint64_t length) BATPAK_EXCLUDES(mutex_);
  // From now on `bytes` stand for the segment, whatever becomes of its file.
  void keep(std::uint32_t segment, Bytes bytes) BATPAK_EXCLUDES(mutex_);
  // The frame that begins at `place`, its CRC checked. Errors: corrupt with path, offset and `sequence`; io_error.
  [[nodiscard]] Result<ByteView> frame(FramePlace place, std::uint64_t sequence) const BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] std::string name(std::uint32_t segment) const BATPAK_EXCLUDES(mutex_);

 private:
  struct Segment {
    std::string name;
    std::uint64_t length = 0;
    std::shared_ptr<const platform::Mapping> mapping;
    std::vector<std::shared_ptr<const platform::Mapping>> retired;
  };

  [[nodiscard]] Result<ByteView> bytes_of(std::uint32_t segment, std::uint64_t needed) const BATPAK_EXCLUDES(mutex_);

  std::shared_ptr<platform::Directory> directory_;
  mutable base::Mutex mutex_;
  mutable std::vector<Segment> segments_ BATPAK_GUARDED_BY(mutex_);
};

}  // namespace batpak::index
