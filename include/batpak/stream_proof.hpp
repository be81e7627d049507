// A proof that nothing was left out: these are all the events that a log has of an entity, or it has none.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/key_chain.hpp"
#include "batpak/offline_receipt.hpp"

namespace [[gnu::visibility("default")]] batpak {

// A declaration of heads states the root of a Merkle tree over all streams of the log, in order. The proof shows the leaves of
// the entity's streams and of both neighbours, every event of these streams, and the receipt of the declaration. Without a leaf
// of the entity between its neighbours, it has no events. docs/PROOFS.md has the text, and what the proof does not say: whether
// the declared root is that of the log shows only who reads the log; verify_directory() does.
//
// Threads: plain values and free functions, as all of this header. Nothing here reads a file or a store.
struct StreamProof {
  static constexpr std::uint64_t text_bytes_max = 1ULL << 30;

  struct Leaf {
    std::uint64_t index = 0;
    std::vector<std::byte> data;
    std::vector<Hash> path;

    friend bool operator==(const Leaf&, const Leaf&) = default;
  };

  std::string entity;
  std::vector<Leaf> leaves;         // the left neighbour if there is one, the entity's streams, the right neighbour likewise
  std::vector<EventRecord> events;  // stream after stream, the oldest first
  OfflineReceipt declaration;       // with its payload

  friend bool operator==(const StreamProof&, const StreamProof&) = default;
};

// Why a proof is not believed.
enum class StreamProofFault : std::uint8_t {
  malformed,              // not such a text (the message names the line), or with an event that no log can hold
  refused_declaration,    // the receipt of the declaration is not believed; StreamProofRefusal::receipt_fault says why
  no_declaration,         // the receipt is of another event than a declaration of heads, or does not show its payload
  malformed_declaration,  // the payload is none of a declaration that may stand where it stands
  malformed_leaf,         // a leaf is none of a stream
  leaf_beyond_tree,       // a leaf is said to stand where the declared tree does not reach
  wrong_path,             // a path is not as long as one from there to the root
  wrong_root,             // a path does not lead from its leaf to the declared root
  not_neighbours,         // the leaves do not stand beside each other
  wrong_order,            // the leaves are not in the order of their streams
  missing_neighbour,      // what stands beside the entity's leaves is not shown, so there may be more of them
  needless_leaf,          // a leaf is neither of the entity nor its neighbour
  missing_event,          // a stream has more events than are shown
  needless_event,         // events are shown that no leaf speaks of
  newer_format,           // an event has fields that this version does not know
  fields_changed,         // the fields of an event do not give its hash
  wrong_stream,           // an event is of another entity or lane
  wrong_version,          // an event says that it stands elsewhere in its stream
  wrong_sequence,         // an event does not stand behind the one before it, or not in the part of the log that is declared
  broken_chain,           // an event does not link to the one before it
  wrong_beginning,        // the first event of a stream does not link to where such a stream begins
  wrong_head,             // the last event of a stream is not the one that its leaf names
  metadata_changed,       // the metadata of an event does not give the hash that the event holds of it
  payload_changed,        // likewise its payload
};
// The stable name: "missing_event".
[[nodiscard]] std::string_view to_string(StreamProofFault fault) noexcept;

struct StreamProofRefusal {
  StreamProofFault fault = StreamProofFault::malformed;
  std::string message;  // for people
  std::optional<ReceiptFault> receipt_fault;
};

// What the proof proves: the log declared that the entity has these events below `log_size`, and no others.
struct ProvenStream {
  struct Lane {
    std::uint32_t lane = 0;
    std::uint64_t events = 0;
    Hash head;  // of the last one
  };

  std::string entity;
  std::uint64_t log_size = 0;       // the events of the log that the declaration speaks of
  std::uint64_t streams = 0;        // how many streams they are in
  std::vector<Lane> lanes;          // none where the entity has no events
  std::vector<EventFields> events;  // lane after lane, the oldest first
  ProvenEvent declaration;          // when it was declared, and the checkpoint that covers it
};

[[nodiscard]] std::string format_stream_proof(const StreamProof& proof);

// Whether a text says that it is such a proof, by its first line.
[[nodiscard]] bool is_stream_proof(std::string_view text) noexcept;

// Fails with malformed, or malformed_leaf, and names the line. Nothing of the proof may be believed before it was verified.
[[nodiscard]] std::expected<StreamProof, StreamProofRefusal> parse_stream_proof(std::string_view text);

// Verifies the declaration as a receipt, every leaf against the declared root, that the leaves leave no room for another one
// of the entity, and the chain of each stream from its first event to its head. What is proven is about `entity` of the result;
// compare it with the one you ask about. Cost: about 100 µs, and 1 µs for each event.
[[nodiscard]] std::expected<ProvenStream, StreamProofRefusal> verify_stream_proof(const StreamProof& proof,
                                                                                  const VerifierKey& key);
// The same with the logs and witnesses that a policy names, which must name a log.
[[nodiscard]] std::expected<ProvenStream, StreamProofRefusal> verify_stream_proof(const StreamProof& proof,
                                                                                  const TrustPolicy& policy);
// The same with the keys of a log over time.
[[nodiscard]] std::expected<ProvenStream, StreamProofRefusal> verify_stream_proof(const StreamProof& proof,
                                                                                  const KeyChain& keys);

}  // namespace batpak
