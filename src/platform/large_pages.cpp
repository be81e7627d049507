#include "platform/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace batpak::platform {

void prefer_large_pages([[maybe_unused]] const std::byte* start, [[maybe_unused]] std::size_t size) noexcept {
#if defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t large_page_bytes = 2U << 20U;  // of x86-64 and most of aarch64
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::uintptr_t skipped = (large_page_bytes - address % large_page_bytes) % large_page_bytes;
  if (skipped >= size) return;
  const std::size_t whole_pages = (size - skipped) / large_page_bytes * large_page_bytes;
  // The advice changes nothing that the caller can see, so that const is no lie.
  if (whole_pages > 0) ::madvise(const_cast<std::byte*>(start) + skipped, whole_pages, MADV_HUGEPAGE);
#endif
}

}  // namespace batpak::platform
