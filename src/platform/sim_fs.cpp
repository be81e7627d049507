#include "platform/sim_fs.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>
#include <utility>

#include "base/sync.hpp"
#include "base/try.hpp"
#include "platform/sim_disk.hpp"
#include "platform/system_error.hpp"

namespace batpak::platform {
namespace {

constexpr const char* lock_name = "LOCK";

std::string joined(const std::string& directory, std::string_view name) {
  if (name == "." || name.empty()) return directory;
  std::string path = directory;
  if (!path.empty() && !path.ends_with('/')) path += '/';
  path += name;
  return path;
}

std::string_view without_leading_slash(std::string_view path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  return path;
}

int error_number_of(SimFault::Effect effect) noexcept {
  switch (effect) {
    case SimFault::Effect::no_space: return ENOSPC;
    case SimFault::Effect::unsupported: return EOPNOTSUPP;
    case SimFault::Effect::misdirected: return 0;
    default: return EIO;
  }
}

}  // namespace

// What a call meets before it does anything.
struct SimVerdict {
  int error_number = 0;  // 0: it goes ahead
  std::uint64_t bytes_written = 0;
  std::optional<std::uint64_t> reached_seed;
  std::optional<std::int64_t> sectors_off;
};

// The state that all handles share. Every member but the mutex is used with the mutex held.
class SimFs::Machine {
 public:
  Machine() = default;
  explicit Machine(const SimDisk& device) : disk(device) {}

  // Lets the watcher do what it likes, and that may be anything but another call of the process that is about to make one.
  void announce(std::uint64_t process, SimCall call) BATPAK_EXCLUDES(mutex) {
    std::shared_ptr<const std::function<void(SimCall)>> told;
    {
      const base::Lock lock(mutex);
      if (process == running) told = watcher;
    }
    if (told) (*told)(call);
  }

  // Records the call and decides its fate. `process` is the one that opened the handle.
  SimVerdict begin(std::uint64_t process, SimCallRecord record) BATPAK_REQUIRES(mutex) {
    SimVerdict verdict;
    if (!is_running(process)) {
      verdict.error_number = EIO;
    } else {
      verdict = first_fault(process, record);
      record.failed_by_fault = verdict.error_number != 0 || verdict.sectors_off;
      if (record.failed_by_fault) ++faults_met;
      if (verdict.error_number == 0 && write_protected && modifies(record.call)) verdict.error_number = EROFS;
    }
    if (process == running) calls.push_back(std::move(record));
    return verdict;
  }

  [[nodiscard]] bool is_running(std::uint64_t process) const BATPAK_REQUIRES(mutex) {
    return !stopped.contains(process) && (process == running || others.contains(process));
  }

  // The process is gone, with its handles and locks.
  void end_process(std::uint64_t process) BATPAK_REQUIRES(mutex) {
    others.erase(process);
    stopped.erase(process);
    std::erase_if(owners, [&](const auto& owner) { return owner.second.process == process; });
    if (process == running) running = next_process++;
  }
  void end_all_processes() BATPAK_REQUIRES(mutex) {
    while (!others.empty()) end_process(others.begin()->first);
    end_process(running);
  }

  // For tests that look past the handles.
  Result<SimContent*> content_at(std::string_view path) BATPAK_REQUIRES(mutex) {
    auto found = disk.find(SimDisk::root, path);
    if (found && disk.is_directory(*found)) found = std::unexpected(EISDIR);
    if (!found) return base::fail(system_error(found.error(), "open", std::string(path)));
    return &disk.content(*found);
  }

  struct Owner {
    std::uint64_t lock = 0;  // which of those that were taken
    std::uint64_t process = 0;
  };

  base::Mutex mutex;
  SimDisk disk BATPAK_GUARDED_BY(mutex);
  std::uint64_t running BATPAK_GUARDED_BY(mutex) = 1;  // the process that SimFs itself is for
  std::uint64_t next_process BATPAK_GUARDED_BY(mutex) = 2;
  std::map<std::uint64_t, std::vector<SimFault>> others BATPAK_GUARDED_BY(mutex);  // by start_process(), with their faults
  std::set<std::uint64_t> stopped BATPAK_GUARDED_BY(mutex);
  bool write_protected BATPAK_GUARDED_BY(mutex) = false;
  std::map<SimNodeId, Owner> owners BATPAK_GUARDED_BY(mutex);  // of directories
  std::uint64_t next_lock BATPAK_GUARDED_BY(mutex) = 1;
  std::vector<SimFault> faults BATPAK_GUARDED_BY(mutex);
  std::uint64_t faults_met BATPAK_GUARDED_BY(mutex) = 0;
  std::vector<SimCallRecord> calls BATPAK_GUARDED_BY(mutex);
  std::shared_ptr<const std::function<void(SimCall)>> watcher BATPAK_GUARDED_BY(mutex);

