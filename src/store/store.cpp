#include "batpak/store.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "batpak/json.hpp"
#include "event/draft.hpp"
#include "event/frame_view.hpp"
#include "platform/fork_guard.hpp"
#include "read/cursor.hpp"
#include "store/batch_items.hpp"
#include "store/store_impl.hpp"

namespace batpak {
namespace {

using base::fail;
using engine::Writer;

}  // namespace

Store::Impl::Impl(std::shared_ptr<platform::Directory> the_directory, std::unique_ptr<platform::OwnerLock> the_lock,
                  recovery::LogState the_state, std::unique_ptr<engine::Writer> the_writer, platform::Entropy& the_entropy)
    : directory(std::move(the_directory)),
      lock(std::move(the_lock)),
      state(std::move(the_state)),
      writer(std::move(the_writer)),
      entropy(&the_entropy),
      prover(directory, state.store_id(), state.index, state.maps, store::Prover::Save::when_grown),
      heads(state.index, state.maps),
      report(std::move(state.report)),
      fork_generation(platform::fork_generation()) {}

Store::Impl::Impl(std::unique_ptr<recovery::LogFollower> the_follower)
    : directory(the_follower->state().directory),
      state(the_follower->state()),
      follower(std::move(the_follower)),
      prover(directory, state.store_id(), state.index, state.maps, store::Prover::Save::never),
      heads(state.index, state.maps),
      report(std::move(state.report)),
      fork_generation(platform::fork_generation()) {}

// A destructor cannot report; what is not closed is found again by the next open.
Store::Impl::~Impl() { static_cast<void>(close()); }

Result<void> Store::Impl::check_usable() const {
  if (fork_generation != platform::fork_generation()) {
    return fail(ErrorCode::forked_child, "the store was opened before this process was forked; open it here anew");
  }
  return {};
}

Result<void> Store::Impl::check_writable() const {
  BATPAK_CHECK(check_usable());
  if (!writer) return fail(Error(ErrorCode::read_only, "the store was opened for reading").at_path(directory->path()));
  if (closed.load(std::memory_order_acquire)) return fail(ErrorCode::closed, "the store is closed");
  return {};
}

Result<Snapshot> Store::Impl::snapshot() {
  BATPAK_CHECK(check_usable());
  std::uint64_t durable = 0;
  if (writer) {
    BATPAK_CHECK(writer->flush_for_readers());
    durable = writer->frontier().durable;
  } else {
    const base::Lock guard(follower_mutex);
    BATPAK_CHECK(follower->refresh());
    durable = follower->durable();
  }
  const std::uint64_t size = state.index->visible();
  return Snapshot(
      std::make_shared<const read::SnapshotState>(state.index, state.maps, state.types, size, std::min(size, durable)));
}

CheckpointNote Store::Impl::checkpoint() {
  if (writer) return writer->checkpoint();
  const base::Lock guard(follower_mutex);
  const recovery::LogState& read = follower->state();
  if (read.newest_signed && read.newest_signed->checkpoint.size == read.newest.size) return *read.newest_signed;
  CheckpointNote note;
  note.checkpoint = read.newest;
  note.text = note_body(note.checkpoint);
  return note;
}

std::shared_ptr<const proof::KeyHistory> Store::Impl::keys() {
  if (writer) return writer->keys();
  const base::Lock guard(follower_mutex);
  return std::make_shared<const proof::KeyHistory>(follower->state().keys);
}

Result<void> Store::Impl::append(std::span<engine::Item> items, std::span<Receipt> receipts, Durability durability,
                                 Writer::WhenFull when_full) {
  engine::Request request;
  request.items = items;
  request.receipts = receipts;
  request.durability = durability;
  for (const engine::Item& item : items) request.bytes += item.draft.signed_frame_size();
  return writer->submit(request, when_full);
}

Result<void> Store::Impl::close() {
  if (!writer || closed.exchange(true, std::memory_order_acq_rel)) return {};
  if (fork_generation != platform::fork_generation()) {
    // The threads and the lock belong to the parent: nothing of theirs may be touched here.
    static_cast<void>(writer.release());
    return check_usable();
  }
  prover.save();
  Result<void> result = writer->close();
  lock.reset();
  return result;
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<void> Store::close() { return impl_->close(); }

Result<Receipt> Store::append_encoded(const Coordinate& where, const detail::PayloadType& type,
                                      const detail::PayloadSource& payload, const AppendOptions& options,
                                      WhenFull when_full) {
  BATPAK_CHECK(impl_->check_writable());
  const EventOptions event{.correlation = options.correlation, .causation = options.causation, .metadata = options.metadata};
  BATPAK_TRY(engine::Item item, store::make_item(where, type, payload, event, *impl_->entropy));
  Result<Receipt> receipt;
  BATPAK_CHECK(impl_->append({&item, 1}, {&*receipt, 1}, options.durability,
                             when_full == WhenFull::wait ? Writer::WhenFull::wait : Writer::WhenFull::refuse));
  return receipt;
}

Result<Receipt> Store::append_json(const Coordinate& where, std::string_view name, std::string_view json,
                                   const AppendOptions& options) {
  BATPAK_CHECK(impl_->check_writable());
  const EventOptions event{.correlation = options.correlation, .causation = options.causation, .metadata = options.metadata};
  BATPAK_TRY(engine::Item item, store::make_json_item(where, name, json, event, *impl_->entropy));
  Result<Receipt> receipt;
  BATPAK_CHECK(impl_->append({&item, 1}, {&*receipt, 1}, options.durability, Writer::WhenFull::wait));
  return receipt;
}

Result<std::vector<Receipt>> Store::append_batch(Batch batch, const BatchOptions& options) {
  BATPAK_CHECK(impl_->check_writable());
  if (batch.empty()) return fail(ErrorCode::empty_batch, "a batch needs at least one event");
  std::vector<engine::Item>& items = batch.impl().items;
  for (std::uint32_t index = 0; index < items.size(); ++index) {
    items[index].draft.set_batch(index, static_cast<std::uint32_t>(items.size()));
  }
  std::vector<Receipt> receipts(items.size());
  BATPAK_CHECK(impl_->append(items, receipts, options.durability, Writer::WhenFull::wait));
  return receipts;
}

Result<void> Store::sync() {
  BATPAK_CHECK(impl_->check_writable());
  engine::Request request;
  request.task = engine::Task::sync;
  return impl_->writer->submit(request, Writer::WhenFull::wait);
}

Result<Snapshot> Store::snapshot() const { return impl_->snapshot(); }

Result<Event> Store::get(const EventId& id) const {
  BATPAK_TRY(const Snapshot now, snapshot());
  BATPAK_TRY(const EventView view, now.get(id));
  return Event(view, now.state());
}

Result<Event> Store::at(std::uint64_t sequence) const {
  BATPAK_TRY(const Snapshot now, snapshot());
  BATPAK_TRY(const EventView view, now.at(sequence));
  return Event(view, now.state());
}

Result<EventRange> Store::read(const ReadOptions& options) const {
  BATPAK_TRY(const Snapshot now, snapshot());
  return now.read(options);
}

Result<EventRange> Store::stream(std::string_view entity, const StreamOptions& options) const {
  BATPAK_TRY(const Snapshot now, snapshot());
  return now.stream(entity, options);
}

Result<EventRange> Store::ancestors(const EventId& id) const {
  BATPAK_TRY(const Snapshot now, snapshot());
  return now.ancestors(id);
}

Result<std::optional<StreamHead>> Store::head(std::string_view entity, std::uint32_t lane) const {
  BATPAK_TRY(const Snapshot now, snapshot());
  return now.head(entity, lane);
}

Result<void> Store::verify_receipt(const Receipt& receipt) const {
  auto found = at(receipt.sequence);
  if (!found && found.error().code == ErrorCode::past_the_end) {
    return fail(Error(ErrorCode::not_found, found.error().message).at_sequence(receipt.sequence));
  }
  BATPAK_TRY(const Event event, std::move(found));
  const auto changed = [&](std::string message) {
    return fail(Error(ErrorCode::history_changed, std::move(message)).at_sequence(receipt.sequence));
  };
  const auto corrupt = [&](std::string message) {
    return fail(Error(ErrorCode::corrupt, std::move(message)).at_sequence(receipt.sequence));
  };
  BATPAK_TRY(const event::HeaderView header, event::HeaderView::parse(event.header()));
  const Hash event_hash = header.compute_event_hash();
  if (event_hash != event.event_hash()) return corrupt("the event's header does not give its hash");
  if (event_hash != receipt.event_hash || header.id() != receipt.event_id ||
      header.stream_version() != receipt.stream_version || header.previous_hash() != receipt.previous_hash ||
      header.content_hash() != receipt.content_hash || header.kind() != receipt.kind || header.time() != receipt.time ||
      header.wall_microseconds() != receipt.wall_microseconds) {
    return changed("the log holds another event than the receipt says");
  }
  if (!event.payload_erased() && event.compute_content_hash() != receipt.content_hash) {
    return corrupt("the event's payload does not give its content hash");
  }
  if (receipt.sequence != 0) {
    BATPAK_TRY(const Event previous, at(header.previous_sequence()));
    BATPAK_TRY(const event::HeaderView before, event::HeaderView::parse(previous.header()));
    if (before.compute_event_hash() != receipt.previous_hash) return corrupt("the event does not link to the one before it");
  }
  const std::shared_ptr<const proof::KeyHistory> keys = impl_->keys();
  // The key that signed at that time, whatever came after it.
  const auto key_at = [&](std::uint64_t sequence) -> Result<PublicKey> {
    const KeySpan* const span = keys->in_force_at(sequence);
    if (span == nullptr) {
      return fail(Error(ErrorCode::bad_signature, "the receipt is signed, and the store had no key then")
                      .at_sequence(receipt.sequence));
    }
    return PublicKey::from_bytes(span->key);
  };
  if (receipt.event_signature) {
    BATPAK_TRY(const PublicKey key, key_at(receipt.sequence));
    if (!key.verifies(event::event_signature_input(origin(), event_hash), *receipt.event_signature)) {
      return fail(Error(ErrorCode::bad_signature, "the event's signature does not verify").at_sequence(receipt.sequence));
    }
  }
  if (receipt.checkpoint) {
    const Checkpoint& checkpoint = receipt.checkpoint->checkpoint;
    if (checkpoint.origin != origin() || checkpoint.size <= receipt.sequence) {
      return fail(
          Error(ErrorCode::bad_signature, "the receipt's checkpoint is not of this event").at_sequence(receipt.sequence));
    }
    BATPAK_TRY(const PublicKey key, key_at(checkpoint.size - 1));
    BATPAK_CHECK(verify_note(*receipt.checkpoint, key));
  }
  return {};
}

const std::string& Store::path() const noexcept { return impl_->directory->path(); }
const std::string& Store::origin() const noexcept { return impl_->state.meta.genesis.origin; }
std::string Store::store_id() const { return base::to_hex(impl_->state.store_id()); }

std::optional<PublicKey> Store::declared_key() const {
  if (!impl_->check_usable()) return std::nullopt;
  const auto keys = impl_->keys();
  if (keys->empty()) return std::nullopt;
  auto key = PublicKey::from_bytes(keys->current());
  return key ? std::optional(*key) : std::nullopt;
}

std::vector<KeySpan> Store::keys() const {
  if (!impl_->check_usable()) return {};
  return impl_->keys()->spans();
}

std::optional<Error> Store::signer_error() const {
  if (!impl_->check_usable() || !impl_->writer) return std::nullopt;
  return impl_->writer->signer_error();
}

std::optional<Error> Store::witness_error() const {
  if (!impl_->check_usable() || !impl_->writer) return std::nullopt;
  return impl_->writer->witness_error();
}

std::optional<Hash> Store::recovery_key_hash() const {
  if (!impl_->check_usable()) return std::nullopt;
  return impl_->keys()->recovery_key_hash();
}

const OpenReport& Store::open_report() const noexcept { return impl_->report; }
std::vector<DeclaredType> Store::types() const {
  // In a forked child a mutex may be held for ever by a thread that is not there.
  if (!impl_->check_usable()) return {};
  return impl_->state.types->list();
}

Frontier Store::frontier() const noexcept {
  Frontier frontier;
  if (!impl_->check_usable()) return frontier;
  if (impl_->writer) {
    frontier = impl_->writer->frontier();
  } else {
    const base::Lock guard(impl_->follower_mutex);
    frontier.accepted = frontier.written = impl_->follower->state().index->visible();
    frontier.durable = impl_->follower->durable();
    const auto& newest = impl_->follower->state().newest_signed;
    frontier.signed_size = newest ? newest->checkpoint.size : 0;
  }
  frontier.visible = impl_->state.index->visible();
  return frontier;
}

Result<CheckpointNote> Store::checkpoint() const {
  BATPAK_CHECK(impl_->check_usable());
  return impl_->checkpoint();
}

void Store::keep_house() {
  if (impl_->writer && impl_->check_writable()) static_cast<void>(impl_->writer->keep_house());
}

}  // namespace batpak
