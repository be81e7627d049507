// Making checkpoints: the side of batpak/checkpoint.hpp that needs the key.
#pragma once

#include <string_view>

#include "batpak/checkpoint.hpp"

namespace batpak::proof {

// What a log may be called. Errors: invalid_argument.
[[nodiscard]] Result<void> check_origin(std::string_view origin);

// The signature of a store's own key, named as the origin. Cost: about 20 µs.
[[nodiscard]] NoteSignature sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key);

}  // namespace batpak::proof
