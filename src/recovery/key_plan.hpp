// What opening with these keys means for the log: nothing, a change of keys, or a refusal.
#pragma once

#include <optional>

#include "batpak/key_revocation.hpp"
#include "proof/key_history.hpp"
#include "recovery/log_state.hpp"

namespace batpak::recovery {

// The public halves of the signers that the store is opened with, and what the recovery key says.
struct OpeningKeys {
  std::optional<std::array<std::byte, 32>> key = {};
  std::optional<std::array<std::byte, 32>> previous_key = {};
  std::optional<KeyRevocation> revocation = {};
  std::optional<Hash> recovery_key_hash = {};
};

// `origin` and `next_sequence` are those of the log whose keys are `declared`. The change is one that its KeyHistory takes.
// Errors: key_required, wrong_key, rotation_unfinished, bad_signature, invalid_argument.
[[nodiscard]] Result<std::optional<KeyChange>> plan_keys(const proof::KeyHistory& declared, const OpeningKeys& keys,
                                                         std::string_view origin, std::uint64_t next_sequence);

}  // namespace batpak::recovery
