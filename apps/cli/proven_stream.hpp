// What a proof about an entity's streams proves, as it is shown.
#pragma once

#include "arguments.hpp"
#include "batpak/stream_proof.hpp"
#include "output.hpp"

namespace batpak::cli {

void print_proven_stream(const ProvenStream& stream, Format format, Output& output);

// Where it is shown.
[[nodiscard]] std::optional<std::string> payload_json(const EventFields& event);

}  // namespace batpak::cli
