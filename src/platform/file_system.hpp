// The seam to files: what the store asks of an operating system, as PosixFs does it and as SimFs pretends it.
//
// Paths are relative to the store's directory unless a call says otherwise. Nothing retries a failed sync: a sync error is
// told to one caller only (on Linux), so the caller must treat the file as lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/error.hpp"

namespace batpak::platform {

// Bytes of a file as the page cache shows them; writes by pwrite through any handle become visible in it.
// Owner: whoever holds the shared_ptr; the bytes live as long as it does. Reading past the end of the file is a fault
// (SIGBUS on POSIX), so readers stay below what the writer published.
class Mapping {
 public:
  virtual ~Mapping() = default;
  [[nodiscard]] virtual std::span<const std::byte> bytes() const noexcept = 0;
};

// One open file. Threads: reads from any thread; one writer. After a failed write or sync the content is unknown.
class File {
 public:
  virtual ~File() = default;
  // Writes all of `bytes` at `offset`, in as few calls as the system allows. Errors: no_space, io_error, ….
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, std::span<const std::byte> bytes) = 0;
  // Reads up to out.size() bytes; returns how many, fewer only at the end of the file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const = 0;
  // fdatasync: content, and a size that grew. A cut by truncate() is durable only after sync_all().
  [[nodiscard]] virtual Result<void> sync_data() = 0;
  // fsync: content and size.
  [[nodiscard]] virtual Result<void> sync_all() = 0;
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;
  // Makes the file at least `size` bytes long, zero-filled and with its space reserved. Errors: no_space, after which a part
  // may have been added; unsupported where the file system cannot reserve (the caller may then go on with a growing file).
  [[nodiscard]] virtual Result<void> allocate(std::uint64_t size) = 0;
  // Maps the first `length` bytes for reading; `length` may lie past the end of the file, which may grow into it.
  [[nodiscard]] virtual Result<std::shared_ptr<const Mapping>> map(std::uint64_t length) const = 0;
};

enum class OpenMode : std::uint8_t {
  read,        // must exist
  write,       // must exist; also for reading, as the next two
  create,      // created when absent, opened when present
  create_new,  // must not exist
};

struct DirectoryEntry {
  std::string name;
  bool is_directory = false;
};

// Held while it lives: the exclusive ownership of a directory (flock on the directory itself, an OFD lock on LOCK for others
// to ask about). Released by destroying it, and by the system when the process ends. A forked child that destroys its copy
// releases nothing; one that outlives its parent without exec keeps the directory locked until it ends too.
class OwnerLock {
 public:
  virtual ~OwnerLock() = default;
};

// A directory and everything below it. Threads: any.
class Directory {
 public:
  virtual ~Directory() = default;
  // As the user gave it, for messages.
  [[nodiscard]] virtual const std::string& path() const noexcept = 0;

  [[nodiscard]] virtual Result<std::unique_ptr<File>> open_file(std::string_view name, OpenMode mode) = 0;
  [[nodiscard]] virtual Result<bool> exists(std::string_view name) const = 0;
  // Entries of the subdirectory `name` ("." for the directory itself), sorted by name. Errors: no_such_directory.
  [[nodiscard]] virtual Result<std::vector<DirectoryEntry>> list(std::string_view name) const = 0;
  // Creates the subdirectory; one that is there already is fine.
  [[nodiscard]] virtual Result<void> make_directory(std::string_view name) = 0;
  // Atomic; replaces `to`. Durable only after sync_directory.
  [[nodiscard]] virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  // Of a file, not a directory. One that is not there is fine.
  [[nodiscard]] virtual Result<void> remove(std::string_view name) = 0;
  // Makes the names in the subdirectory `name` durable ("." for the directory itself).
  [[nodiscard]] virtual Result<void> sync_directory(std::string_view name) = 0;
  // Makes this directory's own name durable in its parent.
  [[nodiscard]] virtual Result<void> sync_parent() = 0;

  // Creates LOCK when absent. Errors: locked, with the owner's pid in the message where LOCK names it; read_only and
  // permission_denied where LOCK cannot be written; unsupported where the file system has no locks.
  [[nodiscard]] virtual Result<std::unique_ptr<OwnerLock>> lock_as_owner() = 0;
  // Whether some process owns the directory now, asked without taking any lock.
  [[nodiscard]] virtual Result<bool> has_owner() const = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  // Errors: no_such_directory, not_a_directory, permission_denied.
  [[nodiscard]] virtual Result<std::shared_ptr<Directory>> open_directory(const std::string& path) = 0;
  // Creates the directory (not its parents) when absent, then opens it.
  [[nodiscard]] virtual Result<std::shared_ptr<Directory>> create_directory(const std::string& path) = 0;
};

}  // namespace batpak::platform
