// What a proof about an entity's streams proves, as it is shown.
#pragma once

#include <string>
#include <vector>

#include "arguments.hpp"
#include "batpak/stream_proof.hpp"
#include "json_object.hpp"
#include "output.hpp"

namespace batpak::cli {

// Whether the origin was compared with the one that is expected: a key without a name expects none.
enum class OriginCheck : std::uint8_t { done, not_done };
inline constexpr std::string_view origin_not_checked = "not checked: the key has no name, so it may sign for any log";

void print_proven_stream(const ProvenStream& stream, OriginCheck origin, Format format, Output& output);

// What is shown of the event's payload and metadata, as members of a JSON object: either, or why it cannot be read.
void add_content(JsonObject& object, const EventFields& event);
// The same in words: "not shown", JSON, or why it cannot be read.
[[nodiscard]] std::string payload_words(const EventFields& event);
[[nodiscard]] std::string metadata_words(const EventFields& event);

// Who cosigned a checkpoint, as an array of JSON.
[[nodiscard]] std::vector<std::string> cosignatures_json(const std::vector<Cosignature>& cosignatures);
// "witness.example.com/w1 (W1), at 2026-11-23T00:00:00Z"
[[nodiscard]] std::string cosignature_words(const Cosignature& cosignature);

}  // namespace batpak::cli
