#include "base/explored/schedule.hpp"

#include <cxxabi.h>
#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "base/explored/explorer.hpp"

namespace batpak::base::explored {

void Contention::touch(ObjectId object, ThreadNumber thread, bool changes) {
  Use& use = uses_[object];
  const bool before = use.is_contended();
  use.threads |= std::uint64_t{1} << std::min<ThreadNumber>(thread, 63);
  use.changed = use.changed || changes;
  if (!before && use.is_contended()) ++count_;
}

bool Contention::is_contended(ObjectId object) const {
  const auto found = uses_.find(object);
  return found != uses_.end() && found->second.is_contended();
}

namespace {

using seam::Access;
using seam::MutexState;
using seam::nobody;
using seam::Object;
using std::chrono::nanoseconds;

// Large enough for a store's deepest calls; touched pages only cost memory.
constexpr std::size_t stack_bytes = 512U << 10;
constexpr std::size_t threads_max = 1000;

enum class Act : std::uint8_t {
  begin,
  start,
  join,
  lock,
  unlock,
  wait,
  wait_for,
  wake,
  notify_one,
  notify_all,
  load,
  store,
  change,
  wait_on,
  notify_one_on,
  notify_all_on
};

const char* name_of(Act act) {
  switch (act) {
    case Act::begin: return "begins";
    case Act::start: return "starts thread";
    case Act::join: return "joins thread";
    case Act::lock: return "locks mutex";
    case Act::unlock: return "unlocks mutex";
    case Act::wait: return "waits for condition";
    case Act::wait_for: return "waits a while for condition";
    case Act::wake: return "wakes and wants mutex";
    case Act::notify_one: return "notifies one of condition";
    case Act::notify_all: return "notifies all of condition";
    case Act::load: return "loads atomic";
    case Act::store: return "stores atomic";
    case Act::change: return "changes atomic";
    case Act::wait_on: return "waits on atomic";
    case Act::notify_one_on: return "notifies one on atomic";
    case Act::notify_all_on: return "notifies all on atomic";
  }
  return "";
}

// What a thread does when it goes on, or did.
struct Operation {
  Act act = Act::begin;
  const void* object = nullptr;
  ObjectId id;
  MutexState* mutex = nullptr;   // that must be free
  ThreadNumber thread = nobody;  // that must have ended
  std::source_location where = std::source_location::current();
};

std::string text_of(ObjectId id) {
  if (id.maker == nobody) return "outside." + std::to_string(id.number);
  return std::to_string(id.maker) + "." + std::to_string(id.number);
}

std::string text_of(const std::source_location& where) {
  std::string_view file = where.file_name();
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos && slash > 0) {
    if (const auto before = file.rfind('/', slash - 1); before != std::string_view::npos) file.remove_prefix(before + 1);
  }
  return std::string(file) + ":" + std::to_string(where.line());
}

std::string text_of(const Operation& operation) {
  std::string text = name_of(operation.act);
  if (operation.thread != nobody) {
    text += " " + std::to_string(operation.thread);
  } else if (operation.act != Act::begin) {
    text += " " + text_of(operation.id);
  }
  return text + "  (" + text_of(operation.where) + ")";
}

// What the C++ runtime keeps for each thread about exceptions in flight (a pointer and a number, by the C++ ABI); fibers need
// their own. All zero: none.
using ExceptionState = std::array<std::byte, sizeof(void*) + sizeof(unsigned int)>;

ExceptionState swap_exception_state(const ExceptionState& next) {
  ExceptionState now;
  void* const place = static_cast<void*>(abi::__cxa_get_globals());
  std::memcpy(now.data(), place, now.size());
  std::memcpy(place, next.data(), next.size());
  return now;
}

using Stack = std::unique_ptr<std::byte[]>;

std::vector<Stack>& spare_stacks() {
  static std::vector<Stack> stacks;
  return stacks;
}

Stack take_stack() {
  if (spare_stacks().empty()) return Stack(new std::byte[stack_bytes]);
  Stack stack = std::move(spare_stacks().back());
  spare_stacks().pop_back();
  return stack;
}

struct ThreadState {
  enum class Status : std::uint8_t { ready, waiting, ended };

  ThreadNumber number = 0;
  Status status = Status::ready;
  std::function<void()> body;
  Stack stack;
  ucontext_t context{};
  ExceptionState exceptions{};
  Operation next;
  // While waiting, for a condition or on an atomic.
  std::uint64_t since_step = 0;
  std::optional<nanoseconds> deadline;
  bool ran_out = false;
  const std::function<bool()>* changed = nullptr;
  std::uint32_t objects = 0;  // made so far
  std::uint32_t uninterrupted = 0;