 private:
  SimVerdict first_fault(std::uint64_t process, const SimCallRecord& record) BATPAK_REQUIRES(mutex) {
    SimVerdict verdict;
    bool met = false;
    std::vector<SimFault>& waiting = process == running ? faults : others.at(process);
    for (SimFault& fault : waiting) {
      if (fault.call && *fault.call != record.call) continue;
      if (record.path.find(fault.path_contains) == std::string::npos) continue;
      if (fault.nth > 1) {
        --fault.nth;
      } else if (!met && fault.times > 0) {
        met = true;
        --fault.times;
        verdict = {.error_number = error_number_of(fault.effect),
                   .bytes_written = fault.bytes_written,
                   .reached_seed = fault.reached_seed,
                   .sectors_off = {}};
        if (fault.effect == SimFault::Effect::stop) stopped.insert(process);
        if (fault.effect == SimFault::Effect::misdirected && record.call == SimCall::write) {
          verdict.sectors_off = fault.sectors_off;
        }
      }
    }
    std::erase_if(waiting, [](const SimFault& fault) { return fault.times == 0; });
    return verdict;
  }
};

class SimFs::SimFile : public File {
 public:
  enum class Access : std::uint8_t { read, write };

  SimFile(std::shared_ptr<Machine> machine, std::uint64_t process, SimNodeId node, Access access, std::string path)
      : machine_(std::move(machine)), process_(process), node_(node), access_(access), path_(std::move(path)) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    machine_->announce(process_, SimCall::write);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::write, path_, offset, bytes.size()});
    if (access_ == Access::read) return failed(EBADF, "write", offset);
    if (!fits(offset, bytes.size())) return failed(EFBIG, "write", offset);
    if (verdict.error_number != 0) {
      const std::uint64_t part = std::min<std::uint64_t>(verdict.bytes_written, bytes.size());
      if (part > 0) machine_->disk.content(node_).write(offset, bytes.first(part));
      return failed(verdict.error_number, "write", offset + part);
    }
    machine_->disk.content(node_).write(offset, bytes);
    if (verdict.sectors_off) machine_->disk.content(node_).misdirect(offset, bytes.size(), *verdict.sectors_off);
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    machine_->announce(process_, SimCall::read);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::read, path_, offset, out.size()});
    if (verdict.error_number != 0) return failed(verdict.error_number, "read", offset);
    if (!fits(offset, out.size())) return failed(EINVAL, "read", offset);
    const SimContent& content = machine_->disk.content(node_);
    if (const auto unreadable = content.find_unreadable(offset, out.size())) return failed(EIO, "read", *unreadable);
    return content.read(offset, out);
  }

  Result<void> sync_data() override { return sync(SimContent::Sync::data); }
  Result<void> sync_all() override { return sync(SimContent::Sync::all); }

  Result<std::uint64_t> size() const override {
    machine_->announce(process_, SimCall::look);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::look, path_});
    if (verdict.error_number != 0) return failed(verdict.error_number, "ask the size of");
    return machine_->disk.content(node_).size();
  }

  Result<void> truncate(std::uint64_t size) override {
    machine_->announce(process_, SimCall::truncate);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::truncate, path_, size});
    if (verdict.error_number != 0) return failed(verdict.error_number, "truncate", size);
    if (access_ == Access::read) return failed(EINVAL, "truncate", size);
    if (!fits(size, 0)) return failed(EFBIG, "truncate", size);
    machine_->disk.content(node_).resize(size);
    return {};
  }

  Result<void> allocate(std::uint64_t size) override {
    machine_->announce(process_, SimCall::allocate);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::allocate, path_, size});
    if (verdict.error_number != 0) return failed(verdict.error_number, "reserve space for");
    if (access_ == Access::read) return failed(EBADF, "reserve space for");
    if (!fits(size, 0)) return failed(EFBIG, "reserve space for");
    SimContent& content = machine_->disk.content(node_);
    if (size > content.size()) content.resize(size);
    return {};
  }

  Result<std::shared_ptr<const Mapping>> map(std::uint64_t length) const override {
    machine_->announce(process_, SimCall::map);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::map, path_, 0, length});
    if (verdict.error_number != 0) return failed(verdict.error_number, "map");
    if (!fits(0, length)) return failed(ENOMEM, "map");
    return machine_->disk.content(node_).map(length);
  }

 private:
  Result<void> sync(SimContent::Sync what) {
    machine_->announce(process_, SimCall::sync);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = machine_->begin(process_, {SimCall::sync, path_});
    if (verdict.error_number != 0) {
      // A process that was stopped before its sync leaves the pages as they are; only a sync that ran and failed cleans them.
      if (machine_->is_running(process_) && !machine_->write_protected) {
        machine_->disk.content(node_).fail_sync(verdict.reached_seed);
      }
      return failed(verdict.error_number, "sync");
    }
    machine_->disk.content(node_).sync(what);
    return {};
  }

  [[nodiscard]] static bool fits(std::uint64_t offset, std::uint64_t length) noexcept {
    return offset <= SimContent::file_bytes_max && length <= SimContent::file_bytes_max - offset;
  }
  [[nodiscard]] std::unexpected<Error> failed(int error_number, std::string_view action) const {
    return base::fail(system_error(error_number, action, path_));
  }
  [[nodiscard]] std::unexpected<Error> failed(int error_number, std::string_view action, std::uint64_t offset) const {
    return base::fail(system_error(error_number, action, path_).at_offset(offset));
  }

  std::shared_ptr<Machine> machine_;
  std::uint64_t process_;
  SimNodeId node_;
  Access access_;
  std::string path_;
};

