// Naming the one byte that was changed, from a CRC that does not match.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace batpak::audit {

struct ChangedByte {
  std::size_t offset = 0;  // in the block
  std::byte was{};
  std::byte is{};
};

// What a CRC stands for: the CRC-32C at `crc_at` is of `salt` followed by everything in the block from `covered_at` on.
struct CrcRange {
  std::size_t crc_at = 0;
  std::size_t covered_at = 4;
  ByteView salt = {};
};

// Every single byte whose old value would make the CRC match; nothing where it matches already, or where more than one byte was
// changed. A CRC-32C tells single bytes apart in blocks of some megabytes; in longer ones, chance may offer a second one.
// Cost: a step for each byte.
[[nodiscard]] std::vector<ChangedByte> explain_by_one_byte(ByteView block, const CrcRange& range);

// "the byte was 0x41 and is 0x61"
[[nodiscard]] std::string describe(const ChangedByte& change);

}  // namespace batpak::audit
