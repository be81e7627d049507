#include "platform/posix_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <limits>
#include <utility>

#include "base/try.hpp"
#include "platform/system_error.hpp"

namespace batpak::platform {
namespace {

class PosixMapping : public Mapping {
 public:
  PosixMapping() = default;
  PosixMapping(void* start, std::size_t length) noexcept : start_(start), length_(length) {}
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ~PosixMapping() override {
    if (start_ != nullptr) ::munmap(start_, length_);
  }
  std::span<const std::byte> bytes() const noexcept override { return {static_cast<const std::byte*>(start_), length_}; }

 private:
  void* start_ = nullptr;
  std::size_t length_ = 0;
};

class PosixFile : public File {
 public:
  PosixFile(FileDescriptor descriptor, std::string path) noexcept
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) override {
    BATPAK_CHECK(check_range(offset, bytes.size()));
    while (!bytes.empty()) {
      const auto written = uninterrupted(
          [&] { return ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (written < 0) return failed(errno, "write", offset);
      if (written == 0) return failed(EIO, "write", offset);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
      offset += static_cast<std::uint64_t>(written);
    }
    return {};
  }

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
    BATPAK_CHECK(check_range(offset, out.size()));
    std::size_t filled = 0;
    while (filled < out.size()) {
      const std::span<std::byte> rest = out.subspan(filled);
      const auto got = uninterrupted(
          [&] { return ::pread(descriptor_.number(), rest.data(), rest.size(), static_cast<off_t>(offset + filled)); });
      if (got < 0) return failed(errno, "read", offset + filled);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

  // An interrupted sync is a failed one: whether the device has the bytes is not known, and asking again would not tell.
  Result<void> sync_data() override {
    if (::fdatasync(descriptor_.number()) != 0) return failed(errno, "sync");
    return {};
  }

  Result<void> sync_all() override {
    if (::fsync(descriptor_.number()) != 0) return failed(errno, "sync");
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat status{};
    if (::fstat(descriptor_.number(), &status) != 0) return failed(errno, "ask the size of");
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<void> truncate(std::uint64_t size) override {
    BATPAK_CHECK(check_range(size, 0));
    if (uninterrupted([&] { return ::ftruncate(descriptor_.number(), static_cast<off_t>(size)); }) != 0) {
      return failed(errno, "truncate", size);
    }
    return {};
  }

  Result<void> allocate(std::uint64_t size) override {
    BATPAK_CHECK(check_range(size, 0));
    if (size == 0) return {};
    if (uninterrupted([&] { return ::fallocate(descriptor_.number(), 0, 0, static_cast<off_t>(size)); }) != 0) {
      return failed(errno, "reserve space for");
    }
    return {};
  }

  Result<std::shared_ptr<const Mapping>> map(std::uint64_t length) const override {
    if (length == 0) return std::make_shared<const PosixMapping>();
    if (length > std::numeric_limits<std::size_t>::max()) return failed(ENOMEM, "map");
    void* const start = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor_.number(), 0);
    if (start == MAP_FAILED) return failed(errno, "map");
    return std::make_shared<const PosixMapping>(start, length);
  }

 private:
  // off_t is signed: what does not fit it is refused here, so that no cast turns it into another place of the file.
  [[nodiscard]] Result<void> check_range(std::uint64_t offset, std::size_t length) const {
    constexpr auto offset_max = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
    if (offset > offset_max || length > offset_max - offset) {
      return base::fail(Error(ErrorCode::invalid_argument, "no file reaches that far").at_path(path_).at_offset(offset));
    }
    return {};
  }

  [[nodiscard]] std::unexpected<Error> failed(int error_number, std::string_view action) const {
    return base::fail(system_error(error_number, action, path_));
  }
  [[nodiscard]] std::unexpected<Error> failed(int error_number, std::string_view action, std::uint64_t offset) const {
    return base::fail(system_error(error_number, action, path_).at_offset(offset));
  }

  FileDescriptor descriptor_;
  std::string path_;
};

int flags_of(OpenMode mode) noexcept {
  switch (mode) {
    case OpenMode::read: return O_RDONLY;
    case OpenMode::write: return O_RDWR;
    case OpenMode::create: return O_RDWR | O_CREAT;
    case OpenMode::create_new: return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

}  // namespace

Result<std::unique_ptr<File>> open_posix_file(const FileDescriptor& directory, const std::string& name, OpenMode mode,
                                              std::string path) {
  // O_NONBLOCK means nothing to a regular file; it keeps the open of a pipe from waiting.
  const int flags = flags_of(mode) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  FileDescriptor descriptor(uninterrupted([&] { return ::openat(directory.number(), name.c_str(), flags, 0666); }));
  if (!descriptor.is_open() && errno != EISDIR) return base::fail(system_error(errno, "open", std::move(path)));
  struct stat status{};
  if (descriptor.is_open() && ::fstat(descriptor.number(), &status) != 0) {
    return base::fail(system_error(errno, "open", std::move(path)));
  }
  if (!descriptor.is_open() || !S_ISREG(status.st_mode)) {
    return base::fail(Error(ErrorCode::unsupported, "this is not a regular file").at_path(std::move(path)));
  }
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(path));
}

}  // namespace batpak::platform
