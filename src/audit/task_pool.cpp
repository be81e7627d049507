#include "audit/task_pool.hpp"

#include <system_error>
#include <utility>

namespace batpak::audit {

TaskPool::TaskPool(unsigned threads) : threads_(threads == 0 ? base::Thread::hardware_count() : threads) {
  for (unsigned i = 1; i < threads_; ++i) {
    try {
      workers_.emplace_back([this, i] { work(i); });
    } catch (const std::system_error&) {
      threads_ = i;  // the system has no more, and the work can be done by those there are
    }
  }
}

TaskPool::~TaskPool() {
  {
    const base::Lock lock(mutex_);
    stopping_ = true;
    waiting_.clear();
  }
  waiting_changed_.notify_all();
}

std::shared_ptr<TaskPool::Task> TaskPool::submit(Body body) {
  auto task = std::make_shared<Task>();
  task->body_ = std::move(body);
  {
    const base::Lock lock(mutex_);
    waiting_.push_back(task);
  }
  waiting_changed_.notify_one();
  return task;
}

void TaskPool::finish(const std::shared_ptr<Task>& task) {
  base::Lock lock(mutex_);
  while (!task->done_) {
    if (waiting_.empty()) {
      task_done_.wait(lock);
      continue;
    }
    const std::shared_ptr<Task> other = take_oldest();
    lock.unlock();
    run(*other, 0);
    lock.lock();
  }
}

void TaskPool::work(unsigned thread) {
  base::Lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      waiting_changed_.wait(lock);
      continue;
    }
    const std::shared_ptr<Task> task = take_oldest();
    lock.unlock();
    run(*task, thread);
    lock.lock();
  }
}

std::shared_ptr<TaskPool::Task> TaskPool::take_oldest() {
  std::shared_ptr<Task> task = std::move(waiting_.front());
  waiting_.pop_front();
  return task;
}

void TaskPool::run(Task& task, unsigned thread) {
  task.body_(thread);
  task.body_ = nullptr;  // what it holds goes before others hear of its end
  const base::Lock lock(mutex_);
  task.done_ = true;
  task_done_.notify_all();
}

}  // namespace batpak::audit
