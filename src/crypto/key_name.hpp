// The names of keys in signed notes, and so of logs.
#pragma once

#include <string_view>

namespace batpak::crypto {

// Whether `name` may name a key that batpak uses, or a log: 1–255 bytes of UTF-8 without Unicode spaces, plus signs or control
// characters.
[[nodiscard]] bool is_key_name(std::string_view name) noexcept;

// Whether a note of others may name a key so (C2SP signed-note): UTF-8 without Unicode spaces, plus signs or characters below
// U+0020, of any length. Those that are no is_key_name() are strangers to everybody, and must not spoil the note.
[[nodiscard]] bool is_note_key_name(std::string_view name) noexcept;

}  // namespace batpak::crypto
