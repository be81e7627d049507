// Events of the store's own, on their way to the writer.
#pragma once

#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "engine/request.hpp"
#include "event/store_events.hpp"
#include "platform/clock.hpp"

namespace batpak::store {

// `T` is one of event/store_events.hpp. Errors: of encoding; payload_too_large.
template <class T>
[[nodiscard]] Result<engine::Item> make_own_item(const T& payload, platform::Entropy& entropy) {
  event::DraftFields fields;
  fields.entity = T::entity;
  fields.scope = event::store_scope;
  fields.kind = T::kind;
  engine::Item item{.draft = event::DraftFrame::begin(fields, {}), .type = nullptr, .name = {}, .kept = {}};
  BATPAK_CHECK(encode_payload(item.draft.payload_buffer(), payload));
  event::Salt salt;
  entropy.fill(salt);
  BATPAK_CHECK(item.draft.finish(salt));
  return item;
}

}  // namespace batpak::store
