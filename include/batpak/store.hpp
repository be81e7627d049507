// The event store: one directory, one process.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/append_options.hpp"
#include "batpak/batch.hpp"
#include "batpak/checkpoint.hpp"
#include "batpak/coordinate.hpp"
#include "batpak/key_chain.hpp"
#include "batpak/offline_receipt.hpp"
#include "batpak/open_options.hpp"
#include "batpak/payload_type.hpp"
#include "batpak/projection.hpp"
#include "batpak/receipt.hpp"
#include "batpak/snapshot.hpp"
#include "batpak/stream_proof.hpp"

namespace [[gnu::visibility("default")]] batpak {

// Appends events, makes them durable, gives receipts, reads them back.
//
//   auto store = batpak::Store::open("game.batpak");
//   auto where = batpak::Coordinate::make("player:alice", "room:dungeon");
//   auto receipt = store->append(*where, PlayerMoved{.x = 10, .y = 20});
//   auto event = store->get(receipt->event_id);
//
// Threads: every member may be called from any thread, except that closing, moving and destroying need all others to have
// returned. Readers never wait for the device; they see whole commits only, in order.
// Durability: an append that returned with Durability::durable (the default) survives power loss.
// Errors: after outcome_unknown the store is poisoned for writing (poisoned); reads go on; reopen to find out and to repair.
// A handle does not survive fork(): in the child every call fails with forked_child, and those that cannot fail give nothing.
class Store {
 public:
  // Opens or creates the store in the directory `path`, recovers it where needed, and owns it until closed.
  // Errors: not_a_store, already_a_store, not_a_directory, no_such_directory (of the parent), permission_denied, locked,
  // newer_format, foreign_segment, damaged, key_required, wrong_key, rotation_unfinished, bad_signature, invalid_argument,
  // no_space, io_error.
  [[nodiscard]] static Result<Store> open(const std::string& path, const OpenOptions& options = {});
  // Opens for reading, beside a live writer or without one; never writes a byte. Serves what is whole around damage.
  [[nodiscard]] static Result<Store> open_read_only(const std::string& path, ReadOnlyOptions options = {});

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Makes everything durable, leaves a mark that says so, gives back space allocated ahead, and releases the directory. What
  // fails here a destructor could not report. Closing twice is fine.
  [[nodiscard]] Result<void> close();

  // Appends one event and returns when it has reached `options.durability`. Waits while the queue is full.
  // Errors: of encoding; payload_too_large, batch_too_large (for this store's segments), invalid_metadata, kind_collision, kinds_exhausted, not_written,
  // outcome_unknown, poisoned, closed, read_only.
  template <class T>
  [[nodiscard]] Result<Receipt> append(const Coordinate& where, const T& payload, const AppendOptions& options = {}) {
    return append_encoded(where, detail::payload_type<T>(), detail::PayloadSource(payload), options, WhenFull::wait);
  }
  // The same, but queue_full instead of waiting for room in the queue.
  template <class T>
  [[nodiscard]] Result<Receipt> try_append(const Coordinate& where, const T& payload, const AppendOptions& options = {}) {
    return append_encoded(where, detail::payload_type<T>(), detail::PayloadSource(payload), options, WhenFull::refuse);
  }
  // An event given by name, its payload as JSON text; see docs/PAYLOADS.md. A new name gets a kind in category 0x1.
  [[nodiscard]] Result<Receipt> append_json(const Coordinate& where, std::string_view name, std::string_view json,
                                            const AppendOptions& options = {});
  // All events or none, in one commit; receipts in the order of the batch. Errors also: empty_batch, batch_too_large.
  [[nodiscard]] Result<std::vector<Receipt>> append_batch(Batch batch, const BatchOptions& options = {});
  // Returns when everything accepted before the call is durable.
  [[nodiscard]] Result<void> sync();

  [[nodiscard]] Result<Snapshot> snapshot() const;
  // Short forms: each takes a snapshot of this moment. See Snapshot.
  [[nodiscard]] Result<Event> get(const EventId& id) const;
  [[nodiscard]] Result<Event> at(std::uint64_t sequence) const;
  [[nodiscard]] Result<EventRange> read(const ReadOptions& options = {}) const;
  [[nodiscard]] Result<EventRange> stream(std::string_view entity, const StreamOptions& options = {}) const;
  [[nodiscard]] Result<EventRange> ancestors(const EventId& id) const;
  [[nodiscard]] Result<std::optional<StreamHead>> head(std::string_view entity, std::uint32_t lane = 0) const;

  // The state P of one entity, folded from its stream now.
  template <Projection P>
  [[nodiscard]] Result<P> project(std::string_view entity) const {
    Result<EventRange> events = stream(entity);
    if (!events) return std::unexpected(std::move(events).error());
    return fold<P>(std::move(*events));
  }

