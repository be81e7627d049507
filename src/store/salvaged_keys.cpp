#include "store/salvaged_keys.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "batpak/key_revocation.hpp"
#include "event/frame_view.hpp"

namespace batpak::store {

proof::KeyHistory salvaged_keys(const std::optional<event::StoreMeta>& meta, const Snapshot& snapshot,
                                std::string_view origin) {
  proof::KeyHistory keys;
  const auto take = [&](const Result<EventView>& event) {
    if (!event) return;
    const auto frame = event::FrameView::parse(event->frame_bytes());
    if (!frame || frame->payload_erased() || !frame->gives_its_hashes()) return;
    static_cast<void>(keys.take(event->kind(), event->payload(), event->sequence(), origin));
  };
  if (meta) {
    static_cast<void>(keys.take(event::Genesis::kind, meta->genesis_payload, 0, origin));
  } else if (const auto first = snapshot.at(0); first && first->kind() == event::Genesis::kind) {
    take(first);
  }
  for (const Result<EventView>& event : snapshot.stream(event::KeyDeclaration::entity)) {
    if (event && event->kind() != event::Genesis::kind && proof::KeyHistory::concerns(event->kind())) take(event);
  }
  return keys;
}

Result<void> check_key_of_salvage(const proof::KeyHistory& source, const PublicKey& key) {
  if (source.recovery_key_hash() == recovery_key_hash(key)) {
    return base::fail(
        ErrorCode::invalid_argument,
        "the key is the recovery key of the damaged store: who steals it from where it signs could revoke that "
        "store's key");
  }
  const bool is_revoked = std::ranges::any_of(
      source.spans(), [&](const KeySpan& span) { return span.key == key.bytes() && span.revoked_from.has_value(); });
  if (!is_revoked) return {};
  return base::fail(ErrorCode::wrong_key,
                    "the damaged store revoked this key: whoever found it could sign for the new store too");
}

}  // namespace batpak::store
