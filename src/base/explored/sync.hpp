// The seam for threads on a controlled scheduler; base/sync.hpp includes it in a build with BATPAK_EXPLORED.
#pragma once

#include <chrono>
#include <functional>
#include <source_location>
#include <type_traits>
#include <utility>

#include "base/explored/schedule.hpp"

namespace batpak::base {

class BATPAK_CAPABILITY Mutex {
 public:
  Mutex() : state_{.object = explored::seam::make_object(), .owner = explored::seam::nobody} {}
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  ~Mutex() { *static_cast<volatile std::uint32_t*>(&state_.object.alive) = 0; }

  void lock(std::source_location where = std::source_location::current()) BATPAK_ACQUIRE() {
    explored::seam::lock(state_, where);
  }
  void unlock(std::source_location where = std::source_location::current()) BATPAK_RELEASE() {
    explored::seam::unlock(state_, where);
  }

 private:
  friend class ConditionVariable;
  explored::seam::MutexState state_;
};

// Holds a mutex for a scope; may be released and taken again in between.
class BATPAK_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex, std::source_location where = std::source_location::current()) BATPAK_ACQUIRE(mutex)
      : mutex_(mutex) {
    mutex_.lock(where);
  }
  ~Lock() BATPAK_RELEASE() {
    if (held_) mutex_.unlock();
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  void unlock(std::source_location where = std::source_location::current()) BATPAK_RELEASE() {
    held_ = false;
    mutex_.unlock(where);
  }
  void lock(std::source_location where = std::source_location::current()) BATPAK_ACQUIRE() {
    mutex_.lock(where);
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
  ConditionVariable() : object_(explored::seam::make_object()) {}
  ConditionVariable(const ConditionVariable&) = delete;
  ConditionVariable& operator=(const ConditionVariable&) = delete;
  ~ConditionVariable() { *static_cast<volatile std::uint32_t*>(&object_.alive) = 0; }

  void notify_one(std::source_location where = std::source_location::current()) noexcept {
    explored::seam::notify_one(object_, where);
  }
  void notify_all(std::source_location where = std::source_location::current()) noexcept {
    explored::seam::notify_all(object_, where);
  }
  // Precondition: `lock` is held by this thread. It is released while waiting and held again on return.
  void wait(Lock& lock, std::source_location where = std::source_location::current()) {
    explored::seam::wait(object_, lock.mutex_.state_, where);
  }
  // Returns false when the time is over.
  bool wait_for(Lock& lock, std::chrono::nanoseconds limit, std::source_location where = std::source_location::current()) {
    return explored::seam::wait_for(object_, lock.mutex_.state_, limit, where);
  }

 private:
  explored::seam::Object object_;
};

// An atomic number whose every access names its order, which is ignored here: all threads see each access at once.
template <class T>
class Atomic {
 public:
  constexpr Atomic() : Atomic(T{}) {}
  constexpr explicit Atomic(T value) : value_(value) {
    if (std::is_constant_evaluated()) {
      object_.alive = explored::seam::alive_mark;
    } else {
      object_ = explored::seam::make_object();
    }
  }
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;
  constexpr ~Atomic() {
    // Volatile: the mark must be gone although nobody may look any more.
    if (!std::is_constant_evaluated()) *static_cast<volatile std::uint32_t*>(&object_.alive) = 0;
  }

  [[nodiscard]] T load(std::memory_order, std::source_location where = std::source_location::current()) const noexcept {
    explored::seam::before_access(object_, Access::load, where);
    return value_;
  }
  void store(T value, std::memory_order, std::source_location where = std::source_location::current()) noexcept {
    explored::seam::before_access(object_, Access::store, where);
    value_ = value;
  }
  T exchange(T value, std::memory_order, std::source_location where = std::source_location::current()) noexcept {
    explored::seam::before_access(object_, Access::change, where);
    return std::exchange(value_, value);
  }
  T fetch_add(T by, std::memory_order, std::source_location where = std::source_location::current()) noexcept {
    explored::seam::before_access(object_, Access::change, where);
    return std::exchange(value_, static_cast<T>(value_ + by));
  }
  T fetch_sub(T by, std::memory_order, std::source_location where = std::source_location::current()) noexcept {
    explored::seam::before_access(object_, Access::change, where);
    return std::exchange(value_, static_cast<T>(value_ - by));
  }
  bool compare_exchange(T& expected, T desired, std::memory_order,
                        std::source_location where = std::source_location::current()) noexcept {
    explored::seam::before_access(object_, Access::change, where);
    if (value_ == expected) {
      value_ = desired;
      return true;
    }
    expected = value_;
    return false;
  }
  // Blocks while the value equals `old`.
  void wait(T old, std::memory_order, std::source_location where = std::source_location::current()) const noexcept {
    explored::seam::wait_on(object_, [this, old] { return value_ != old; }, where);
  }
  void notify_all(std::source_location where = std::source_location::current()) noexcept {
    explored::seam::notify_all_on(object_, where);
  }
  void notify_one(std::source_location where = std::source_location::current()) noexcept {
    explored::seam::notify_one_on(object_, where);
  }

 private:
  using Access = explored::seam::Access;
  T value_{};
  explored::seam::Object object_{};
};

// A thread that is joined when its handle goes.
class Thread {
 public:
  Thread() = default;
  explicit Thread(std::function<void()> body, std::source_location where = std::source_location::current())
      : number_(explored::seam::start(std::move(body), where)) {}
  Thread(Thread&& other) noexcept : number_(std::exchange(other.number_, explored::seam::nobody)) {}
  Thread& operator=(Thread&& other) noexcept {
    join();
    number_ = std::exchange(other.number_, explored::seam::nobody);
    return *this;
  }
  ~Thread() { join(); }
  void join(std::source_location where = std::source_location::current()) {
    if (number_ != explored::seam::nobody) explored::seam::join(std::exchange(number_, explored::seam::nobody), where);
  }
  [[nodiscard]] static unsigned hardware_count() noexcept { return 1; }

 private:
  explored::ThreadNumber number_ = explored::seam::nobody;
};

// How much time has passed in waits with a limit.
[[nodiscard]] inline std::chrono::nanoseconds time_waited() noexcept { return explored::now(); }

}  // namespace batpak::base
