// Runs threads one at a time, in an order that somebody chooses.
//
// In a build with BATPAK_EXPLORED the types of base/sync.hpp stand on this instead of the operating system: each thread is a
// fiber of the one real thread, and before each operation on a mutex, condition variable or atomic a *chooser* says which
// thread goes on. The same choices give the same run, so that a run can be found, printed, and repeated.
//
//   explored::RandomChooser chooser(seed);
//   const explored::Outcome outcome = explored::run([] {
//     platform::SimFs files;                       // everything a run touches is made inside of it
//     platform::SimClock clock;                    // goes on when threads wait with a limit
//     ...
//     base::Thread writer([&] { ... });            // threads as everywhere; the store's own are explored too
//     base::Thread reader([&] { ... });
//     writer.join();
//     explored::require(store.size() == 3, "an event is missing");
//   }, chooser);
//   if (outcome.failure) std::cerr << *outcome.failure << " by the schedule " << outcome.schedule;
//
// explorer.hpp has choosers and searches for many runs. Outside of a run threads take turns only where one has to wait, so
// that a program's main can use everything as well.
//
// Time is simulated: it stands still while any thread can go on, and jumps to the end of the earliest wait with a limit when
// none can. A run fails when no thread can ever go on again (the report says who waits for what), when it takes too many steps,
// when a thread ends with an exception, when something is used after its end, or by require(). What a failed run held stays
// allocated: its threads are left where they stand.
//
// What is explored is the order of operations, each seen by all at once. What weaker memory orders would allow beyond that
// is ThreadSanitizer's to find. Thread-local variables and the guards of static ones belong to all threads of a run together:
// nothing of base/sync.hpp may be used while one of them is initialised.
//
// Threads: one, the program's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

namespace batpak::base::explored {

// Threads of a run are numbered in the order of their start; 0 is the body of the run.
using ThreadNumber = std::uint32_t;

// What may happen next.
struct Option {
  enum class Kind : std::uint8_t {
    go_on,        // the thread that just ran continues
    take_over,    // another one runs, since the last one cannot
    preempt,      // another one runs though the last one could
    run_out,      // a wait with a limit ends early, as if this thread had been slow
    wake_early,   // a wait ends without having been notified
    be_notified,  // which of several waiters notify_one() wakes
  };
  Kind kind = Kind::go_on;
  ThreadNumber thread = 0;
};

// A moment where more than one thing may happen. The first option is what happens when nobody interferes.
struct Point {
  std::uint64_t number = 0;  // of the point in its run
  ThreadNumber running = 0;
  // What the running thread is about to touch is used by several threads and changed by at least one, as far as is known:
  // running others before other operations makes no difference.
  bool contended = true;
  std::span<const Option> options;
};

class Chooser {
 public:
  virtual ~Chooser() = default;
  // The number of an option. Each run begins with begin().
  virtual void begin() {}
  virtual std::size_t choose(const Point& point) = 0;
};

// A mutex, condition variable or atomic, by the thread that made it and how many that had made before: the same in most runs
// of one body.
struct ObjectId {
  ThreadNumber maker = 0;
  std::uint32_t number = 0;
  friend bool operator==(const ObjectId&, const ObjectId&) = default;
};

// Which objects are used by which threads, learned from all runs of one body.
class Contention {
 public:
  void touch(ObjectId object, ThreadNumber thread, bool changes);
  [[nodiscard]] bool is_contended(ObjectId object) const;
  // Grows when an object becomes contended.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  struct Use {
    std::uint64_t threads = 0;  // a bit each; those from 63 on share one
    bool changed = false;
    [[nodiscard]] bool is_contended() const noexcept { return changed && (threads & (threads - 1)) != 0; }
  };
  struct IdHash {
    std::size_t operator()(const ObjectId& id) const noexcept { return (std::size_t{id.maker} << 32U) | id.number; }
  };
  std::unordered_map<ObjectId, Use, IdHash> uses_;
  std::uint64_t count_ = 0;
};

struct RunOptions {
  std::uint64_t steps_max = 1'000'000;
  std::uint64_t waits_run_out_max = 2'000;  // with nobody else able to go on
  bool early_timeouts = false;              // offer run_out
  bool spurious_wakes = false;              // offer wake_early
  Contention* contention = nullptr;
  std::function<void(std::string_view)> trace;  // a line for each step
};

struct Outcome {
  std::optional<std::string> failure;  // what went wrong, in some lines
  std::string schedule;                // what ReplayChooser takes
  std::uint64_t steps = 0;
  std::uint64_t points = 0;
  std::uint64_t contended_points = 0;
  std::uint64_t threads = 0;
  std::chrono::nanoseconds time{0};  // simulated
};

// Runs `body` and whatever threads it starts to their end. Precondition: not within a run.
[[nodiscard]] Outcome run(const std::function<void()>& body, Chooser& chooser, const RunOptions& options = {});

// Within a run: ends it as failed, from any thread. Outside: ends the program.
[[noreturn]] void fail(std::string_view what, std::source_location where = std::source_location::current());
inline void require(bool holds, std::string_view what, std::source_location where = std::source_location::current()) {
  if (!holds) fail(what, where);
}
// While one lives, its thread is not interrupted unless it has to wait: for what a test does to look at the state, which others
// need not come in between of.
class Uninterrupted {
 public:
  Uninterrupted();
  ~Uninterrupted();
  Uninterrupted(const Uninterrupted&) = delete;
  Uninterrupted& operator=(const Uninterrupted&) = delete;
};

// Whether a run is going on.
[[nodiscard]] bool is_running() noexcept;
[[nodiscard]] ThreadNumber running_thread() noexcept;
// A line in the trace.
void note(std::string_view what);
// Simulated time since the run began.
[[nodiscard]] std::chrono::nanoseconds now() noexcept;

// What the types of base/sync.hpp are made of; nobody else calls these.
namespace seam {

struct Object {
  ObjectId id;
  std::uint32_t alive = 0;
};
inline constexpr std::uint32_t alive_mark = 0x5AFE0B1E;
inline constexpr ThreadNumber nobody = 0xFFFFFFFF;

struct MutexState {
  Object object;
  ThreadNumber owner = nobody;
};

[[nodiscard]] Object make_object() noexcept;
void lock(MutexState& mutex, std::source_location where);
void unlock(MutexState& mutex, std::source_location where);
void wait(Object& condition, MutexState& mutex, std::source_location where);
// Returns false when the time was over.
bool wait_for(Object& condition, MutexState& mutex, std::chrono::nanoseconds limit, std::source_location where);
void notify_one(const Object& condition, std::source_location where);
void notify_all(const Object& condition, std::source_location where);

enum class Access : std::uint8_t { load, store, change };
void before_access(const Object& atomic, Access access, std::source_location where);
void wait_on(const Object& atomic, const std::function<bool()>& changed, std::source_location where);
void notify_one_on(const Object& atomic, std::source_location where);
void notify_all_on(const Object& atomic, std::source_location where);

[[nodiscard]] ThreadNumber start(std::function<void()> body, std::source_location where);
void join(ThreadNumber thread, std::source_location where);

}  // namespace seam
}  // namespace batpak::base::explored
