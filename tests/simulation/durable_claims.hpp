// What the bytes of a log say of its own durability, read without any of the library's readers.
#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"

namespace batpak::test {

// How many events, from the start of the log, an intact commit or segment header says are on the device. Whatever is damaged
// before that must not go unnoticed. Offsets as in docs/FORMAT.md.
inline std::uint64_t claimed_durable(const std::map<std::string, Bytes>& segments) {
  constexpr std::size_t segment_header = 4096;
  constexpr std::size_t commit_header = 88;
  std::uint64_t claimed = 0;
  for (const auto& [name, bytes] : segments) {
    if (bytes.size() < segment_header) continue;
    const ByteView view(bytes);
    if (base::load_le<std::uint32_t>(bytes.data()) != base::crc32c(view.subspan(4, segment_header - 4))) continue;
    const auto number = base::load_le<std::uint64_t>(bytes.data() + 40);
    claimed = std::max(claimed, base::load_le<std::uint64_t>(bytes.data() + 48));
    const std::uint32_t salt = base::crc32c(view.subspan(56, 16));
    for (std::size_t at = segment_header; at + commit_header <= bytes.size(); at += 8) {
      const std::byte* const header = bytes.data() + at;
      if (base::load_le<std::uint32_t>(header + 8) != 0x436b7062U) continue;  // "bpkC"
      if (base::load_le<std::uint64_t>(header + 16) != number || base::load_le<std::uint64_t>(header + 24) != at) continue;
      if (base::load_le<std::uint32_t>(header) != base::crc32c(view.subspan(at + 4, commit_header - 4), salt)) continue;
      claimed = std::max(claimed, base::load_le<std::uint64_t>(header + 72));
    }
  }
  return claimed;
}

}  // namespace batpak::test
