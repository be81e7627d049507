// A hint to the system about memory that is read and written from one end to the other.
#pragma once

#include <cstddef>
#include <cstdint>

namespace batpak::platform {

// Asks for pages larger than usual behind a buffer that is about to be filled, so that touching it for the first time costs
// fewer faults. Promises nothing. Precondition: `size` bytes at `start` belong to the caller.
void prefer_large_pages(const std::byte* start, std::size_t size) noexcept;

}  // namespace batpak::platform
