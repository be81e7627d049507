#include "platform/large_pages.hpp"

#include <sys/mman.h>

#include <cstdint>

namespace batpak::platform {

void prefer_large_pages([[maybe_unused]] std::span<const std::byte> memory) noexcept {
#if defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t large_page_bytes = 2U << 20U;  // of x86-64 and most of aarch64
  const auto address = reinterpret_cast<std::uintptr_t>(memory.data());
  const std::uintptr_t skipped = (large_page_bytes - address % large_page_bytes) % large_page_bytes;
  if (skipped >= memory.size()) return;
  const std::size_t whole_pages = (memory.size() - skipped) / large_page_bytes * large_page_bytes;
  // The advice changes nothing that the caller can see, so that const is no lie.
  if (whole_pages > 0) ::madvise(const_cast<std::byte*>(memory.data()) + skipped, whole_pages, MADV_HUGEPAGE);
#endif
}

}  // namespace batpak::platform
