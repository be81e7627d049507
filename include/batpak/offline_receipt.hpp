// A receipt for strangers: one text that says what was recorded, and that a public key alone is enough to check.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/checkpoint.hpp"
#include "batpak/event_id.hpp"
#include "batpak/event_kind.hpp"
#include "batpak/timestamp.hpp"
#include "batpak/tree_proof.hpp"
#include "batpak/trust_policy.hpp"

namespace [[gnu::visibility("default")]] batpak {

// An event outside of its store: what its hash is computed over, and as much of its content as is shown.
//
// Threads: plain values and free functions, as all of this header. Nothing here reads a file or a store.
struct EventRecord {
  Hash event_hash;
  std::vector<std::byte> header;    // what the event hash is computed over; see docs/FORMAT.md
  std::vector<std::byte> metadata;  // with its length and salt, as it is hashed; empty where it is not shown
  std::vector<std::byte> payload;   // likewise

  friend bool operator==(const EventRecord&, const EventRecord&) = default;
};

// The text is a proof of C2SP tlog-proof, whose extra line holds the event; docs/PROOFS.md has its bytes. It is at most 2.2 kB
// without the payload, for a log of a billion events and an entity and scope of 64 bytes together.
struct OfflineReceipt : EventRecord {
  static constexpr std::size_t text_bytes_max = 32U << 20;

  InclusionProof inclusion;
  CheckpointNote note;

  friend bool operator==(const OfflineReceipt&, const OfflineReceipt&) = default;
};

// Why a receipt is not believed.
enum class ReceiptFault : std::uint8_t {
  malformed,          // not such a text (the message names the line), or of an event that no log can hold
  newer_format,       // of an event with fields that this version does not know
  unknown_origin,     // of a log that the verifier does not know
  wrong_key,          // the checkpoint has no signature of the verifier's key
  bad_signature,      // it has one, which does not verify
  not_cosigned,       // fewer witnesses cosigned the checkpoint than the policy asks for
  index_beyond_size,  // the event is said to stand where the log of the checkpoint does not reach
  fields_changed,     // the fields of the event do not give its hash
  wrong_index,        // the event says that it stands elsewhere
  wrong_path,         // the path is not as long as one from there to the root
  wrong_root,         // the path does not lead from the event's hash to the root
  metadata_changed,   // the metadata does not give the hash that the event holds of it
  payload_changed,    // the payload does not give the hash that the event holds of it
  revoked_key,        // the key that signed the checkpoint was revoked, from before its size on
  broken_chain,       // a chain of keys does not lead from one to the next, or not from the verifier's
};
// The stable name: "wrong_root".
[[nodiscard]] std::string_view to_string(ReceiptFault fault) noexcept;

struct ReceiptRefusal {
  ReceiptFault fault = ReceiptFault::malformed;
  std::string message;  // for people
};

// What an event says of itself.
struct EventFields {
  std::uint64_t sequence = 0;
  std::uint64_t stream_version = 0;
  std::string entity;
  std::string scope;
  std::uint32_t lane = 0;
  EventKind kind;
  std::uint16_t payload_version = 0;
  EventId event_id;
  Timestamp time;
  std::int64_t wall_microseconds = 0;
  std::optional<CorrelationId> correlation;
  std::optional<EventId> causation;
  Hash event_hash;
  Hash previous_hash;
  Hash content_hash;
  std::optional<Hash> metadata_hash;  // where it has metadata
  // Where they are shown: the bytes that these hashes are of, without length and salt. Canonical MessagePack, if the log's writer
  // kept to the format, which a receipt does not prove.
  std::optional<std::vector<std::byte>> payload;
  std::optional<std::vector<std::byte>> metadata;
};

// What the receipt proves: the log that the key speaks for holds this event at this place.
struct ProvenEvent : EventFields {
  Checkpoint checkpoint;
  std::vector<Cosignature> cosignatures;  // of the checkpoint, verified, where a policy names the witnesses
};

[[nodiscard]] std::string format_offline_receipt(const OfflineReceipt& receipt);

// Fails with malformed only. Nothing of the receipt may be believed before it was verified.
[[nodiscard]] std::expected<OfflineReceipt, ReceiptRefusal> parse_offline_receipt(std::string_view text);

// Recomputes the event's hash from its fields, the leaf from that, the root from the leaf and the path, and verifies the
// signature over the root. Cost: about 100 µs, nearly all of it the signature.
[[nodiscard]] std::expected<ProvenEvent, ReceiptRefusal> verify_offline_receipt(const OfflineReceipt& receipt,
                                                                                const VerifierKey& key);
// Everything but the signature: that the receipt holds, if its checkpoint does. It is for those who know the checkpoint from
// elsewhere, or compare it with the log; alone it proves nothing, for anybody can write such a receipt.
[[nodiscard]] std::expected<ProvenEvent, ReceiptRefusal> verify_against_own_checkpoint(const OfflineReceipt& receipt);
// The same as with a key, with the logs and witnesses that a policy names, which must name a log.
[[nodiscard]] std::expected<ProvenEvent, ReceiptRefusal> verify_offline_receipt(const OfflineReceipt& receipt,
                                                                                const TrustPolicy& policy);

}  // namespace batpak