class SimFs::SimOwnerLock : public OwnerLock {
 public:
  SimOwnerLock(std::shared_ptr<Machine> machine, SimNodeId directory, std::uint64_t number)
      : machine_(std::move(machine)), directory_(directory), number_(number) {}
  SimOwnerLock(const SimOwnerLock&) = delete;
  SimOwnerLock& operator=(const SimOwnerLock&) = delete;
  ~SimOwnerLock() override {
    const base::Lock lock(machine_->mutex);
    const auto owner = machine_->owners.find(directory_);
    if (owner != machine_->owners.end() && owner->second.lock == number_) machine_->owners.erase(owner);
  }

 private:
  std::shared_ptr<Machine> machine_;
  SimNodeId directory_;
  std::uint64_t number_;
};

class SimFs::SimDirectory : public Directory {
 public:
  SimDirectory(std::shared_ptr<Machine> machine, std::uint64_t process, SimNodeId node, std::string path)
      : machine_(std::move(machine)), process_(process), node_(node), path_(std::move(path)) {}

  const std::string& path() const noexcept override { return path_; }

  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override {
    machine_->announce(process_, SimCall::open);
    const base::Lock lock(machine_->mutex);
    auto found = machine_->disk.find(node_, name);
    const bool creates = !found && (mode == OpenMode::create || mode == OpenMode::create_new);
    const SimVerdict verdict = begin(creates ? SimCall::create : SimCall::open, name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "open", name);
    if (found && mode == OpenMode::create_new) return failed(EEXIST, "open", name);
    if (machine_->write_protected && mode != OpenMode::read) return failed(EROFS, "open", name);
    if (creates) found = machine_->disk.create_file(node_, name);
    if (!found) return failed(found.error(), "open", name);
    if (machine_->disk.is_directory(*found)) {
      return base::fail(Error(ErrorCode::unsupported, "this is not a regular file").at_path(joined(path_, name)));
    }
    const auto access = mode == OpenMode::read ? SimFile::Access::read : SimFile::Access::write;
    return std::make_unique<SimFile>(machine_, process_, *found, access, joined(path_, name));
  }

