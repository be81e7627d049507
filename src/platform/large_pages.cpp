#include "platform/large_pages.hpp"

#include <sys/mman.h>

namespace batpak::platform {

void prefer_large_pages([[maybe_unused]] const std::byte* start, [[maybe_unused]] std::size_t size) noexcept {
#if defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t large_page_bytes = 2U << 20U;  // of x86-64 and most of aarch64
  const auto address = reinterpret_cast<std::uintptr_t>(start);
  const std::uintptr_t begin = (address + large_page_bytes - 1) / large_page_bytes * large_page_bytes;
  const std::uintptr_t end = (address + size) / large_page_bytes * large_page_bytes;
  if (begin < end) static_cast<void>(::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE));
#endif
}

}  // namespace batpak::platform