  // Whether the log holds what the receipt says: recomputes content hash, event hash and link from the bytes, and verifies
  // the receipt's signatures with the store's declared key. Errors: not_found, history_changed, corrupt, bad_signature.
  [[nodiscard]] Result<void> verify_receipt(const Receipt& receipt) const;

  // That the event is part of the log of `size` events, for a checkpoint of that size; and that the log of `new_size` events
  // goes on from that of `old_size`. Each is verified against the newest durable checkpoint before it is given.
  // Cost: O(log n); the first call reads the log where the nodes of the tree are not kept in the directory.
  // Errors: past_the_end beyond what is durable, invalid_argument, corrupt.
  [[nodiscard]] Result<InclusionProof> prove_inclusion(std::uint64_t sequence, std::uint64_t size) const;
  [[nodiscard]] Result<ConsistencyProof> prove_consistency(std::uint64_t old_size, std::uint64_t new_size) const;
  // The same receipt for strangers: a text that verify_offline_receipt() checks with the store's public key alone. It stands
  // on the newest signed checkpoint. With Show::content the payload and metadata are part of it.
  // Errors: as verify_receipt(); key_required where the store has no key, past_the_end where no signature covers the event yet.
  enum class Show : std::uint8_t { fields, content };
  [[nodiscard]] Result<OfflineReceipt> proof(const Receipt& receipt, Show show = Show::fields) const;
  [[nodiscard]] Result<OfflineReceipt> proof(std::uint64_t sequence, Show show = Show::fields) const;
  // Declares the last event of every stream, so that it can be proven that nothing was left out: an event of the store's own
  // over all that is durable by now, itself durable. Appends go on meanwhile. Cost: about 2 µs for each stream.
  // Errors: as append(); not_written where a million events were appended meanwhile, several times over; corrupt.
  [[nodiscard]] Result<Receipt> declare_heads();
  // That these are all the events that the log has of the entity, or that it has none: a text that verify_stream_proof() checks
  // with the store's public key alone. It stands on the newest declaration of heads, and says nothing of later events.
  // Cost: that of declaring for the first proof on a declaration, then 1 µs for each event of the entity.
  // Errors: no_heads where no signed checkpoint covers a declaration, key_required, invalid_coordinate, corrupt.
  [[nodiscard]] Result<StreamProof> prove_stream(std::string_view entity, Show show = Show::fields) const;
  // The newest durable checkpoint that is signed. Errors: key_required where the store has no key, past_the_end where none is
  // signed yet, or where the key of the newest is revoked and the successor has not signed yet.
  [[nodiscard]] Result<CheckpointNote> signed_checkpoint() const;

  [[nodiscard]] const std::string& path() const noexcept;
  [[nodiscard]] const std::string& origin() const noexcept;
  [[nodiscard]] std::string store_id() const;  // 32 hexadecimal digits
  // The key in force.
  [[nodiscard]] std::optional<PublicKey> declared_key() const;
  // All keys that the log declares, in their order.
  [[nodiscard]] std::vector<KeySpan> keys() const;
  // A text that leads who knows one of the store's keys to the others: verify_key_chain(). Changes that no signed checkpoint
  // covers yet are left out. Errors: key_required where the store has no key, past_the_end where none signed yet; corrupt.
  [[nodiscard]] Result<std::string> key_chain() const;
  // Why the signer did not sign when it was asked last; none while it does.
  [[nodiscard]] std::optional<Error> signer_error() const;
  // Why the witness file was not written when it was due last; none while it is. Appends go on meanwhile, and what is behind
  // `Frontier::witnessed` can be put back unnoticed.
  [[nodiscard]] std::optional<Error> witness_error() const;
  // recovery_key_hash() of the key that alone can revoke, where the log names one.
  [[nodiscard]] std::optional<Hash> recovery_key_hash() const;
  [[nodiscard]] const OpenReport& open_report() const noexcept;
  [[nodiscard]] std::vector<DeclaredType> types() const;
  [[nodiscard]] Frontier frontier() const noexcept;
  // The newest durable checkpoint; with a key, signed. A store opened for reading gives what the log states, with the
  // stored signature where there is one; verify_directory() recomputes it.
  [[nodiscard]] Result<CheckpointNote> checkpoint() const;

  // One turn of what the store's own thread does, for OpenOptions::Housekeeping::by_hand.
  void keep_house();

  class Impl;

 private:
  enum class WhenFull : std::uint8_t { wait, refuse };
  explicit Store(std::unique_ptr<Impl> impl);
  [[nodiscard]] Result<Receipt> append_encoded(const Coordinate& where, const detail::PayloadType& type,
                                               const detail::PayloadSource& payload, const AppendOptions& options,
                                               WhenFull when_full);

  [[nodiscard]] Result<OfflineReceipt> prove_under(const CheckpointNote& note, std::uint64_t sequence, Show show) const;

  std::unique_ptr<Impl> impl_;
};

}  // namespace batpak