  Result<bool> exists(std::string_view name) const override {
    machine_->announce(process_, SimCall::look);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::look, name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "look for", name);
    const auto found = machine_->disk.find(node_, name);
    if (!found && found.error() != ENOENT) return failed(found.error(), "look for", name);
    return found.has_value();
  }

  Result<std::vector<DirectoryEntry>> list(std::string_view name) const override {
    machine_->announce(process_, SimCall::look);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::look, name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "list", name);
    const auto directory = find_directory(name);
    if (!directory) return base::fail(directory_error(directory.error(), "list", joined(path_, name)));
    std::vector<DirectoryEntry> entries;
    for (const auto& [entry, node] : machine_->disk.names(*directory)) {
      entries.push_back({.name = entry, .is_directory = machine_->disk.is_directory(node)});
    }
    return entries;
  }

  Result<void> make_directory(std::string_view name) override {
    machine_->announce(process_, SimCall::make_directory);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::make_directory, name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "make the directory", name);
    const auto made = machine_->disk.make_directory(node_, name);
    if (made || (made.error() == EEXIST && find_directory(name))) return {};
    const int error_number = made.error() == EEXIST ? ENOTDIR : made.error();
    return base::fail(directory_error(error_number, "make the directory", joined(path_, name)));
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    machine_->announce(process_, SimCall::rename);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::rename, from);
    if (verdict.error_number != 0) return failed(verdict.error_number, "rename to " + std::string(to), from);
    const auto renamed = machine_->disk.rename(node_, from, to);
    if (!renamed) return failed(renamed.error(), "rename to " + std::string(to), from);
    return {};
  }

  Result<void> remove(std::string_view name) override {
    machine_->announce(process_, SimCall::remove);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::remove, name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "remove", name);
    const auto removed = machine_->disk.remove(node_, name);
    if (!removed && removed.error() != ENOENT) return failed(removed.error(), "remove", name);
    return {};
  }

  Result<void> sync_directory(std::string_view name) override {
    machine_->announce(process_, SimCall::sync_directory);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::sync_directory, name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "sync", name);
    const auto directory = find_directory(name);
    if (!directory) return base::fail(directory_error(directory.error(), "sync", joined(path_, name)));
    machine_->disk.sync_names(*directory);
    return {};
  }

  Result<void> sync_parent() override {
    machine_->announce(process_, SimCall::sync_directory);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::sync_directory, "..");
    if (verdict.error_number != 0) return failed(verdict.error_number, "sync", "..");
    machine_->disk.sync_names(machine_->disk.parent(node_));
    return {};
  }

  Result<std::unique_ptr<OwnerLock>> lock_as_owner() override {
    machine_->announce(process_, SimCall::lock);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::lock, lock_name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "lock", lock_name);
    if (machine_->owners.contains(node_)) {
      return base::fail(Error(ErrorCode::locked, "another process owns the store").at_path(path_));
    }
    const auto lock_file = machine_->disk.create_file(node_, lock_name);
    if (!lock_file && lock_file.error() != EEXIST) return failed(lock_file.error(), "open", lock_name);
    const std::uint64_t number = machine_->next_lock++;
    machine_->owners.insert({node_, {.lock = number, .process = process_}});
    return std::make_unique<SimOwnerLock>(machine_, node_, number);
  }

  Result<bool> has_owner() const override {
    machine_->announce(process_, SimCall::look);
    const base::Lock lock(machine_->mutex);
    const SimVerdict verdict = begin(SimCall::look, lock_name);
    if (verdict.error_number != 0) return failed(verdict.error_number, "open", lock_name);
    return machine_->disk.find(node_, lock_name).has_value() && machine_->owners.contains(node_);
  }

 private:
  SimVerdict begin(SimCall call, std::string_view name) const BATPAK_REQUIRES(machine_->mutex) {
    return machine_->begin(process_, {call, joined(path_, name)});
  }
  [[nodiscard]] SimDisk::Answer<SimNodeId> find_directory(std::string_view name) const BATPAK_REQUIRES(machine_->mutex) {
    auto found = machine_->disk.find(node_, name);
    if (found && !machine_->disk.is_directory(*found)) return std::unexpected(ENOTDIR);
    return found;
  }
  [[nodiscard]] std::unexpected<Error> failed(int error_number, std::string_view action, std::string_view name) const {
    return base::fail(system_error(error_number, action, joined(path_, name)));
  }

  std::shared_ptr<Machine> machine_;
  std::uint64_t process_;
  SimNodeId node_;
  std::string path_;
};

