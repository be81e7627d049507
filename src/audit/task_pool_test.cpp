#include "audit/task_pool.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

namespace batpak::audit {
namespace {

TEST(TaskPool, waits_for_a_task_that_another_thread_is_at) {
  TaskPool pool(2);
  for (int round = 0; round < 20; ++round) {
    base::Atomic<int> begun{0};
    bool ended = false;
    const auto slow = pool.submit([&](unsigned) {
      begun.store(1, std::memory_order_release);
      for (int turn = 0; turn < 20'000; ++turn) begun.fetch_add(1, std::memory_order_release);  // it takes a while
      ended = true;
    });
    while (begun.load(std::memory_order_acquire) == 0) {
    }
    pool.finish(slow);
    EXPECT_TRUE(ended);
  }
}

TEST(TaskPool, works_on_what_waits_while_it_waits) {
  TaskPool alone(1);
  std::vector<int> order;
  std::vector<std::shared_ptr<TaskPool::Task>> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(alone.submit([&order, i](unsigned) { order.push_back(i); }));
  alone.finish(tasks[3]);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  alone.finish(tasks[4]);
  alone.finish(tasks[0]);
  EXPECT_EQ(order.size(), 5U);
}

TEST(TaskPool, goes_on_with_the_threads_that_can_be_started) {
  pthread_attr_t usual;
  ASSERT_EQ(pthread_getattr_default_np(&usual), 0);
  pthread_attr_t immense;
  ASSERT_EQ(pthread_attr_init(&immense), 0);
  ASSERT_EQ(pthread_attr_setstacksize(&immense, std::size_t{1} << 50U), 0);  // more than there are addresses
  ASSERT_EQ(pthread_setattr_default_np(&immense), 0);
  TaskPool alone(8);
  ASSERT_EQ(pthread_setattr_default_np(&usual), 0);
  EXPECT_EQ(alone.threads(), 1U);
  std::vector<unsigned> run_on;
  alone.finish(alone.submit([&](unsigned thread) { run_on.push_back(thread); }));
  EXPECT_EQ(run_on, std::vector<unsigned>{0});
  pthread_attr_destroy(&immense);
  pthread_attr_destroy(&usual);
}

TEST(TaskPool, ends_with_tasks_that_were_never_begun) {
  int begun = 0;
  {
    TaskPool alone(1);
    static_cast<void>(alone.submit([&](unsigned) { ++begun; }));
  }
  EXPECT_EQ(begun, 0);
}

}  // namespace
}  // namespace batpak::audit
