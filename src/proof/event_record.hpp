// Events outside of their store, as receipts and proofs of streams hold them: their bytes, and what can be checked of them.
#pragma once

#include <expected>
#include <optional>

#include "base/bytes.hpp"
#include "batpak/offline_receipt.hpp"
#include "event/frame_view.hpp"

namespace batpak::proof {

// "batpakR1" and what follows it; docs/PROOFS.md has the bytes.
[[nodiscard]] Bytes encode_record(const EventRecord& record);
// Nothing for anything but what encode_record() writes of a header that is not shorter than any can be.
[[nodiscard]] std::optional<EventRecord> decode_record(ByteView bytes);

// The header, when it gives the event hash. Faults: newer_format, fields_changed, malformed for
// fields that no event may have.
[[nodiscard]] std::expected<event::HeaderView, ReceiptRefusal> check_header(const EventRecord& record);
// What is shown of the content. Faults: metadata_changed, payload_changed.
[[nodiscard]] std::expected<void, ReceiptRefusal> check_shown(const EventRecord& record, const event::HeaderView& header);

// Precondition: both checks succeeded.
[[nodiscard]] EventFields fields_of(const EventRecord& record, const event::HeaderView& header);

}  // namespace batpak::proof