Result<std::shared_ptr<Directory>> SimFs::open_as(const std::shared_ptr<Machine>& machine, std::uint64_t process,
                                                  const std::string& path) {
  const base::Lock lock(machine->mutex);
  const SimVerdict verdict = machine->begin(process, {SimCall::open, path});
  if (verdict.error_number != 0) return base::fail(directory_error(verdict.error_number, "open the directory", path));
  auto found = machine->disk.find(SimDisk::root, path);
  if (found && !machine->disk.is_directory(*found)) found = std::unexpected(ENOTDIR);
  if (!found) return base::fail(directory_error(found.error(), "open the directory", path));
  return std::make_shared<SimDirectory>(machine, process, *found, path);
}

Result<std::shared_ptr<Directory>> SimFs::create_as(const std::shared_ptr<Machine>& machine, std::uint64_t process,
                                                    const std::string& path) {
  {
    const base::Lock lock(machine->mutex);
    if (!machine->disk.find(SimDisk::root, path)) {
      const SimVerdict verdict = machine->begin(process, {SimCall::make_directory, path});
      if (verdict.error_number != 0) return base::fail(directory_error(verdict.error_number, "make the directory", path));
      const auto made = machine->disk.make_directory(SimDisk::root, path);
      if (!made) return base::fail(directory_error(made.error(), "make the directory", path));
    }
  }
  return open_as(machine, process, path);
}

SimFs::SimFs() : machine_(std::make_shared<Machine>()) {}
SimFs::SimFs(std::shared_ptr<Machine> machine) : machine_(std::move(machine)) {}
SimFs::~SimFs() = default;

std::uint64_t SimFs::own_process() const {
  const base::Lock lock(machine_->mutex);
  return machine_->running;
}

Result<std::shared_ptr<Directory>> SimFs::open_directory(const std::string& path) {
  return open_as(machine_, own_process(), path);
}

Result<std::shared_ptr<Directory>> SimFs::create_directory(const std::string& path) {
  return create_as(machine_, own_process(), path);
}

std::unique_ptr<SimFs::Process> SimFs::start_process() {
  const base::Lock lock(machine_->mutex);
  const std::uint64_t number = machine_->next_process++;
  machine_->others.insert({number, {}});
  return std::unique_ptr<Process>(new Process(machine_, number));
}

SimFs::Process::Process(std::shared_ptr<Machine> machine, std::uint64_t number)
    : machine_(std::move(machine)), number_(number) {}

SimFs::Process::~Process() { kill(); }

Result<std::shared_ptr<Directory>> SimFs::Process::open_directory(const std::string& path) {
  return open_as(machine_, number_, path);
}

Result<std::shared_ptr<Directory>> SimFs::Process::create_directory(const std::string& path) {
  return create_as(machine_, number_, path);
}

void SimFs::Process::kill() {
  const base::Lock lock(machine_->mutex);
  machine_->end_process(number_);
}

void SimFs::Process::inject(SimFault fault) {
  const base::Lock lock(machine_->mutex);
  const auto found = machine_->others.find(number_);
  if (found != machine_->others.end()) found->second.push_back(std::move(fault));
}

void SimFs::Process::clear_faults() {
  const base::Lock lock(machine_->mutex);
  const auto found = machine_->others.find(number_);
  if (found != machine_->others.end()) found->second.clear();
}

std::unique_ptr<SimFs> SimFs::copy() const {
  const base::Lock lock(machine_->mutex);
  return std::unique_ptr<SimFs>(new SimFs(std::make_shared<Machine>(machine_->disk)));
}

void SimFs::crash(const SimCrash& crash) {
  const base::Lock lock(machine_->mutex);
  machine_->end_all_processes();
  machine_->disk.crash(crash);
}

void SimFs::kill() {
  const base::Lock lock(machine_->mutex);
  machine_->end_process(machine_->running);
}

void SimFs::write_back(std::uint64_t seed) {
  const base::Lock lock(machine_->mutex);
  SimRandom random(seed);
  machine_->disk.write_back(random);
}

void SimFs::fail_write_back() {
  const base::Lock lock(machine_->mutex);
  machine_->disk.fail_write_back();
}

void SimFs::evict() {
  const base::Lock lock(machine_->mutex);
  machine_->disk.evict();
}

void SimFs::inject(SimFault fault) {
  const base::Lock lock(machine_->mutex);
  machine_->faults.push_back(std::move(fault));
}

