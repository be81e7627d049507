// What a store can prove of its log to somebody else.
#include "base/try.hpp"
#include "batpak/store.hpp"
#include "event/frame_view.hpp"
#include "proof/key_chain.hpp"
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
  if (impl_->writer) {
    if (const auto note = impl_->writer->signed_checkpoint()) return *note;
  } else {
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
  receipt.event_hash = frame.event_hash();
  receipt.header = copy(frame.header().bytes());
  if (show == Show::content) {
    if (!frame.metadata_erased()) receipt.metadata = copy(frame.metadata_section());
    if (!frame.payload_erased()) receipt.payload = copy(frame.payload_section());
  }
  return receipt;
}

Result<std::string> Store::key_chain() const {
  BATPAK_TRY(const Snapshot now, snapshot());  // a reader looks at what there is now
  const auto keys = impl_->keys();
  std::vector<OfflineReceipt> receipts;
  for (std::size_t i = 0; i < keys->spans().size() && keys->spans()[i].covered_by; ++i) {
    const std::uint64_t sequence = keys->spans()[i].from;
    if (!keys->note(i)) {
      return fail(Error(ErrorCode::corrupt, "the checkpoint over this key's declaration cannot be read").at_sequence(sequence));
    }
    BATPAK_TRY(OfflineReceipt receipt, prove_under(*keys->note(i), sequence, Show::content));
    receipts.push_back(std::move(receipt));
  }
  if (receipts.empty() && keys->empty()) return fail(ErrorCode::key_required, "the store has no key");
  if (receipts.empty()) return fail(ErrorCode::past_the_end, "no stored checkpoint is signed by the store's key yet");
  return proof::format_key_chain(receipts);
}

}  // namespace batpak
