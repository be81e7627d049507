// The seam for threads: every mutex, condition variable, atomic and thread of batpak is one of these.
//
// They are the standard library's, under names of ours and with clang's thread-safety annotations. A build with
// BATPAK_EXPLORED puts a controlled scheduler underneath instead, without touching the code that uses them; see
// base/explored/schedule.hpp.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#if defined(__clang__)
#define BATPAK_CAPABILITY __attribute__((capability("mutex")))
#define BATPAK_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define BATPAK_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#define BATPAK_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define BATPAK_EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define BATPAK_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define BATPAK_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#else
#define BATPAK_CAPABILITY
#define BATPAK_SCOPED_CAPABILITY
#define BATPAK_GUARDED_BY(mutex)
#define BATPAK_REQUIRES(...)
#define BATPAK_EXCLUDES(...)
#define BATPAK_ACQUIRE(...)
#define BATPAK_RELEASE(...)
#endif

#if defined(BATPAK_EXPLORED)
#include "base/explored/sync.hpp"
#else

namespace batpak::base {

class BATPAK_CAPABILITY Mutex {
 public:
  void lock() BATPAK_ACQUIRE() { mutex_.lock(); }
  void unlock() BATPAK_RELEASE() { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

// Holds a mutex for a scope; may be released and taken again in between.
class BATPAK_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) BATPAK_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Lock() BATPAK_RELEASE() {
    if (held_) mutex_.unlock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void unlock() BATPAK_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() BATPAK_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  friend class ConditionVariable;
  Mutex& mutex_;
  bool held_ = true;
};

// Wakes may be spurious: wait in a loop that checks what is waited for.
class ConditionVariable {
 public:
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }
  // Precondition: `lock` is held by this thread. It is released while waiting and held again on return.
  void wait(Lock& lock) { condition_.wait(lock.mutex_); }
  // Returns false when the time is over.
  bool wait_for(Lock& lock, std::chrono::nanoseconds limit) {
    return condition_.wait_for(lock.mutex_, limit) == std::cv_status::no_timeout;
  }

 private:
  std::condition_variable_any condition_;
};

// An atomic number whose every access names its order. A 32-bit one can be waited on.
template <class T>
class Atomic {
 public:
  constexpr Atomic() = default;
  constexpr explicit Atomic(T value) : value_(value) {}
  [[nodiscard]] T load(std::memory_order order) const noexcept { return value_.load(order); }
  void store(T value, std::memory_order order) noexcept { value_.store(value, order); }
  T exchange(T value, std::memory_order order) noexcept { return value_.exchange(value, order); }
  T fetch_add(T by, std::memory_order order) noexcept { return value_.fetch_add(by, order); }
  T fetch_sub(T by, std::memory_order order) noexcept { return value_.fetch_sub(by, order); }
  bool compare_exchange(T& expected, T desired, std::memory_order order) noexcept {
    return value_.compare_exchange_strong(expected, desired, order);
  }
  // Blocks while the value equals `old`.
  void wait(T old, std::memory_order order) const noexcept { value_.wait(old, order); }
  void notify_all() noexcept { value_.notify_all(); }
  void notify_one() noexcept { value_.notify_one(); }

 private:
  std::atomic<T> value_{};
};

// A thread that is joined when its handle goes.
class Thread {
 public:
  Thread() = default;
  explicit Thread(std::function<void()> body) : thread_(std::move(body)) {}
  Thread(Thread&&) = default;
  Thread& operator=(Thread&&) = default;
  ~Thread() { join(); }
  void join() {
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] static unsigned hardware_count() noexcept {
    const unsigned count = std::thread::hardware_concurrency();
    return count == 0 ? 1 : count;
  }

 private:
  std::thread thread_;
};

// How much time has passed in waits with a limit, as far as that is simulated: not at all.
[[nodiscard]] constexpr std::chrono::nanoseconds time_waited() noexcept { return std::chrono::nanoseconds(0); }

}  // namespace batpak::base

#endif