void SimFs::clear_faults() {
  const base::Lock lock(machine_->mutex);
  machine_->faults.clear();
}

std::uint64_t SimFs::count_faults_met() const {
  const base::Lock lock(machine_->mutex);
  return machine_->faults_met;
}

bool SimFs::is_stopped() const {
  const base::Lock lock(machine_->mutex);
  return machine_->stopped.contains(machine_->running);
}

void SimFs::watch(std::function<void(SimCall)> watcher) {
  const base::Lock lock(machine_->mutex);
  machine_->watcher = watcher ? std::make_shared<const std::function<void(SimCall)>>(std::move(watcher)) : nullptr;
}

void SimFs::write_protect() {
  const base::Lock lock(machine_->mutex);
  machine_->write_protected = true;
}

std::vector<SimCallRecord> SimFs::calls() const {
  const base::Lock lock(machine_->mutex);
  return machine_->calls;
}

std::uint64_t SimFs::count_calls() const {
  const base::Lock lock(machine_->mutex);
  return machine_->calls.size();
}

std::uint64_t SimFs::count_calls(SimCall call) const {
  const base::Lock lock(machine_->mutex);
  return static_cast<std::uint64_t>(std::ranges::count(machine_->calls, call, &SimCallRecord::call));
}

void SimFs::clear_calls() {
  const base::Lock lock(machine_->mutex);
  machine_->calls.clear();
}

std::vector<std::string> SimFs::list_files() const {
  const base::Lock lock(machine_->mutex);
  return machine_->disk.list_files();
}

Result<Bytes> SimFs::read_file(std::string_view path) const {
  const base::Lock lock(machine_->mutex);
  BATPAK_TRY(SimContent* const content, machine_->content_at(path));
  return content->bytes();
}

Result<void> SimFs::write_file(std::string_view path, ByteView bytes) {
  const base::Lock lock(machine_->mutex);
  SimDisk& disk = machine_->disk;
  SimNodeId directory = SimDisk::root;
  std::string_view rest = without_leading_slash(path);
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    const std::string_view part = rest.substr(0, slash);
    auto next = disk.find(directory, part);
    if (!next) next = disk.make_directory(directory, part);
    if (!next) return base::fail(directory_error(next.error(), "make the directory", std::string(path)));
    disk.sync_names(directory);
    directory = *next;
    rest = without_leading_slash(rest.substr(slash));
  }
  auto file = disk.find(directory, rest);
  if (!file) file = disk.create_file(directory, rest);
  if (!file) return base::fail(system_error(file.error(), "write", std::string(path)));
  if (disk.is_directory(*file)) return base::fail(system_error(EISDIR, "write", std::string(path)));
  SimContent& content = disk.content(*file);
  content.resize(0);
  content.write(0, bytes);
  content.sync(SimContent::Sync::all);
  disk.sync_names(directory);
  return {};
}

Result<void> SimFs::remove_file(std::string_view path) {
  const base::Lock lock(machine_->mutex);
  const std::string_view below_root = without_leading_slash(path);
  const auto removed = machine_->disk.remove(SimDisk::root, below_root);
  if (!removed) return base::fail(system_error(removed.error(), "remove", std::string(path)));
  const std::size_t slash = below_root.rfind('/');
  const std::string_view parent = slash == std::string_view::npos ? "." : below_root.substr(0, slash);
  machine_->disk.sync_names(machine_->disk.find(SimDisk::root, parent).value_or(SimDisk::root));
  return {};
}

Result<void> SimFs::flip_bit(std::string_view path, std::uint64_t offset, unsigned bit) {
  const base::Lock lock(machine_->mutex);
  BATPAK_TRY(SimContent* const content, machine_->content_at(path));
  if (offset >= content->size() || bit >= 8) return base::fail(ErrorCode::invalid_argument, "there is no such bit");
  content->flip_bit(offset, bit);
  return {};
}

Result<void> SimFs::spoil_sector(std::string_view path, std::uint64_t offset) {
  const base::Lock lock(machine_->mutex);
  BATPAK_TRY(SimContent* const content, machine_->content_at(path));
  if (offset >= content->size()) return base::fail(ErrorCode::invalid_argument, "there is no such sector");
  content->spoil(offset);
  return {};
}

}  // namespace batpak::platform
