#include "platform/posix_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/try.hpp"
#include "platform/fork_guard.hpp"
#include "platform/system_error.hpp"

namespace batpak::platform {
namespace {

constexpr const char* lock_name = "LOCK";
constexpr std::string_view pid_prefix = "pid ";

struct flock whole_file(int type) noexcept {
  struct flock range{};
  range.l_type = static_cast<short>(type);
  range.l_whence = SEEK_SET;
  return range;
}

class PosixOwnerLock : public OwnerLock {
 public:
  PosixOwnerLock(FileDescriptor directory, FileDescriptor lock_file) noexcept
      : directory_(std::move(directory)), lock_file_(std::move(lock_file)), generation_(fork_generation()) {}
  PosixOwnerLock(const PosixOwnerLock&) = delete;
  PosixOwnerLock& operator=(const PosixOwnerLock&) = delete;

  // Both locks belong to the open file descriptions, which forked children share. So the owner unlocks by name, for a child
  // may still hold the descriptors; and a child only closes its own, for unlocking would unlock its parent.
  ~PosixOwnerLock() override {
    if (generation_ != fork_generation()) return;
    [[maybe_unused]] const int emptied = ::ftruncate(lock_file_.number(), 0);  // a courtesy: names no one who is gone
    struct flock range = whole_file(F_UNLCK);
    ::fcntl(lock_file_.number(), F_OFD_SETLK, &range);
    ::flock(directory_.number(), LOCK_UN);
  }

 private:
  FileDescriptor directory_;
  FileDescriptor lock_file_;
  std::uint64_t generation_;
};

FileDescriptor open_lock_file(const FileDescriptor& directory, int flags) {
  return FileDescriptor(uninterrupted([&] {
    return ::openat(directory.number(), lock_name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, 0666);
  }));
}

// The id that LOCK names, if it names one: it is for people, and may be absent, stale or not ours.
std::optional<pid_t> pid_in_lock_file(const FileDescriptor& directory) {
  const FileDescriptor lock_file = open_lock_file(directory, O_RDONLY);
  if (!lock_file.is_open()) return std::nullopt;
  std::array<char, 64> text{};
  const auto got = uninterrupted([&] { return ::pread(lock_file.number(), text.data(), text.size(), 0); });
  if (got < 0) return std::nullopt;
  std::string_view line(text.data(), static_cast<std::size_t>(got));
  if (!line.starts_with(pid_prefix)) return std::nullopt;
  line.remove_prefix(pid_prefix.size());
  pid_t pid = 0;
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), pid);
  if (parsed.ec != std::errc{} || pid <= 0) return std::nullopt;
  return pid;
}

std::unexpected<Error> locked(const FileDescriptor& directory, const std::string& path) {
  std::string message = "another process owns the store";
  if (const auto pid = pid_in_lock_file(directory)) {
    message = *pid == ::getpid() ? "this process has the store open for writing already (pid " + std::to_string(*pid) + ")"
                                 : "another process (pid " + std::to_string(*pid) + ") owns the store";
  }
  return base::fail(Error(ErrorCode::locked, std::move(message)).at_path(path));
}

std::unexpected<Error> cannot_lock(int error_number, const std::string& path) {
  Error error = system_error(error_number, "lock", path);
  if (error_number == ENOLCK || error_number == EINVAL || error_number == EBADF) error.code = ErrorCode::unsupported;
  return base::fail(std::move(error));
}

Result<void> write_owner(const FileDescriptor& lock_file, const std::string& path) {
  const std::string text = std::string(pid_prefix) + std::to_string(::getpid()) +
                           " owns this batpak store while it runs. Deleting this file does not take the store from it.\n";
  if (uninterrupted([&] { return ::ftruncate(lock_file.number(), 0); }) != 0) {
    return base::fail(system_error(errno, "write", path));
  }
  // One short line: a part of it would be a file system out of space, and then nothing else could be written either.
  const auto written = uninterrupted([&] { return ::pwrite(lock_file.number(), text.data(), text.size(), 0); });
  if (written < 0) return base::fail(system_error(errno, "write", path));
  return {};
}

}  // namespace

Result<std::unique_ptr<OwnerLock>> lock_posix_directory(const FileDescriptor& directory, const std::string& path) {
  const std::string lock_path = path + "/" + lock_name;
  FileDescriptor own(uninterrupted([&] { return ::openat(directory.number(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!own.is_open()) return base::fail(directory_error(errno, "open", path));
  if (uninterrupted([&] { return ::flock(own.number(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return locked(directory, path);
    return cannot_lock(errno, path);
  }
  FileDescriptor lock_file = open_lock_file(directory, O_RDWR | O_CREAT);
  if (!lock_file.is_open()) return base::fail(system_error(errno, "open", lock_path));
  struct flock range = whole_file(F_WRLCK);
  if (uninterrupted([&] { return ::fcntl(lock_file.number(), F_OFD_SETLK, &range); }) != 0) {
    if (errno == EAGAIN || errno == EACCES) return locked(directory, path);
    return cannot_lock(errno, lock_path);
  }
  BATPAK_CHECK(write_owner(lock_file, lock_path));
  return std::make_unique<PosixOwnerLock>(std::move(own), std::move(lock_file));
}

Result<bool> posix_directory_has_owner(const FileDescriptor& directory, const std::string& path) {
  const FileDescriptor lock_file = open_lock_file(directory, O_RDONLY);
  if (!lock_file.is_open()) {
    if (errno == ENOENT) return false;
    return base::fail(system_error(errno, "open", path + "/" + lock_name));
  }
  struct flock range = whole_file(F_RDLCK);
  if (uninterrupted([&] { return ::fcntl(lock_file.number(), F_OFD_GETLK, &range); }) != 0) {
    return cannot_lock(errno, path + "/" + lock_name);
  }
  return range.l_type != F_UNLCK;
}

}  // namespace batpak::platform
