// Threads that work on tasks, and a caller who helps them while it waits.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/sync.hpp"

namespace batpak::audit {

// With one thread there is no other than the caller's: tasks then run when they are waited for.
//
// Threads: one caller submits and waits; the bodies run on any.
class TaskPool {
 public:
  // Gets the number of the thread it runs on, below threads().
  using Body = std::function<void(unsigned)>;

  class Task {
   private:
    friend class TaskPool;
    Body body_;          // belongs to whoever submitted or runs the task
    bool done_ = false;  // guarded by the pool's mutex
  };

  // 0: as many threads as there are cores. Where the system cannot start so many, the pool has fewer.
  explicit TaskPool(unsigned threads);
  ~TaskPool();
  TaskPool(const TaskPool&) = delete;
  TaskPool& operator=(const TaskPool&) = delete;

  [[nodiscard]] unsigned threads() const noexcept { return threads_; }
  [[nodiscard]] std::shared_ptr<Task> submit(Body body) BATPAK_EXCLUDES(mutex_);
  // Returns when the task is done, and works on what waits until then.
  void finish(const std::shared_ptr<Task>& task) BATPAK_EXCLUDES(mutex_);

 private:
  void work(unsigned thread) BATPAK_EXCLUDES(mutex_);
  // The oldest waiting task. Precondition: there is one.
  [[nodiscard]] std::shared_ptr<Task> take_oldest() BATPAK_REQUIRES(mutex_);
  void run(Task& task, unsigned thread) BATPAK_EXCLUDES(mutex_);

  unsigned threads_;
  base::Mutex mutex_;
  base::ConditionVariable waiting_changed_;
  base::ConditionVariable task_done_;
  std::deque<std::shared_ptr<Task>> waiting_ BATPAK_GUARDED_BY(mutex_);
  bool stopping_ BATPAK_GUARDED_BY(mutex_) = false;
  std::vector<base::Thread> workers_;  // last: they end before what they use
};

}  // namespace batpak::audit
