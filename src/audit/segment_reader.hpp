// A segment read a window at a time, ahead of whoever walks it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "audit/task_pool.hpp"
#include "base/bytes.hpp"
#include "platform/file_system.hpp"

namespace batpak::audit {

// Bytes of a segment, from one offset of it on. There is room in front of them for what is left of the window before.
class Window {
 public:
  Window(std::uint64_t begin, std::size_t room, Bytes memory) : begin_(begin), room_(room), memory_(std::move(memory)) {}

  // Where in the segment the first byte stands.
  [[nodiscard]] std::uint64_t begin() const noexcept { return begin_; }
  [[nodiscard]] ByteView bytes() const noexcept { return ByteView(memory_).subspan(room_, count_); }

 private:
  friend class SegmentReader;
  std::uint64_t begin_;
  std::size_t room_;
  std::size_t count_ = 0;
  Bytes memory_;
};

// How much is read at once, how much room is in front of it, and how many windows are read ahead.
struct WindowSizes {
  std::size_t bytes = 0;
  std::size_t room = 0;
  std::size_t ahead = 0;
};

// Windows are small, and their memory is used again, so that what is in them is still in the processor's cache when it is
// hashed. A window begins with what the one before left over, so a commit is whole in one of them, however long it is.
//
// Threads: one; the reads are done by the pool's. `spare` outlives all windows, the last to hold one is this thread.
class SegmentReader {
 public:
  SegmentReader(TaskPool& pool, std::unique_ptr<platform::File> file, std::uint64_t size, const WindowSizes& sizes,
                std::vector<Bytes>& spare);
  // Waits for reads that are under way.
  ~SegmentReader();
  SegmentReader(const SegmentReader&) = delete;
  SegmentReader& operator=(const SegmentReader&) = delete;

  [[nodiscard]] const platform::File& file() const noexcept { return *file_; }
  // Bytes, when it was opened.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  // The next window. It begins with `carry`, the end of the one before, and goes on until it holds `bytes_min`, or all there is.
  // Null at the end, and where the file cannot be read, or is shorter than it was.
  [[nodiscard]] std::shared_ptr<const Window> next(ByteView carry = {}, std::size_t bytes_min = 0);

 private:
  struct Read {
    std::shared_ptr<Window> window;
    std::shared_ptr<TaskPool::Task> task;
    std::size_t bytes = 0;  // wanted
  };

  [[nodiscard]] std::shared_ptr<Window> make_window(std::uint64_t begin, std::size_t room, std::size_t bytes);
  void submit();
  // What is read next. Null as of next().
  [[nodiscard]] std::shared_ptr<Window> take();

  TaskPool& pool_;
  std::unique_ptr<platform::File> file_;
  std::uint64_t size_;
  WindowSizes sizes_;
  std::vector<Bytes>& spare_;
  std::deque<std::unique_ptr<Read>> reads_;
  std::uint64_t submitted_ = 0;  // up to here
};

}  // namespace batpak::audit
