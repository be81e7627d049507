// CRC-32C (Castagnoli), as in RFC 3720, appendix B.4: reflected polynomial 0x82F63B78, initial value and final xor 0xFFFFFFFF.
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.hpp"

namespace batpak::base {

// The CRC of `bytes`; "123456789" gives 0xE3069283. With `before`, of the bytes that gave `before` followed by `bytes`.
// Uses the processor's instruction where there is one. Threads: any.
[[nodiscard]] std::uint32_t crc32c(ByteView bytes, std::uint32_t before = 0) noexcept;

// The same by table, for processors without the instruction; public to this room's test.
[[nodiscard]] std::uint32_t crc32c_portable(ByteView bytes, std::uint32_t before = 0) noexcept;

}  // namespace batpak::base
