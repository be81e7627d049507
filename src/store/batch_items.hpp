// Events as their callers make them, on the way to the writer.
#pragma once

#include <vector>

#include "batpak/batch.hpp"
#include "engine/request.hpp"
#include "platform/clock.hpp"

namespace batpak {

struct [[gnu::visibility("hidden")]] Batch::Impl {
  std::vector<engine::Item> items;
  std::uint64_t bytes = 0;

  [[nodiscard]] Result<void> add(engine::Item item);
};

namespace store {

// Encodes and hashes in the caller's thread. Errors: of encoding, payload_too_large, invalid_metadata, invalid_name,
// reserved_kind.
[[nodiscard]] Result<engine::Item> make_item(const Coordinate& where, const detail::PayloadType& type,
                                             const detail::PayloadSource& payload, const EventOptions& options,
                                             platform::Entropy& entropy);
[[nodiscard]] Result<engine::Item> make_json_item(const Coordinate& where, std::string_view name, std::string_view json,
                                                  const EventOptions& options, platform::Entropy& entropy);

// Canonical bytes of a metadata map, empty for an empty one. Errors: invalid_metadata.
[[nodiscard]] Result<Bytes> encode_metadata(const Metadata& metadata);

}  // namespace store
}  // namespace batpak
