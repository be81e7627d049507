// A state in few bytes, the same for states that differ only in what things are numbered.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/state.hpp"

namespace batpak::model {

// Replaces what `bytes` holds.
void pack(const State& state, std::vector<std::uint8_t>& bytes);
[[nodiscard]] State unpack(std::span<const std::uint8_t> bytes);

[[nodiscard]] std::uint64_t fingerprint(std::span<const std::uint8_t> bytes);

}  // namespace batpak::model
