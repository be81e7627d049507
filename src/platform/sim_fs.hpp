// A file system in memory that fails the way real ones do.
//
// What is written is seen at once and durable only once synced: content by the file's sync, names by sync_directory of their
// directory. kill() ends the process and leaves the page cache; crash() is a power loss, which leaves of the unsynced what a
// SimCrash says. Both leave every handle dead: its calls fail with io_error. Any number of kills and crashes may follow one
// another, and everything follows from the seeds given.
//
//   SimFs fs;
//   auto store = fs.create_directory("store").value();   // and so on with the code under test
//   fs.inject({.call = SimCall::sync, .nth = 3});         // its third sync fails
//   fs.crash(SimCrash::from_seed(7));                     // then the power fails
//   store = fs.open_directory("store").value();           // what is left?
//
// Paths begin at the root of the file system; "/store" and "store" are the same. SimFs itself is what one process sees;
// start_process() gives others beside it, which see the same files and page cache and live on when it is killed.
// Threads: any, also for the handles it gives out, which may outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "platform/file_system.hpp"
#include "platform/sim_crash.hpp"
#include "platform/sim_fault.hpp"

namespace batpak::platform {

class SimFs : public FileSystem {
 public:
  SimFs();
  ~SimFs() override;

  Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override;
  Result<std::shared_ptr<Directory>> create_directory(const std::string& path) override;

  // Another file system in the same state: same files, same page cache, no handle, lock, fault or record. For trying every
  // crash from one point.
  [[nodiscard]] std::unique_ptr<SimFs> copy() const;

  // Another process on the same machine. Killed by its destructor, and with all others by a crash.
  // Threads: any. May outlive the SimFs.
  class Process;
  [[nodiscard]] std::unique_ptr<Process> start_process();

  void crash(const SimCrash& crash);
  // Of the process that SimFs itself is for; the next one begins at once, with no handle and no lock.
  void kill();
  // What the system does by itself at any time: takes some unsynced sectors to the device.
  void write_back(std::uint64_t seed);
  // The same, but the device takes nothing and nobody is told: no later sync will take those sectors there. After kill() it is
  // the harshest that a page cache can do to the next process.
  void fail_write_back();
  // What it does when memory is short: lets go of cached bytes, so that those a failed sync left behind read as of old.
  void evict();

  // For calls of SimFs's own process. Faults add up; where several match a call, the one injected first decides.
  void inject(SimFault fault);
  void clear_faults();
  // Calls of all processes that a fault has changed so far.
  [[nodiscard]] std::uint64_t count_faults_met() const;
  // Whether SimFs's own process was stopped by a fault, and waits for kill() or crash().
  [[nodiscard]] bool is_stopped() const;
  // Called before each call of SimFs's own process, so that others act between any two of them. It may do anything with this
  // file system but call it as that process.
  void watch(std::function<void(SimCall)> watcher);
  // The medium is read-only from now on: calls that modify fail with read_only.
  void write_protect();

  // Calls that SimFs's own process made since the beginning or since clear_calls(), whether they failed or not.
  [[nodiscard]] std::vector<SimCallRecord> calls() const;
  [[nodiscard]] std::uint64_t count_calls() const;
  [[nodiscard]] std::uint64_t count_calls(SimCall call) const;
  void clear_calls();

  // For tests to look and meddle, past all faults, counts and handles. What they change is durable at once.
  [[nodiscard]] std::vector<std::string> list_files() const;  // all of them, sorted
  [[nodiscard]] Result<Bytes> read_file(std::string_view path) const;
  Result<void> write_file(std::string_view path, ByteView bytes);  // makes the directories that are missing
  Result<void> remove_file(std::string_view path);
  // Rot: one bit on the device and in the cache. Precondition of success: the offset is within the file.
  Result<void> flip_bit(std::string_view path, std::uint64_t offset, unsigned bit);
  // The sector of that offset can no longer be read, until it is written again. Mappings do not notice.
  Result<void> spoil_sector(std::string_view path, std::uint64_t offset);

 private:
  class Machine;
  class SimFile;
  class SimDirectory;
  class SimOwnerLock;
  explicit SimFs(std::shared_ptr<Machine> machine);
  [[nodiscard]] std::uint64_t own_process() const;
  static Result<std::shared_ptr<Directory>> open_as(const std::shared_ptr<Machine>& machine, std::uint64_t process,
                                                    const std::string& path);
  static Result<std::shared_ptr<Directory>> create_as(const std::shared_ptr<Machine>& machine, std::uint64_t process,
                                                      const std::string& path);

  std::shared_ptr<Machine> machine_;
};

class SimFs::Process : public FileSystem {
 public:
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() override;

  Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override;
  Result<std::shared_ptr<Directory>> create_directory(const std::string& path) override;
  void kill();
  // For calls of this process.
  void inject(SimFault fault);
  void clear_faults();

 private:
  friend class SimFs;
  Process(std::shared_ptr<Machine> machine, std::uint64_t number);

  std::shared_ptr<Machine> machine_;
  std::uint64_t number_;
};

}  // namespace batpak::platform
