// Where callers sleep until the writer has something for them.
#pragma once

#include <array>

#include "base/sync.hpp"

namespace batpak::engine {

// A request may be gone as soon as it is told that it is done, and so nobody may be notified on the request itself: its caller
// sleeps on one of these instead, which outlive every request. Callers that share one wake each other for nothing, and look.
//
// Threads: any.
class Wakers {
 public:
  // Returns when `is_due` does, which is asked again after each wake().
  template <class IsDue>
  void sleep(std::uint32_t waker, const IsDue& is_due) noexcept {
    base::Atomic<std::uint32_t>& wakes = wakers_[waker % count].wakes;
    while (true) {
      // Acquire: before the question, so that a wake that comes after it is not slept through.
      const std::uint32_t seen = wakes.load(std::memory_order_acquire);
      if (is_due()) return;
      wakes.wait(seen, std::memory_order_acquire);
    }
  }
  // To be called after what `is_due` asks for has become true.
  void wake(std::uint32_t waker) noexcept {
    base::Atomic<std::uint32_t>& wakes = wakers_[waker % count].wakes;
    wakes.fetch_add(1, std::memory_order_release);
    wakes.notify_all();
  }

 private:
  static constexpr std::size_t count = 64;
  static constexpr std::size_t cache_line_bytes = 64;
  struct alignas(cache_line_bytes) Waker {
    base::Atomic<std::uint32_t> wakes{0};
  };

  std::array<Waker, count> wakers_;
};

}  // namespace batpak::engine
