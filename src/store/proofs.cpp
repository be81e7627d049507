// What a store can prove of its log to somebody else.
#include <algorithm>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"
#include "batpak/store.hpp"
#include "event/frame_view.hpp"
#include "event/store_events.hpp"
#include "proof/heads_tree.hpp"
#include "proof/key_chain.hpp"
#include "proof/offline_receipt.hpp"
#include "proof/stream_proof.hpp"
#include "store/own_event.hpp"
#include "store/store_impl.hpp"

namespace batpak {
namespace {

using base::fail;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

EventRecord record_of(const event::FrameView& frame, Store::Show show) {
  EventRecord record;
  record.event_hash = frame.event_hash();
  record.header = copy(frame.header().bytes());
  if (show == Store::Show::content) {
    if (!frame.metadata_erased()) record.metadata = copy(frame.metadata_section());
    if (!frame.payload_erased()) record.payload = copy(frame.payload_section());
  }
  return record;
}

StreamProof::Leaf leaf_of(const proof::HeadsTree& tree, std::uint64_t index) {
  const auto proof = proof::prove_inclusion(tree, index, tree.size());
  return {.index = index, .data = proof::encode_head(tree.heads()[index]), .path = proof->path};  // its nodes are in memory
}

Result<void> check_signature(const CheckpointNote& note, const proof::KeyHistory& keys) {
  const KeySpan* const span = keys.in_force_at(note.checkpoint.size - 1);
  const auto key =
      span == nullptr ? Result<PublicKey>(fail(ErrorCode::wrong_key, "no key")) : PublicKey::from_bytes(span->key);
  const auto named = key ? VerifierKey::make(note.checkpoint.origin, *key) : Result<VerifierKey>(fail(key.error()));
  if (named && proof::verify_log_signature(note, *named)) return {};
  return fail(ErrorCode::corrupt, "the newest stored checkpoint, of " + std::to_string(note.checkpoint.size) +
                                      " events, is not signed by the store's key");
}

}  // namespace

Result<InclusionProof> Store::prove_inclusion(std::uint64_t sequence, std::uint64_t size) const {
  BATPAK_TRY(const Event event, at(sequence));
  return impl_->prover.prove_inclusion(sequence, event.event_hash(), size, impl_->checkpoint().checkpoint);
}

Result<ConsistencyProof> Store::prove_consistency(std::uint64_t old_size, std::uint64_t new_size) const {
  BATPAK_TRY(const Snapshot now, snapshot());  // a reader looks at what there is now
  return impl_->prover.prove_consistency(old_size, new_size, impl_->checkpoint().checkpoint);
}

Result<CheckpointNote> Store::signed_checkpoint() const {
  BATPAK_TRY(const Snapshot now, snapshot());
  std::optional<CheckpointNote> newest;
  if (impl_->writer) {
    if (const auto note = impl_->writer->signed_checkpoint()) newest = *note;
  } else {
    const base::Lock guard(impl_->follower_mutex);
    if (const auto& stored = impl_->follower->state().newest_signed) newest = *stored;
    // Whoever could write the files could store it.
    if (newest) BATPAK_CHECK(check_signature(*newest, impl_->follower->state().keys));
  }
  if (!newest && !impl_->keys()->empty()) {
    return fail(ErrorCode::past_the_end,
                "no signed checkpoint of the store is stored yet: the first one is with the next event");
  }
  if (!newest) return fail(ErrorCode::key_required, "no checkpoint of the store is signed: it has no key");
  if (!impl_->keys()->counts(newest->checkpoint.size)) {
    return fail(ErrorCode::past_the_end,
                "the newest signed checkpoint is by a key that is revoked: its successor has to sign");
  }
  return *std::move(newest);
}

Result<OfflineReceipt> Store::proof(const Receipt& receipt, Show show) const {
  BATPAK_CHECK(verify_receipt(receipt));
  return proof(receipt.sequence, show);
}

Result<OfflineReceipt> Store::proof(std::uint64_t sequence, Show show) const {
  BATPAK_TRY(const CheckpointNote note, signed_checkpoint());
  return prove_under(note, sequence, show);
}

Result<OfflineReceipt> Store::prove_under(const CheckpointNote& note, std::uint64_t sequence, Show show) const {
  BATPAK_TRY(const Event event, at(sequence));
  OfflineReceipt receipt;
  receipt.note = note;
  if (sequence >= note.checkpoint.size) {
    return fail(Error(ErrorCode::past_the_end, "no signed checkpoint covers the event yet").at_sequence(sequence));
  }
  BATPAK_TRY(receipt.inclusion, impl_->prover.prove_inclusion(sequence, event.event_hash(), note.checkpoint.size,
                                                              impl_->checkpoint().checkpoint));
  BATPAK_TRY(const event::FrameView frame, event::FrameView::parse(event.frame_bytes()));
  static_cast<EventRecord&>(receipt) = record_of(frame, show);
  // What leaves the store verifies, or does not leave it.
  if (const auto holds = proof::verify_event(receipt); !holds) {
    return fail(Error(ErrorCode::corrupt, "the event was changed: " + holds.error().message).at_sequence(sequence));
  }
  return receipt;
}

Result<Receipt> Store::declare_heads() {
  BATPAK_CHECK(impl_->check_writable());
  // Where others append a million events meanwhile, what was gathered is too old.
  for (int tries = 0; tries < 4; ++tries) {
    BATPAK_CHECK(sync());
    const std::uint64_t size = std::min(impl_->writer->frontier().durable, impl_->state.index->visible());
    BATPAK_TRY(const auto tree, impl_->heads.at(size));
    const event::HeadsDeclaration declaration{.log_size = size, .root = tree->root().bytes, .streams = tree->size()};
    BATPAK_TRY(engine::Item item, store::make_own_item(declaration, *impl_->entropy));
    Receipt receipt;
    engine::Request request;
    request.items = {&item, 1};
    request.receipts = {&receipt, 1};
    request.bytes = item.draft.signed_frame_size();
    request.sequence_max = size + event::HeadsDeclaration::behind_max;
    const Result<void> appended = impl_->writer->submit(request, engine::Writer::WhenFull::wait);
    if (appended) return receipt;
    if (appended.error().code != ErrorCode::past_the_end) return fail(appended.error());
  }
  return fail(ErrorCode::not_written, "others append so much that the heads were too old each time");
}

Result<StreamProof> Store::prove_stream(std::string_view entity, Show show) const {
  if (entity.empty() || entity.size() > limits::coordinate_part_bytes_max || !base::is_plain_text(entity)) {
    return fail(ErrorCode::invalid_coordinate, "an entity has 1 to 1024 bytes of UTF-8 without control characters");
  }
  Result<CheckpointNote> newest = signed_checkpoint();
  if (!newest && newest.error().code == ErrorCode::past_the_end) return fail(ErrorCode::no_heads, newest.error().message);
  BATPAK_TRY(const CheckpointNote note, std::move(newest));
  BATPAK_TRY(const Snapshot now, snapshot());
  const index::TailIndex& index = *impl_->state.index;
  const std::uint64_t declarations = index.stream_size(event::HeadsDeclaration::entity, 0, note.checkpoint.size);
  if (declarations == 0) return fail(ErrorCode::no_heads, "no declaration of heads is covered by a signed checkpoint");
  const std::uint64_t declared_at =
      index.stream_sequences(event::HeadsDeclaration::entity, 0, declarations - 1, 1, note.checkpoint.size).front();
  BATPAK_TRY(const EventView event, now.at(declared_at));
  const auto declared = event::read_store_event<event::HeadsDeclaration>(event.payload());
  if (!declared || !declared->may_stand_at(declared_at)) {
    return fail(Error(ErrorCode::corrupt, "the declaration of heads is none").at_sequence(declared_at));
  }
  BATPAK_TRY(const auto tree, impl_->heads.at(declared->log_size));
  if (tree->size() != declared->streams || tree->root().bytes != declared->root) {
    return fail(Error(ErrorCode::corrupt, "the heads that are declared are not those of the log").at_sequence(declared_at));
  }
  StreamProof proof;
  proof.entity = entity;
  const auto own = std::ranges::equal_range(tree->heads(), entity, {}, &proof::DeclaredHead::entity);
  const auto begin = static_cast<std::uint64_t>(own.begin() - tree->heads().begin());
  const std::uint64_t end = begin + own.size();
  for (std::uint64_t i = begin == 0 ? 0 : begin - 1; i < std::min(end + 1, tree->size()); ++i) {
    proof.leaves.push_back(leaf_of(*tree, i));
  }
  for (const proof::DeclaredHead& head : own) {
    for (const std::uint64_t sequence : index.stream_sequences(entity, head.lane, 0, head.events, declared->log_size)) {
      BATPAK_TRY(const EventView shown, now.at(sequence));
      BATPAK_TRY(const event::FrameView frame, event::FrameView::parse(shown.frame_bytes()));
      proof.events.push_back(record_of(frame, show));
    }
  }
  BATPAK_TRY(proof.declaration, this->proof(declared_at, Show::content));
  if (const auto proven = proof::check_streams(proof); !proven) return fail(ErrorCode::corrupt, proven.error().message);
  return proof;
}

Result<std::string> Store::key_chain() const {
  BATPAK_TRY(const Snapshot now, snapshot());  // a reader looks at what there is now
  const auto keys = impl_->keys();
  std::vector<OfflineReceipt> receipts;
  for (std::size_t i = 0; i < keys->spans().size() && keys->spans()[i].covered_by; ++i) {
    const std::uint64_t sequence = keys->spans()[i].from;
    if (!keys->note(i)) {
      return fail(
          Error(ErrorCode::corrupt, "the checkpoint over this key's declaration cannot be read").at_sequence(sequence));
    }
    if (i == 0 && sequence != 0) {  // the chain begins with the genesis event, also where that declares no key
      BATPAK_TRY(OfflineReceipt genesis, prove_under(*keys->note(i), 0, Show::content));
      receipts.push_back(std::move(genesis));
    }
    BATPAK_TRY(OfflineReceipt receipt, prove_under(*keys->note(i), sequence, Show::content));
    receipts.push_back(std::move(receipt));
  }
  if (receipts.empty() && keys->empty()) return fail(ErrorCode::key_required, "the store has no key");
  if (receipts.empty()) return fail(ErrorCode::past_the_end, "no stored checkpoint is signed by the store's key yet");
  return proof::format_key_chain(receipts);
}

}  // namespace batpak