  [[nodiscard]] bool is_waiting() const noexcept { return status == Status::waiting; }
};

// The threads of a run; or those of the program outside of any, which take turns only where one has to wait.
class World {
 public:
  World() { add_thread(); }  // the program's own thread
  World(const std::function<void()>& body, Chooser& chooser, const RunOptions& options)
      : chooser_(&chooser), options_(&options) {
    add_thread().body = body;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() {
    for (auto& thread : threads_) {
      if (thread->stack) spare_stacks().push_back(std::move(thread->stack));
    }
  }

  [[nodiscard]] bool is_run() const noexcept { return chooser_ != nullptr; }
  [[nodiscard]] ThreadState& running() noexcept { return *running_; }
  [[nodiscard]] nanoseconds now() const noexcept { return now_; }
  [[nodiscard]] Outcome& outcome() noexcept { return outcome_; }

  // From outside, until all threads have ended or one has failed.
  void run_to_the_end();
  [[noreturn]] void run_body();

  ThreadNumber start(std::function<void()> body, std::source_location where);
  // The running thread is about to do this; others may be first. On return it does it.
  void before(const Operation& operation);
  // The running thread sleeps until woken, `next` then being what it goes on with.
  void sleep(const Operation& next);
  void notify(const void* object, bool all);
  [[noreturn]] void fail(std::string what);
  void say(std::string_view what);

 private:
  ThreadState& add_thread();
  [[nodiscard]] bool is_enabled(const ThreadState& thread) const noexcept;
  void choose_next();
  void list_options(std::vector<Option>& options) const;
  std::size_t choose(const std::vector<Option>& options);
  [[nodiscard]] bool pass_time();
  void wake(ThreadState& thread);
  void switch_to(ThreadState& next);
  void do_it(const Operation& operation);
  [[nodiscard]] std::string report() const;

  Chooser* chooser_ = nullptr;
  const RunOptions* options_ = nullptr;
  ucontext_t outside_{};
  ExceptionState outside_exceptions_{};
  std::vector<std::unique_ptr<ThreadState>> threads_;
  ThreadState* running_ = nullptr;
  std::size_t alive_ = 0;
  nanoseconds now_{0};
  std::uint64_t waits_run_out_ = 0;
  std::vector<Option> option_list_;
  struct Notification {
    std::uint64_t step;
    ThreadNumber by;
  };
  std::unordered_map<const void*, Notification> notifications_;
  Outcome outcome_;
};

World& outer_world() {
  static World world;
  return world;
}

World* run_world = nullptr;
std::uint32_t objects_outside = 0;

World& world() { return run_world != nullptr ? *run_world : outer_world(); }

void enter_thread() { world().run_body(); }

ThreadState& World::add_thread() {
  threads_.push_back(std::make_unique<ThreadState>());
  ThreadState& thread = *threads_.back();
  thread.number = static_cast<ThreadNumber>(threads_.size() - 1);
  if (running_ == nullptr) running_ = &thread;
  ++alive_;
  ++outcome_.threads;
  return thread;
}

ThreadNumber World::start(std::function<void()> body, std::source_location where) {
  if (threads_.size() == threads_max) fail("too many threads");
  ThreadState& thread = add_thread();
  thread.body = std::move(body);
  thread.next.where = where;
  Operation operation;
  operation.act = Act::start;
  operation.thread = thread.number;
  operation.where = where;
  do_it(operation);
  return thread.number;
}

void World::run_body() {
  ThreadState& self = *running_;
  if (is_run()) do_it(self.next);
  try {
    self.body();
    self.body = nullptr;
  } catch (const std::exception& error) {
    fail(std::string("a thread ended with an exception: ") + error.what());
  } catch (...) {
    fail("a thread ended with an exception");
  }
  self.status = ThreadState::Status::ended;
  --alive_;
  if (alive_ == 0) {
    static_cast<void>(swap_exception_state(outside_exceptions_));
    setcontext(&outside_);
  }
  choose_next();
  std::abort();  // an ended thread is never gone back to
}

void World::run_to_the_end() {
  ThreadState& first = *running_;
  outside_exceptions_ = swap_exception_state({});
  first.stack = take_stack();
  getcontext(&first.context);
  first.context.uc_stack = {.ss_sp = first.stack.get(), .ss_flags = 0, .ss_size = stack_bytes};
  first.context.uc_link = nullptr;
  makecontext(&first.context, enter_thread, 0);
  swapcontext(&outside_, &first.context);
  outcome_.time = now_;
}

void World::switch_to(ThreadState& next) {
  ThreadState& last = *running_;
  if (&next == &last) return;
  running_ = &next;
  if (!next.stack && next.body) {
    next.stack = take_stack();
    getcontext(&next.context);
    next.context.uc_stack = {.ss_sp = next.stack.get(), .ss_flags = 0, .ss_size = stack_bytes};
    next.context.uc_link = nullptr;
    makecontext(&next.context, enter_thread, 0);
  }
  last.exceptions = swap_exception_state(next.exceptions);
  swapcontext(&last.context, &next.context);
}

bool World::is_enabled(const ThreadState& thread) const noexcept {
  if (thread.status != ThreadState::Status::ready) return false;
  if (thread.next.mutex != nullptr) return thread.next.mutex->owner == nobody;
  if (thread.next.act == Act::join) return threads_[thread.next.thread]->status == ThreadState::Status::ended;
  return true;
}

void World::list_options(std::vector<Option>& options) const {
  options.clear();
  const bool goes_on = is_enabled(*running_);
  if (goes_on) options.push_back({.kind = Option::Kind::go_on, .thread = running_->number});
  for (const auto& thread : threads_) {
    if (thread.get() == running_ || !is_enabled(*thread)) continue;
    options.push_back({.kind = goes_on ? Option::Kind::preempt : Option::Kind::take_over, .thread = thread->number});
  }
  if (!is_run() || options.empty()) return;
  for (const auto& thread : threads_) {
    if (!thread->is_waiting()) continue;
    if (options_->early_timeouts && thread->deadline) {
      options.push_back({.kind = Option::Kind::run_out, .thread = thread->number});
    }
    if (options_->spurious_wakes && thread->changed == nullptr) {
      options.push_back({.kind = Option::Kind::wake_early, .thread = thread->number});
    }
  }
}

std::size_t World::choose(const std::vector<Option>& options) {
  if (options.size() < 2 || !is_run()) return 0;
  if (options.front().kind == Option::Kind::go_on && running_->uninterrupted > 0) return 0;
  const Operation& next = running_->next;
  const bool contended =
      options.front().kind != Option::Kind::go_on ||
      (next.object != nullptr && (options_->contention == nullptr || options_->contention->is_contended(next.id)));
  const Point point{.number = outcome_.points++, .running = running_->number, .contended = contended, .options = options};
  if (contended) ++outcome_.contended_points;
  const std::size_t chosen = chooser_->choose(point);
  if (chosen >= options.size()) fail("the schedule does not fit this run: there is no option " + std::to_string(chosen));
  if (chosen != 0) {
    if (!outcome_.schedule.empty()) outcome_.schedule += ',';
    outcome_.schedule += std::to_string(point.number) + ":" + std::to_string(chosen);
  }
  return chosen;
}

// Nobody can go on: the earliest wait with a limit ends.
bool World::pass_time() {
  ThreadState* first = nullptr;
  for (const auto& thread : threads_) {
    if (!thread->is_waiting() || !thread->deadline) continue;
    if (first == nullptr || *thread->deadline < *first->deadline) first = thread.get();
  }
  if (first == nullptr) return false;
  now_ = std::max(now_, *first->deadline);
  first->ran_out = true;
  if (is_run() && ++waits_run_out_ > options_->waits_run_out_max) {
    fail("only waits with a limit end any more, again and again:\n" + report());
  }
  wake(*first);
  return true;
}

void World::wake(ThreadState& thread) {
  thread.status = ThreadState::Status::ready;
  thread.deadline.reset();
}

void World::choose_next() {
  while (true) {
    list_options(option_list_);
    if (option_list_.empty()) {
      if (!pass_time()) fail("no thread can go on:\n" + report());
      continue;
    }
    const Option option = option_list_[choose(option_list_)];
    ThreadState& thread = *threads_[option.thread];
    if (option.kind == Option::Kind::run_out) {
      now_ = std::max(now_, *thread.deadline);
      thread.ran_out = true;
      say("(the wait of thread " + std::to_string(option.thread) + " runs out)");
      wake(thread);
      continue;
    }
    if (option.kind == Option::Kind::wake_early) {
      say("(thread " + std::to_string(option.thread) + " wakes without being notified)");
      wake(thread);
      continue;
    }
    switch_to(thread);
    return;
  }
}

void World::do_it(const Operation& operation) {
  ++outcome_.steps;
  if (!is_run()) return;
  if (outcome_.steps > options_->steps_max) fail("too many steps:\n" + report());
  const bool counts = alive_ > 1 && running_->uninterrupted == 0;
  if (options_->contention != nullptr && operation.object != nullptr && counts) {
    const bool changes = operation.act != Act::load && operation.act != Act::wait_on;
    options_->contention->touch(operation.id, running_->number, changes);
  }
  if (options_->trace) say(text_of(operation));
}

void World::say(std::string_view what) {
  if (!is_run() || !options_->trace) return;
  std::string step = std::to_string(outcome_.steps);
  step.insert(0, 6 - std::min<std::size_t>(step.size(), 6), ' ');
  std::string line = step + "  thread " + std::to_string(running_->number) + "  ";
  line.append(2 * std::min<std::size_t>(running_->number, 8), ' ');
  options_->trace(line += what);
}

void World::before(const Operation& operation) {
  running_->next = operation;
  if (is_run() || !is_enabled(*running_)) choose_next();
  do_it(operation);
}

void World::sleep(const Operation& next) {
  running_->status = ThreadState::Status::waiting;
  running_->since_step = outcome_.steps;
  running_->next = next;
  choose_next();
}

void World::notify(const void* object, bool all) {
  if (is_run()) notifications_[object] = {.step = outcome_.steps, .by = running_->number};
  std::vector<Option> waiters;
  for (const auto& thread : threads_) {
    if (thread->is_waiting() && thread->next.object == object) {
      waiters.push_back({.kind = Option::Kind::be_notified, .thread = thread->number});
    }
  }
  if (waiters.empty()) return;
  if (all) {
    for (const Option& waiter : waiters) wake(*threads_[waiter.thread]);
  } else {
    wake(*threads_[waiters[choose(waiters)].thread]);
  }
}

void World::fail(std::string what) {
  if (!is_run()) {
    std::fprintf(stderr, "%s\n", what.c_str());
    std::abort();
  }
  outcome_.failure =
      "thread " + std::to_string(running_->number) + ", step " + std::to_string(outcome_.steps) + ": " + std::move(what);
  // The threads stay where they are, for ever.
  static_cast<void>(swap_exception_state(outside_exceptions_));
  setcontext(&outside_);
  std::abort();
}

std::string World::report() const {
  std::string text;
  for (const auto& thread : threads_) {
    if (thread->status == ThreadState::Status::ended) continue;
    text += "  thread " + std::to_string(thread->number) + " " + text_of(thread->next);
    if (thread->next.mutex != nullptr && !thread->is_waiting() && thread->next.mutex->owner != nobody) {
      text += ", which thread " + std::to_string(thread->next.mutex->owner) + " holds";
    }
    if (thread->is_waiting()) {
      text += ", asleep since step " + std::to_string(thread->since_step);
      const auto told = notifications_.find(thread->next.object);
      if (told == notifications_.end()) {
        text += "; nobody ever notified";
      } else {
        text +=
            "; thread " + std::to_string(told->second.by) + " notified last, in step " + std::to_string(told->second.step);
      }
      if (thread->changed != nullptr && (*thread->changed)()) text += "; the value HAS changed, and nobody told";
    }
    text += "\n";
  }
  return text;
}

Operation operation_on(Act act, const Object& object, std::source_location where) {
  Operation operation;
  operation.act = act;
  operation.object = &object;
  operation.id = object.id;
  operation.where = where;
  return operation;
}

// One that is at an end may lie in memory that is in use again.
void check_alive(const Object& object, Act act, std::source_location where) {
  if (object.alive == seam::alive_mark) return;
  world().fail(std::string("something is used after its end: ") + name_of(act) + "  (" + text_of(where) + ")");
}

void before_operation_on(Act act, const Object& object, std::source_location where) {
  check_alive(object, act, where);
  if (!world().is_run()) return;
  world().before(operation_on(act, object, where));
  check_alive(object, act, where);  // others may have been first
}

bool sleep_for_condition(Act act, Object& condition, MutexState& mutex, std::optional<nanoseconds> limit,
                         std::source_location where) {
  before_operation_on(act, condition, where);
  World& here = world();
  ThreadState& self = here.running();
  if (mutex.owner != self.number) here.fail("a wait for a condition without holding the mutex  (" + text_of(where) + ")");
  mutex.owner = nobody;
  self.ran_out = false;
  if (limit) {
    const nanoseconds longest = nanoseconds::max() - here.now();
    self.deadline = here.now() + std::clamp(*limit, nanoseconds(0), longest);
  }
  Operation next = operation_on(Act::wake, condition, where);
  next.mutex = &mutex;
  here.sleep(next);
  mutex.owner = self.number;
  self.next.mutex = nullptr;
  return !self.ran_out;
}

}  // namespace

Outcome run(const std::function<void()>& body, Chooser& chooser, const RunOptions& options) {
  if (run_world != nullptr) fail("a run within a run");
  chooser.begin();
  World world_of_run(body, chooser, options);
  run_world = &world_of_run;
  world_of_run.run_to_the_end();
  run_world = nullptr;
  return std::move(world_of_run.outcome());
}

void fail(std::string_view what, std::source_location where) {
  world().fail(std::string(what) + "  (" + text_of(where) + ")");
}

Uninterrupted::Uninterrupted() { ++world().running().uninterrupted; }
Uninterrupted::~Uninterrupted() { --world().running().uninterrupted; }

bool is_running() noexcept { return run_world != nullptr; }
std::string_view schedule_so_far() noexcept {
  return run_world == nullptr ? std::string_view() : std::string_view(run_world->outcome().schedule);
}
ThreadNumber running_thread() noexcept { return world().running().number; }
void note(std::string_view what) { world().say(what); }
nanoseconds now() noexcept { return world().now(); }

namespace seam {

Object make_object() noexcept {
  if (run_world == nullptr) return {.id = {.maker = nobody, .number = objects_outside++}, .alive = alive_mark};
  ThreadState& maker = run_world->running();
  return {.id = {.maker = maker.number, .number = maker.objects++}, .alive = alive_mark};
}

void lock(MutexState& mutex, std::source_location where) {
  check_alive(mutex.object, Act::lock, where);
  World& here = world();
  if (mutex.owner == here.running().number) here.fail("a thread locks a mutex that it holds  (" + text_of(where) + ")");
  Operation operation = operation_on(Act::lock, mutex.object, where);
  operation.mutex = &mutex;
  here.before(operation);
  check_alive(mutex.object, Act::lock, where);
  mutex.owner = here.running().number;
  here.running().next.mutex = nullptr;
}

void unlock(MutexState& mutex, std::source_location where) {
  check_alive(mutex.object, Act::unlock, where);
  World& here = world();
  if (mutex.owner != here.running().number)
    here.fail("a thread unlocks a mutex that it does not hold  (" + text_of(where) + ")");
  mutex.owner = nobody;
  if (here.is_run()) here.say(text_of(operation_on(Act::unlock, mutex.object, where)));
}

void wait(Object& condition, MutexState& mutex, std::source_location where) {
  static_cast<void>(sleep_for_condition(Act::wait, condition, mutex, {}, where));
}

bool wait_for(Object& condition, MutexState& mutex, nanoseconds limit, std::source_location where) {
  return sleep_for_condition(Act::wait_for, condition, mutex, limit, where);
}

void notify_one(const Object& condition, std::source_location where) {
  before_operation_on(Act::notify_one, condition, where);
  world().notify(&condition, false);
}

void notify_all(const Object& condition, std::source_location where) {
  before_operation_on(Act::notify_all, condition, where);
  world().notify(&condition, true);
}

void before_access(const Object& atomic, Access access, std::source_location where) {
  const Act act = access == Access::load ? Act::load : access == Access::store ? Act::store : Act::change;
  before_operation_on(act, atomic, where);
}

void wait_on(const Object& atomic, const std::function<bool()>& changed, std::source_location where) {
  before_operation_on(Act::wait_on, atomic, where);
  World& here = world();
  ThreadState& self = here.running();
  while (!changed()) {
    self.changed = &changed;
    here.sleep(operation_on(Act::wait_on, atomic, where));
    self.changed = nullptr;
    check_alive(atomic, Act::wait_on, where);
  }
}

void notify_one_on(const Object& atomic, std::source_location where) {
  before_operation_on(Act::notify_one_on, atomic, where);
  world().notify(&atomic, false);
}

void notify_all_on(const Object& atomic, std::source_location where) {
  before_operation_on(Act::notify_all_on, atomic, where);
  world().notify(&atomic, true);
}

ThreadNumber start(std::function<void()> body, std::source_location where) { return world().start(std::move(body), where); }

void join(ThreadNumber thread, std::source_location where) {
  Operation operation;
  operation.act = Act::join;
  operation.thread = thread;
  operation.where = where;
  world().before(operation);
}

}  // namespace seam
}  // namespace batpak::base::explored
