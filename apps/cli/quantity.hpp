// Numbers as people read them.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace batpak::cli {

// "13,493".
[[nodiscard]] std::string grouped(std::uint64_t number);

// "1 event", "13,493 events".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view one, std::string_view many);

// "512 B", "1.5 MiB".
[[nodiscard]] std::string byte_size(std::uint64_t bytes);

// "0.42 s", "3:07 min", "2:05:00 h".
[[nodiscard]] std::string duration_text(std::chrono::microseconds duration);

}  // namespace batpak::cli
