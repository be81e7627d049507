// What goes wrong on a simulated file system, and the record of what was asked of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace batpak::platform {

enum class SimCall : std::uint8_t {
  open,  // of a file or directory that is there
  look,  // exists, list, size, has_owner
  read,
  map,
  create,  // of a file
  write,
  sync,  // sync_data and sync_all
  truncate,
  allocate,
  rename,
  remove,
  make_directory,
  sync_directory,  // and sync_parent
  lock,
};

// Whether the call may change what others see or what survives.
[[nodiscard]] constexpr bool modifies(SimCall call) noexcept {
  return call != SimCall::open && call != SimCall::look && call != SimCall::read && call != SimCall::map;
}

// A failure to come. Calls that match are counted from when it is injected.
struct SimFault {
  enum class Effect : std::uint8_t {
    io_error,     // EIO
    no_space,     // ENOSPC
    unsupported,  // EOPNOTSUPP
    stop,         // the process gets no further: this call and every later one fails, until kill() or crash()
    misdirected,  // a write succeeds and is seen, and the device has put it elsewhere: see sectors_off
  };

  std::optional<SimCall> call;  // any, when absent
  std::string path_contains;    // any, when empty
  std::uint64_t nth = 1;        // the first call that fails: 1 is the next that matches
  std::uint64_t times = 1;      // how many fail from there on
  Effect effect = Effect::io_error;
  std::uint64_t bytes_written = 0;  // of a write: so much of it happens all the same
  // Of a sync that fails: the seed that chooses which sectors reach the device all the same; none, when absent.
  // The others are clean from then on and read as written, until a crash or an eviction brings the old bytes.
  std::optional<std::uint64_t> reached_seed;
  // Of a misdirected write: how many sectors from its place it went to, in the same file; nowhere, when 0 or outside of it.
  // What the device has shows only after a crash or an eviction, and no later sync mends it.
  std::int64_t sectors_off = 0;
};

// One call as it was made. Paths are from the root of the file system, under the name the handle was opened by.
struct SimCallRecord {
  SimCall call = SimCall::open;
  std::string path;
  std::uint64_t offset = 0;  // of read and write; the new size for truncate and allocate
  std::uint64_t length = 0;  // as asked for
  bool failed_by_fault = false;
  bool operator==(const SimCallRecord&) const = default;
};

}  // namespace batpak::platform
