// Whether this process is still the one that opened something.
#pragma once

#include <cstdint>

namespace batpak::platform {

// A number that differs between a process and its forked children. Whoever must not be used in a child remembers it and
// compares: a store handle, an owner lock, bytes of entropy read ahead. Costs a load, no system call.
// Threads: any, and a child between fork and exec. Children made by vfork, _Fork or a bare clone are not noticed.
[[nodiscard]] std::uint64_t fork_generation() noexcept;

}  // namespace batpak::platform
