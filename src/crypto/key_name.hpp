// The names of keys in signed notes, and so of logs.
#pragma once

#include <string_view>

namespace batpak::crypto {

// Whether `name` may name a key (C2SP signed-note): 1–255 bytes of UTF-8 without Unicode spaces, plus signs or control
// characters.
[[nodiscard]] bool is_key_name(std::string_view name) noexcept;

}  // namespace batpak::crypto
