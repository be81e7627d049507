#include "audit/segment_reader.hpp"

#include <algorithm>
#include <utility>

namespace batpak::audit {

SegmentReader::SegmentReader(TaskPool& pool, std::unique_ptr<platform::File> file, std::uint64_t size,
                             const WindowSizes& sizes, std::vector<Bytes>& spare)
    : pool_(pool), file_(std::move(file)), size_(size), sizes_(sizes), spare_(spare) {
  while (reads_.size() < sizes_.ahead && submitted_ < size_) submit();
}

SegmentReader::~SegmentReader() {
  for (const auto& read : reads_) pool_.finish(read->task);
}

std::shared_ptr<const Window> SegmentReader::next(ByteView carry, std::size_t bytes_min) {
  std::shared_ptr<Window> window = take();
  if (!window) return nullptr;
  if (carry.size() <= window->room_ && carry.size() + window->count_ >= std::min<std::uint64_t>(bytes_min, size_)) {
    window->room_ -= carry.size();
    std::ranges::copy(carry, window->memory_.data() + window->room_);
    window->begin_ -= carry.size();
    window->count_ += carry.size();
    return window;
  }
  // What begins in the carry is longer than a window.
  const std::shared_ptr<Window> joined =
      make_window(window->begin_ - carry.size(), 0, std::max(bytes_min, carry.size()) + sizes_.bytes);
  const auto append = [&joined](ByteView bytes) {
    std::ranges::copy(bytes, joined->memory_.data() + joined->count_);
    joined->count_ += bytes.size();
  };
  append(carry);
  append(window->bytes());
  while (joined->count_ < bytes_min && joined->begin_ + joined->count_ < size_) {
    window = take();
    if (!window) return nullptr;
    append(window->bytes());
  }
  return joined;
}

std::shared_ptr<Window> SegmentReader::make_window(std::uint64_t begin, std::size_t room, std::size_t bytes) {
  Bytes memory;
  const auto fitting = std::ranges::find_if(spare_, [&](const Bytes& spare) { return spare.size() >= room + bytes; });
  if (fitting != spare_.end()) {
    std::swap(*fitting, spare_.back());
    memory = std::move(spare_.back());
    spare_.pop_back();
  } else {
    memory.resize(room + bytes);
  }
  return {new Window(begin, room, std::move(memory)), [&spare = spare_](Window* done) {
            spare.push_back(std::move(done->memory_));
            delete done;
          }};
}

void SegmentReader::submit() {
  auto read = std::make_unique<Read>();
  read->bytes = static_cast<std::size_t>(std::min<std::uint64_t>(sizes_.bytes, size_ - submitted_));
  read->window = make_window(submitted_, sizes_.room, sizes_.bytes);
  read->task = pool_.submit([this, read = read.get()](unsigned) {
    Window& window = *read->window;
    while (window.count_ < read->bytes) {
      const std::span<std::byte> rest =
          std::span(window.memory_).subspan(window.room_ + window.count_, read->bytes - window.count_);
      const auto count = file_->read_at(window.begin_ + window.count_, rest);
      if (!count || *count == 0) return;
      window.count_ += *count;
    }
  });
  submitted_ += read->bytes;
  reads_.push_back(std::move(read));
}

std::shared_ptr<Window> SegmentReader::take() {
  if (reads_.empty() && submitted_ < size_) submit();
  if (reads_.empty()) return nullptr;
  pool_.finish(reads_.front()->task);
  const std::unique_ptr<Read> read = std::move(reads_.front());
  reads_.pop_front();
  while (reads_.size() < sizes_.ahead && submitted_ < size_) submit();
  return read->window->count_ == read->bytes ? std::move(read->window) : nullptr;
}

}  // namespace batpak::audit
