// An array that grows at its end and never moves what it holds.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/sync.hpp"

namespace batpak::index {

// Kept in chunks, each as large as all before it, so that an element's address follows from its number alone.
//
// Threads: one appends; any read elements below a size that was published to them after they were appended (the publisher's
// release and the reader's acquire order the element; the chunk pointers are ordered by themselves).
template <class T>
class StableArray {
 public:
  StableArray() = default;
  StableArray(const StableArray&) = delete;
  StableArray& operator=(const StableArray&) = delete;
  ~StableArray() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  void push_back(const T& value) {
    const Place place = place_of(size_);
    T* chunk = chunks_[place.chunk].load(std::memory_order_relaxed);
    if (chunk == nullptr) {
      chunk = new T[chunk_size(place.chunk)];
      // Release: a reader that finds the pointer must find the array behind it.
      chunks_[place.chunk].store(chunk, std::memory_order_release);
    }
    chunk[place.index] = value;
    ++size_;
  }
  [[nodiscard]] const T& operator[](std::uint64_t at) const noexcept {
    const Place place = place_of(at);
    return chunks_[place.chunk].load(std::memory_order_acquire)[place.index];
  }

 private:
  static constexpr unsigned first_bits = 10;
  static constexpr unsigned chunks_max = 64 - first_bits;
  struct Place {
    unsigned chunk;
    std::uint64_t index;
  };
  // Chunk 0 holds 1,024 elements, chunk k > 0 holds 1,024 · 2^(k-1): numbers with the same highest bit share one.
  static Place place_of(std::uint64_t at) noexcept {
    const auto width = static_cast<unsigned>(std::bit_width(at >> first_bits));
    return {.chunk = width, .index = width == 0 ? at : at - (1ULL << (first_bits + width - 1))};
  }
  static std::uint64_t chunk_size(unsigned chunk) noexcept {
    return chunk == 0 ? 1ULL << first_bits : 1ULL << (first_bits + chunk - 1);
  }

  std::array<base::Atomic<T*>, chunks_max> chunks_{};
  std::uint64_t size_ = 0;
};

}  // namespace batpak::index
