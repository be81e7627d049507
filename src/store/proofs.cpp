// What a store can prove of its log to somebody else.
#include "base/try.hpp"
#include "batpak/store.hpp"
#include "event/frame_view.hpp"
#include "store/store_impl.hpp"

namespace batpak {
namespace {

using base::fail;

Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

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
  CheckpointNote newest = impl_->checkpoint();
  if (!newest.signatures.empty()) return newest;
  if (!impl_->writer) {
    const base::Lock guard(impl_->follower_mutex);
    if (const auto& stored = impl_->follower->state().newest_signed) return *stored;
  }
  return fail(ErrorCode::key_required, "no checkpoint of the store is signed: it has no key");
}

Result<OfflineReceipt> Store::proof(const Receipt& receipt, Show show) const {
  BATPAK_CHECK(verify_receipt(receipt));
  return proof(receipt.sequence, show);
}

Result<OfflineReceipt> Store::proof(std::uint64_t sequence, Show show) const {
  BATPAK_TRY(const Event event, at(sequence));
  OfflineReceipt receipt;
  BATPAK_TRY(receipt.note, signed_checkpoint());
  if (sequence >= receipt.note.checkpoint.size) {
    return fail(Error(ErrorCode::past_the_end, "no signed checkpoint covers the event yet").at_sequence(sequence));
  }
  BATPAK_TRY(receipt.inclusion, impl_->prover.prove_inclusion(sequence, event.event_hash(), receipt.note.checkpoint.size,
                                                              impl_->checkpoint().checkpoint));
  BATPAK_TRY(const event::FrameView frame, event::FrameView::parse(event.frame_bytes()));
  receipt.event_hash = frame.event_hash();
  receipt.header = copy(frame.header().bytes());
  if (show == Show::content) {
    if (!frame.metadata_erased()) receipt.metadata = copy(frame.metadata_section());
    if (!frame.payload_erased()) receipt.payload = copy(frame.payload_section());
  }
  return receipt;
}

}  // namespace batpak
