#include "platform/posix_fs.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/try.hpp"
#include "platform/file_descriptor.hpp"
#include "platform/posix_file.hpp"
#include "platform/posix_lock.hpp"
#include "platform/system_error.hpp"

namespace batpak::platform {
namespace {

struct CloseDirectoryStream {
  void operator()(DIR* stream) const noexcept { ::closedir(stream); }
};
using DirectoryStream = std::unique_ptr<DIR, CloseDirectoryStream>;

FileDescriptor open_directory_at(int directory, const std::string& name) {
  return FileDescriptor(
      uninterrupted([&] { return ::openat(directory, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
}

bool is_directory(int directory, const char* name) noexcept {
  struct stat status{};
  return ::fstatat(directory, name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

class PosixDirectory : public Directory {
 public:
  PosixDirectory(FileDescriptor descriptor, std::string path) noexcept
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  const std::string& path() const noexcept override { return path_; }

  Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) override {
    return open_posix_file(descriptor_, std::string(name), mode, path_of(name));
  }

  Result<bool> exists(std::string_view name) const override {
    struct stat status{};
    if (::fstatat(descriptor_.number(), std::string(name).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) return true;
    if (errno == ENOENT) return false;
    return base::fail(system_error(errno, "look for", path_of(name)));
  }

  Result<std::vector<DirectoryEntry>> list(std::string_view name) const override {
    const int number = open_below(name).release();
    if (number < 0) return base::fail(directory_error(errno, "list", path_of(name)));
    const DirectoryStream stream(::fdopendir(number));
    if (stream == nullptr) {
      const FileDescriptor unread(number);
      return base::fail(directory_error(errno, "list", path_of(name)));
    }
    std::vector<DirectoryEntry> entries;
    for (;;) {
      errno = 0;
      const struct dirent* const entry = ::readdir(stream.get());
      if (entry == nullptr) break;
      const std::string_view entry_name = entry->d_name;
      if (entry_name == "." || entry_name == "..") continue;
      const bool unclear = entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK;
      entries.push_back({.name = std::string(entry_name),
                         .is_directory = unclear ? is_directory(number, entry->d_name) : entry->d_type == DT_DIR});
    }
    if (errno != 0) return base::fail(directory_error(errno, "list", path_of(name)));
    std::ranges::sort(entries, {}, &DirectoryEntry::name);
    return entries;
  }

  Result<void> make_directory(std::string_view name) override {
    const std::string below(name);
    if (::mkdirat(descriptor_.number(), below.c_str(), 0777) == 0) return {};
    const int error_number = errno;
    if (error_number != EEXIST) return base::fail(directory_error(error_number, "make the directory", path_of(name)));
    if (is_directory(descriptor_.number(), below.c_str())) return {};
    return base::fail(directory_error(ENOTDIR, "make the directory", path_of(name)));
  }

  Result<void> rename(std::string_view from, std::string_view to) override {
    const int number = descriptor_.number();
    if (::renameat(number, std::string(from).c_str(), number, std::string(to).c_str()) != 0) {
      return base::fail(system_error(errno, "rename to " + std::string(to), path_of(from)));
    }
    return {};
  }

  Result<void> remove(std::string_view name) override {
    if (::unlinkat(descriptor_.number(), std::string(name).c_str(), 0) == 0 || errno == ENOENT) return {};
    return base::fail(system_error(errno, "remove", path_of(name)));
  }

  Result<void> sync_directory(std::string_view name) override {
    const FileDescriptor below = open_below(name);
    if (!below.is_open()) return base::fail(directory_error(errno, "open", path_of(name)));
    if (::fsync(below.number()) != 0) return base::fail(directory_error(errno, "sync", path_of(name)));
    return {};
  }

  Result<void> sync_parent() override {
    const FileDescriptor parent = open_below("..");
    if (!parent.is_open() && errno != EACCES) return base::fail(directory_error(errno, "open", path_of("..")));
    // A parent that may be passed through but not read cannot be synced by itself; its whole file system can.
    const int answer = parent.is_open() ? ::fsync(parent.number()) : ::syncfs(descriptor_.number());
    if (answer != 0) return base::fail(directory_error(errno, "sync", path_of("..")));
    return {};
  }

  Result<std::unique_ptr<OwnerLock>> lock_as_owner() override { return lock_posix_directory(descriptor_, path_); }
  Result<bool> has_owner() const override { return posix_directory_has_owner(descriptor_, path_); }

 private:
  [[nodiscard]] FileDescriptor open_below(std::string_view name) const {
    return open_directory_at(descriptor_.number(), std::string(name));
  }

  [[nodiscard]] std::string path_of(std::string_view name) const {
    if (name == ".") return path_;
    std::string joined = path_;
    if (!joined.ends_with('/')) joined += '/';
    joined += name;
    return joined;
  }

  FileDescriptor descriptor_;
  std::string path_;
};

class PosixFileSystem : public FileSystem {
 public:
  Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override {
    FileDescriptor descriptor = open_directory_at(AT_FDCWD, path);
    if (!descriptor.is_open()) return base::fail(directory_error(errno, "open the directory", path));
    return std::make_shared<PosixDirectory>(std::move(descriptor), path);
  }

  Result<std::shared_ptr<Directory>> create_directory(const std::string& path) override {
    if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) {
      return base::fail(directory_error(errno, "make the directory", path));
    }
    return open_directory(path);
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem file_system;
  return file_system;
}

}  // namespace batpak::platform
