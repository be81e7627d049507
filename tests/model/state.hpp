// Everything that can differ: the disk, the process that has the store open, and what is owed to its users.
#pragma once

#include <array>
#include <cassert>

#include "model/disk.hpp"

namespace batpak::model {

// An array with a length, for copying a state is most of the work.
template <class T, std::size_t capacity>
class List {
 public:
  void push_back(const T& item) {
    assert(size_ < capacity);
    items_[size_++] = item;
  }
  void erase_front() {
    for (std::size_t i = 1; i < size_; ++i) items_[i - 1] = items_[i];
    --size_;
  }
  void clear() { size_ = 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  T& operator[](std::size_t i) { return items_[i]; }
  const T& operator[](std::size_t i) const { return items_[i]; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  [[nodiscard]] const T* begin() const { return items_.data(); }
  [[nodiscard]] const T* end() const { return items_.data() + size_; }

 private:
  std::array<T, capacity> items_{};
  std::uint8_t size_ = 0;
};

// What a process asks of the file system, one call each, and, from `look` on, what it does between calls.
enum class Call : std::uint8_t {
  make_store_directory,
  lock,
  make_log_directory,
  remove_segment,  // a: number
  remove_next,
  create_next,
  allocate_next,  // a: slots
  write_header,   // a: number, b: events before
  sync_next,
  rename_next,  // a: number
  sync_log,
  write_commit,  // a: commit
  write_again,   // a: segment, b and c: slots from and to
  sync_data,     // a: segment
  sync_all,      // a: segment
  allocate,      // a: segment, b: slots
  cut,           // a: segment, b: slots that stay, c: 1 when a tail goes
  remove_next_meta,
  create_next_meta,
  write_next_meta,
  sync_next_meta,
  rename_next_meta,
  sync_root,
  sync_parent,
  make_quarantine,
  create_kept_tail,
  write_kept_tail,
  sync_kept_tail,
  sync_quarantine,
  create_live,
  write_live,
  // What follows asks nothing of the file system.
  look,         // what is there, and go on as that asks
  recover,      // read the log, and go on as that asks
  acknowledge,  // tell users and readers that the log is durable up to a, b (segment, slot)
  opened,       // the store is open: what it shows is promised, and guarded
  guard,        // all before a, b must be safe from rot unnoticed
  closed,
};

struct Step {
  Call call = Call::look;
  std::uint8_t a = 0;
  std::uint8_t b = 0;
  std::uint8_t c = 0;
};
using Plan = List<Step, 56>;

struct Process {
  bool running = false;
  bool open = false;  // takes requests when its plan is done
  Plan plan;          // the calls to come
  std::uint8_t next_file = none;
  MetaFile next_meta;
  std::uint8_t store = 0;
  // The writer's memory.
  Point end;
  Point durable;
  std::uint8_t events = 0;
  std::uint8_t previous = none;
  bool ends_in_mark = false;
  // How far the copy of a tail is safe.
  bool tail_written = false;
  bool tail_synced = false;
  bool tail_named = false;
};

struct State {
  static constexpr std::size_t commits_max = 60;

  Disk disk;
  List<Commit, commits_max> commits;
  Process process;
  bool finished = false;  // the store refused, and may: nothing more happens
  // How much of the bounds is used up.
  std::uint8_t appends = 0;
  std::uint8_t faults = 0;
  std::uint8_t rots = 0;

  std::uint8_t add(const Commit& commit) {
    commits.push_back(commit);
    return static_cast<std::uint8_t>(commits.size() - 1);
  }
};

}  // namespace batpak::model
