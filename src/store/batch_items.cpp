#include "store/batch_items.hpp"

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "batpak/json.hpp"
#include "event/type_registry.hpp"

namespace batpak::store {
namespace {

using base::fail;

event::Salt random_salt(platform::Entropy& entropy) {
  event::Salt salt;
  entropy.fill(salt);
  return salt;
}

Result<event::DraftFrame> begin_draft(const Coordinate& where, std::uint16_t payload_version, const EventOptions& options,
                                      platform::Entropy& entropy) {
  event::DraftFields fields;
  fields.entity = where.entity();
  fields.scope = where.scope();
  fields.payload_version = payload_version;
  fields.correlation = options.correlation;
  fields.causation = options.causation;
  if (options.metadata.empty()) return event::DraftFrame::begin(fields, {});
  BATPAK_TRY(const Bytes metadata, encode_metadata(options.metadata));
  fields.metadata = metadata;
  return event::DraftFrame::begin(fields, random_salt(entropy));
}

}  // namespace

Result<Bytes> encode_metadata(const Metadata& metadata) {
  Bytes bytes;
  if (metadata.empty()) return bytes;
  const auto refuse = [](std::string message) { return fail(ErrorCode::invalid_metadata, std::move(message)); };
  if (metadata.size() > limits::metadata_entries_max) {
    return refuse("metadata has at most " + std::to_string(limits::metadata_entries_max) + " entries");
  }
  for (const auto& [name, value] : metadata) {
    if (name.empty() || name.size() > limits::event_name_bytes_max || !base::is_utf8(name)) {
      return refuse("a name in the metadata is 1–255 bytes of UTF-8");
    }
  }
  if (auto encoded = encode_payload(bytes, metadata); !encoded) {
    return refuse("the metadata cannot be encoded: " + encoded.error().message);
  }
  if (bytes.size() > limits::metadata_bytes_max) {
    return refuse("the metadata is " + std::to_string(bytes.size()) + " bytes; the limit is " +
                  std::to_string(limits::metadata_bytes_max));
  }
  return bytes;
}

Result<engine::Item> make_item(const Coordinate& where, const detail::PayloadType& type,
                               const detail::PayloadSource& payload, const EventOptions& options,
                               platform::Entropy& entropy) {
  if (type.type.category == EventKind::category_named) {
    return fail(ErrorCode::reserved_kind, "category 0x1 is assigned by the store; give only a name");
  }
  if (!type.has_valid_name) BATPAK_CHECK(detail::check_event_name(type.type.name));
  BATPAK_TRY(event::DraftFrame draft, begin_draft(where, type.type.version, options, entropy));
  BATPAK_CHECK(payload.encode(draft.payload_buffer()));
  BATPAK_CHECK(draft.finish(random_salt(entropy)));
  return engine::Item{.draft = std::move(draft), .type = &type, .name = {}, .kept = {}};
}

Result<engine::Item> make_json_item(const Coordinate& where, std::string_view name, std::string_view json,
                                    const EventOptions& options, platform::Entropy& entropy) {
  BATPAK_CHECK(detail::check_event_name(name));
  BATPAK_TRY(event::DraftFrame draft, begin_draft(where, 1, options, entropy));
  BATPAK_TRY(const Bytes payload, messagepack_from_json(json));
  base::append(draft.payload_buffer(), payload);
  BATPAK_CHECK(draft.finish(random_salt(entropy)));
  return engine::Item{.draft = std::move(draft), .type = nullptr, .name = std::string(name), .kept = {}};
}

}  // namespace batpak::store
