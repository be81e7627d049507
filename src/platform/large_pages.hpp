// A hint to the system about memory that is read and written from one end to the other.
#pragma once

#include <cstddef>
#include <span>

namespace batpak::platform {

// Asks for pages larger than usual behind a buffer that is about to be filled, so that touching it for the first time costs
// fewer faults. Promises nothing.
void prefer_large_pages(std::span<const std::byte> memory) noexcept;

}  // namespace batpak::platform
