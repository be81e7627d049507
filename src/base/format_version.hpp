// The version of the on-disk format that this batpak writes, and the newest it reads.
#pragma once

#include <cstdint>

namespace batpak {

inline constexpr std::uint32_t format_version = 1;

}  // namespace batpak
