#include "platform/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/try.hpp"
#include "platform/file_descriptor.hpp"
#include "platform/system_error.hpp"

namespace batpak::platform {
namespace {

constexpr mode_t private_mode = S_IRUSR | S_IWUSR;
constexpr mode_t permission_bits = 07777;

[[nodiscard]] std::unexpected<Error> insecure(const std::string& path, const char* why) {
  return base::fail(Error(ErrorCode::insecure_key_file, std::string("the key file ") + why).at_path(path));
}

[[nodiscard]] Result<void> check_private(const FileDescriptor& file, const std::string& path) {
  struct stat status{};
  if (::fstat(file.number(), &status) != 0) return base::fail(system_error(errno, "ask the mode of", path));
  if (!S_ISREG(status.st_mode)) return insecure(path, "is not a regular file");
  if (status.st_uid != ::geteuid()) return insecure(path, "belongs to another user");
  if ((status.st_mode & permission_bits & ~private_mode) != 0)
    return insecure(path, "may be used by others: its mode is not 0600");
  return {};
}

[[nodiscard]] Result<void> write_and_sync(const FileDescriptor& file, const std::string& path,
                                          std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const auto written = uninterrupted([&] { return ::write(file.number(), bytes.data(), bytes.size()); });
    if (written < 0) return base::fail(system_error(errno, "write", path));
    if (written == 0) return base::fail(system_error(EIO, "write", path));
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  if (::fsync(file.number()) != 0) return base::fail(system_error(errno, "sync", path));
  return {};
}

[[nodiscard]] std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

[[nodiscard]] Result<void> sync_parent(const std::string& path) {
  const std::string parent = parent_of(path);
  const FileDescriptor directory(uninterrupted([&] { return ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!directory.is_open()) return base::fail(directory_error(errno, "open", parent));
  if (::fsync(directory.number()) != 0) return base::fail(directory_error(errno, "sync", parent));
  return {};
}

}  // namespace

Result<std::size_t> read_private_file(const std::string& path, std::span<std::byte> out) {
  // O_NONBLOCK: opening a pipe must not wait for a writer.
  const FileDescriptor file(
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  if (!file.is_open()) {
    if (errno == ELOOP) return insecure(path, "is a symbolic link");
    return base::fail(system_error(errno, "open", path));
  }
  BATPAK_CHECK(check_private(file, path));
  std::size_t filled = 0;
  while (filled < out.size()) {
    const std::span<std::byte> rest = out.subspan(filled);
    const auto got = uninterrupted([&] { return ::read(file.number(), rest.data(), rest.size()); });
    if (got < 0) return base::fail(system_error(errno, "read", path));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

Result<void> write_private_file(const std::string& path, std::span<const std::byte> bytes) {
  const FileDescriptor file(uninterrupted(
      [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, private_mode); }));
  if (!file.is_open()) {
    if (errno == EEXIST) {
      return base::fail(Error(ErrorCode::invalid_argument, "the key file exists and is not overwritten").at_path(path));
    }
    return base::fail(directory_error(errno, "create", path));
  }
  auto written = write_and_sync(file, path, bytes);
  if (written) written = sync_parent(path);
  if (!written) ::unlink(path.c_str());
  return written;
}

}  // namespace batpak::platform
