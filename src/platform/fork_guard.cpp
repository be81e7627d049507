#include "platform/fork_guard.hpp"

#include <pthread.h>
#include <unistd.h>

#include "base/sync.hpp"

namespace batpak::platform {
namespace {

// Relaxed suffices: it changes only in a child's only thread, before fork() returns there.
constinit base::Atomic<std::uint64_t> generation{0};

void count_fork() noexcept { generation.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

std::uint64_t fork_generation() noexcept {
  static const bool counted = ::pthread_atfork(nullptr, nullptr, count_fork) == 0;
  if (!counted) return static_cast<std::uint64_t>(::getpid());  // no memory for the handler: the slow way is right too
  return generation.load(std::memory_order_relaxed);
}

}  // namespace batpak::platform
