#include "engine/commit_log.hpp"

#include <algorithm>
#include <cassert>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "event/store_events.hpp"
#include "proof/checked_signature.hpp"
#include "recovery/segment_file_writer.hpp"

namespace batpak::engine {
namespace {

using base::fail;
using segment::CommitType;
using segment::LogPoint;

// What must still fit behind every commit: an idle mark with its gap, and a seal, both with the signatures over a change of keys.
constexpr std::uint64_t signature_room = 512;
constexpr std::uint64_t stored_signature_bytes = 4 + 4 + PublicKey::signature_bytes;
static_assert(2 * stored_signature_bytes <= signature_room);
// A rotation or revocation with its frame.
constexpr std::uint64_t key_change_bytes_max = 1024;
constexpr std::uint64_t empty_commit_room = segment::commit_header_bytes + segment::commit_end_bytes_min + signature_room;
constexpr std::uint64_t segment_reserve =
    limits::sector_bytes + empty_commit_room + empty_commit_room + segment::seal_body_bytes;

template <class T>
T random_number(platform::Entropy& entropy) {
  T number = 0;
  entropy.fill(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

Error not_written(Error error) {
  error.message = "nothing was written: " + error.message;
  error.code = ErrorCode::not_written;
  return error;
}

}  // namespace

CommitLog::CommitLog(recovery::LogState& state, Options options)
    : options_(std::move(options)),
      directory_(state.directory),
      index_(state.index),
      maps_(state.maps),
      origin_(state.meta.genesis.origin),
      store_id_(state.store_id()),
      session_(state.session),
      genesis_hash_(state.genesis_hash),
      segment_(state.segments.back().header),
      link_(std::move(state.link)),
      durable_(link_.end),
      tree_(state.tree),
      next_sequence_(link_.end.sequence),
      clock_(state.last_time),
      ids_(state.last_id),
      ends_in_idle_mark_(state.ends_in_idle_mark),
      keys_(std::make_shared<const proof::KeyHistory>(state.keys)),
      stored_size_(state.keys.stored_size()) {
  if (options_.key) signer_ = std::make_unique<CheckpointSigner>(options_.signer_thread);
  written_root_ = durable_root_ = tree_.root();
  keep_stored_signature(state.newest_signed);
}

// What stands in until the signer has signed.
void CommitLog::keep_stored_signature(const std::optional<CheckpointNote>& stored) {
  if (!stored || stored->checkpoint.size == 0) return;
  const KeySpan* const span = keys_->in_force_at(stored->checkpoint.size - 1);
  if (span == nullptr) return;
  const auto key = PublicKey::from_bytes(span->key);
  if (key && verify_note(*stored, *key)) signed_checkpoint_ = std::make_shared<const CheckpointNote>(*stored);
}

// Of what was recovered, where a key is about to sign it; but for the genesis event.
std::uint64_t CommitLog::count_unsigned() const noexcept {
  if (!options_.key) return 0;
  const std::uint64_t covered = signed_checkpoint_ ? signed_checkpoint_->checkpoint.size : 1;
  return tree_.size() > covered ? tree_.size() - covered : 0;
}

Result<std::unique_ptr<CommitLog>> CommitLog::open(recovery::LogState& state, Options options) {
  std::unique_ptr<CommitLog> log(new CommitLog(state, std::move(options)));
  const recovery::SegmentFile& last = state.segments.back();
  BATPAK_TRY(log->file_, log->directory_->open_file(last.path, platform::OpenMode::write));
  // Space ahead again, where it was trimmed. Where there is none, appends find out.
  static_cast<void>(log->file_->allocate(std::max(log->options_.segment_bytes, last.size)));
  BATPAK_TRY(log->live_, log->directory_->open_file(segment::live_file_name, platform::OpenMode::create));
  log->publish_live();
  state.report.events_signed_late = log->count_unsigned();
  // Each recovery writes something again, the last commit at least: the log ends in a mark before anything is shown.
  BATPAK_CHECK(log->write_idle_mark());
  if (state.key_change) {
    BATPAK_CHECK(log->change_key(*state.key_change));
    state.report.key_changed = true;
    return log;
  }
  // Everything recovered is durable, so its checkpoint may be signed at once; stored only if the log does not hold one.
  if (auto signers = log->signers_of(log->tree_.size()); !signers.empty()) {
    log->signer_->start(log->durable_checkpoint(), std::move(signers));
    log->keep_signature(log->signer_->finish());
    if (state.newest_signed && state.newest_signed->checkpoint.size == log->tree_.size()) log->unstored_.reset();
    // Before anything is appended, so that what was interrupted is whole when nothing is: a change of keys, the last checkpoint.
    if (log->unstored_) BATPAK_CHECK(log->write_mark());
  }
  return log;
}

// The change first, durable, then the checkpoint over it: a crash between the two leaves a change that opening completes.
Result<void> CommitLog::change_key(const recovery::KeyChange& change) {
  BATPAK_CHECK(make_room(key_change_bytes_max));
  add_store_event(change.entity, change.kind, change.payload, options_.wall_microseconds);
  BATPAK_CHECK(write(Visibility::after_sync));
  BATPAK_CHECK(sync());
  return unstored_ ? write_mark() : Result<void>();
}

void CommitLog::add_store_event(std::string_view entity, EventKind kind, ByteView payload, std::int64_t wall_microseconds) {
  event::DraftFields fields;
  fields.entity = entity;
  fields.scope = event::store_scope;
  fields.kind = kind;
  event::DraftFrame draft = event::DraftFrame::begin(fields, {});
  base::append(draft.payload_buffer(), payload);
  event::Salt salt;
  options_.entropy->fill(salt);
  static_cast<void>(draft.finish(salt));  // neither empty nor large
  if (proof::KeyHistory::concerns(kind)) {
    auto keys = std::make_shared<proof::KeyHistory>(*keys_);
    static_cast<void>(keys->take(kind, payload, next_sequence_, origin_));  // was judged before
    keys_ = std::move(keys);
  }
  static_cast<void>(add(draft, wall_microseconds));
}

CheckpointSigner::Signers CommitLog::signers_of(std::uint64_t size) const {
  CheckpointSigner::Signers signers;
  if (!signer_) return signers;
  for (const proof::KeyHistory::KeyBytes& key : keys_->signers_of(size, stored_size_)) {
    const auto is_key = [&](const std::shared_ptr<const Signer>& signer) {
      return signer && signer->public_key().bytes() == key;
    };
    const auto& signer = is_key(options_.key) ? options_.key : options_.previous_key;
    if (!is_key(signer)) return {};
    signers.push_back(signer);
  }
  return signers;
}

std::uint64_t CommitLog::body_bytes_max() const noexcept {
  const std::uint64_t around = segment::commit_header_bytes + empty_commit_room;
  return std::min<std::uint64_t>(options_.segment_bytes - segment::segment_header_bytes - segment_reserve,
                                 limits::commit_bytes_max) -
         around;
}

Result<void> CommitLog::make_room(std::uint64_t bytes) {
  assert(bytes <= body_bytes_max());
  const auto fits = [&] {
    const std::uint64_t commit = has_open_commit() ? open_commit_bytes() : segment::commit_header_bytes;
    const std::uint64_t size = commit + bytes + empty_commit_room;
    return size <= limits::commit_bytes_max && open_offset() + size + segment_reserve <= options_.segment_bytes;
  };
  if (fits()) return {};
  // Shown later: events of this group that are to be durable must not be seen before they are.
  BATPAK_CHECK(write(Visibility::after_sync));
  if (fits()) return {};
  // A segment that holds a mark and no event stays, though it grows past its size: the one after it would begin with the same
  // event, have the same name, and take its place.
  if (segment_.first_sequence == link_.end.sequence) return {};
  BATPAK_CHECK(rotate());
  assert(fits());
  return {};
}

CommitLog::Accepted CommitLog::add(const event::DraftFrame& draft, std::int64_t wall_microseconds,
                                   const std::optional<EventId>& kept_id, const std::optional<Timestamp>& kept_time,
                                   const std::optional<Position>& branches_from) {
  segment::CommitBuilder& builder = open_.builder;
  if (!has_open_commit()) builder.begin();
  const bool sign = options_.key && options_.signing == SigningPolicy::each_event;
  index::Stream& stream = index_->add_stream(draft.entity(), draft.lane());
  Accepted accepted;
  event::ChainFields& chain = accepted.chain;
  chain.sequence = next_sequence_;
  chain.stream_version = stream.head.count;
  chain.time = kept_time ? *kept_time : clock_.next(wall_microseconds);
  chain.wall_microseconds = wall_microseconds;
  if (kept_time) clock_ = event::HybridClock(chain.time);
  if (kept_id) {
    chain.id = *kept_id;
    ids_ = event::IdSource(chain.id);
  } else {
    chain.id = next_id(chain.time.microseconds);
  }
  chain.previous_sequence = stream.head.count == 0 ? 0 : stream.head.sequence;
  chain.previous_hash = stream.head.count == 0 ? genesis_hash_ : stream.head.hash;
  std::span<std::byte> frame = builder.add_frame(sign ? draft.signed_frame_size() : draft.frame_size());
  if (stream.head.count == 0 && branches_from) {
    chain.previous_sequence = branches_from->sequence;
    chain.previous_hash = branches_from->event_hash;
  }
  accepted.event_hash = draft.complete(chain, frame);
  if (sign) {
    auto made = proof::checked_signature(*options_.key, event::event_signature_input(origin_, accepted.event_hash));
    if (made) {
      accepted.signature = *made;
      event::put_event_signature(frame, options_.key->public_key().key_id(origin_), *accepted.signature);
    } else {
      // The event is recorded all the same; the next checkpoint covers it.
      signer_error_ = std::move(made).error();
      frame = builder.resize_frame(draft.frame_size());
      accepted.event_hash = draft.complete(chain, frame);
    }
  }
  open_.event_hashes.push_back(accepted.event_hash);
  index_->add_event(chain.id,
                    {.segment = static_cast<std::uint32_t>(segment_.number),
                     .offset = static_cast<std::uint32_t>(open_offset() + builder.frame_offset()),
                     .length = static_cast<std::uint32_t>(frame.size())},
                    &stream);
  stream.head = {.count = chain.stream_version + 1, .sequence = chain.sequence, .hash = accepted.event_hash};
  ++next_sequence_;
  return accepted;
}

// Random bytes cost a system call every now and then, so no more of them are taken than the id uses.
EventId CommitLog::next_id(std::int64_t microseconds) {
  platform::Entropy& entropy = *options_.entropy;
  if (!ids_.starts_anew(microseconds)) return ids_.next(microseconds, random_number<std::uint16_t>(entropy), 0);
  const auto high = random_number<std::uint64_t>(entropy);
  return ids_.next(microseconds, high, random_number<std::uint64_t>(entropy));
}

segment::CommitHeader CommitLog::next_header(CommitType type) const { return link_.next_header(type, session_, durable_); }

std::uint64_t CommitLog::open_offset() const noexcept { return is_handed_over_ ? handed_.end_offset : link_.end.offset; }

// Of the tree as it is; finish() brings it up to date.
segment::CommitEnd CommitLog::make_end() {
  segment::CommitEnd end{.tree_size = 0, .root = {}, .signed_size = 0, .signatures = {}};
  if (unstored_) {
    end.signed_size = unstored_->checkpoint.size;
    for (const NoteSignature& signature : unstored_->signatures) {
      segment::StoredSignature stored;
      stored.signature.assign(signature.key_id.begin(), signature.key_id.end());
      base::append(stored.signature, signature.signature);
      end.signatures.push_back(std::move(stored));
    }
    // What is signed from here on is released only when this commit is durable.
    stored_size_ = end.signed_size;
    if (keys_->awaits(stored_size_)) {
      auto keys = std::make_shared<proof::KeyHistory>(*keys_);
      keys->store(stored_size_, unstored_);
      keys_ = std::move(keys);
    }
    unstored_.reset();
  }
  return end;
}

// Everything of a commit that follows from its events and its place. Returns the header as it is written.
segment::CommitHeader CommitLog::finish(OpenCommit& commit, const segment::CommitHeader& header, segment::CommitEnd end) {
  for (const Hash& event_hash : commit.event_hashes) tree_.append(proof::leaf_hash(event_hash));
  commit.event_hashes.clear();
  end.tree_size = tree_.size();
  end.root = tree_.root();
  return commit.builder.finish(header, end, segment_.salt);
}

Result<void> CommitLog::append_commit(const segment::CommitHeader& header, ByteView bytes) {
  BATPAK_CHECK(file_->write_at(header.offset, bytes));
  link_.advance(header);
  ends_in_idle_mark_ = header.type == CommitType::idle_mark;
  return {};
}

Result<void> CommitLog::write(Visibility visibility) {
  BATPAK_CHECK(take_back());
  if (has_open_commit()) {
    const segment::CommitHeader header = finish(open_, next_header(CommitType::events), make_end());
    BATPAK_CHECK(append_commit(header, open_.builder.bytes()));
    written_root_ = tree_.root();
  }
  if (visibility == Visibility::now) index_->publish();
  return {};
}

Result<void> CommitLog::sync() {
  assert(!has_open_commit() && !is_handed_over_);
  if (durable_ >= link_.end) return {};
  // Signed while the device works; dropped, unseen, if it fails.
  CheckpointSigner::Signers signers;
  if (durable_.sequence < link_.end.sequence) signers = signers_of(tree_.size());
  const bool sign = !signers.empty();
  if (sign) signer_->start({.origin = origin_, .size = tree_.size(), .root = written_root_}, std::move(signers));
  if (auto synced = file_->sync_data(); !synced) {
    if (sign) signer_->drop();
    return synced;
  }
  durable_ = link_.end;
  durable_root_ = written_root_;
  if (sign) keep_signature(signer_->finish());
  publish_live();
  index_->publish();
  return {};
}

Result<void> CommitLog::hand_over(Until until) {
  BATPAK_CHECK(take_back());
  if (!has_open_commit() && durable_ >= link_.end) return {};
  handed_.until = until;
  handed_.end_offset = link_.end.offset;
  if (has_open_commit()) {
    handed_.header = next_header(CommitType::events);
    handed_.end = make_end();
    handed_.end_offset += segment::commit_size(open_commit_bytes() - segment::commit_header_bytes, handed_.end.signatures);
  }
  handed_.signers.clear();
  if (durable_.sequence < next_sequence_) handed_.signers = signers_of(next_sequence_);
  std::swap(open_, handed_.commit);
  is_handed_over_ = true;
  ++hand_overs_;
  const base::Lock lock(handed_mutex_);
  handed_state_ = HandedState::waiting;
  return {};
}

void CommitLog::work_off() {
  {
    const base::Lock lock(handed_mutex_);
    if (handed_state_ != HandedState::waiting) return;
    handed_state_ = HandedState::running;
  }
  handed_.outcome = carry_out_handed_over();
  const base::Lock lock(handed_mutex_);
  handed_state_ = HandedState::done;
  handed_changed_.notify_all();
}

// What the writer changes while it accepts (the open commit, clocks, the index, the keys) is not touched here.
Result<void> CommitLog::carry_out_handed_over() {
  const bool has_commit = !handed_.commit.event_hashes.empty();
  handed_.note.reset();
  if (has_commit) {
    handed_.header = finish(handed_.commit, handed_.header, handed_.end);
    assert(handed_.header.offset + handed_.header.length == handed_.end_offset);
    BATPAK_CHECK(file_->write_at(handed_.header.offset, handed_.commit.builder.bytes()));
  }
  if (handed_.until == Until::written) return {};
  const bool sign = !handed_.signers.empty();
  if (sign) {
    signer_->start({.origin = origin_, .size = tree_.size(), .root = tree_.root()}, std::move(handed_.signers));
  }
  if (auto synced = file_->sync_data(); !synced) {
    if (sign) signer_->drop();
    return synced;
  }
  if (sign) handed_.note = signer_->finish();
  return {};
}

Result<void> CommitLog::take_back() {
  if (!is_handed_over_) return {};
  work_off();
  {
    base::Lock lock(handed_mutex_);
    while (handed_state_ != HandedState::done) handed_changed_.wait(lock);
    handed_state_ = HandedState::nothing;
  }
  is_handed_over_ = false;
  BATPAK_CHECK(handed_.outcome);
  if (handed_.end_offset != link_.end.offset) {
    link_.advance(handed_.header);
    ends_in_idle_mark_ = false;
    written_root_ = tree_.root();
  }
  if (handed_.until == Until::durable) {
    durable_ = link_.end;
    durable_root_ = written_root_;
    if (handed_.note) keep_signature(*std::exchange(handed_.note, std::nullopt));
    publish_live();
  }
  index_->publish(link_.end.sequence);
  return {};
}

void CommitLog::keep_signature(Result<CheckpointNote> note) {
  if (!note) {
    signer_error_ = std::move(note).error();
    return;
  }
  signer_error_.reset();
  signed_checkpoint_ = unstored_ = std::make_shared<const CheckpointNote>(*std::move(note));
}

void CommitLog::sign_again() {
  if (!signer_error_ || (signed_checkpoint_ && signed_checkpoint_->checkpoint.size >= durable_.sequence)) return;
  auto signers = signers_of(durable_.sequence);
  if (signers.empty()) return;
  signer_->start(durable_checkpoint(), std::move(signers));
  keep_signature(signer_->finish());
}

Result<void> CommitLog::write_idle_mark() {
  assert(all_durable());
  sign_again();
  return ends_in_idle_mark_ && !unstored_ ? Result<void>() : write_mark();
}

Result<void> CommitLog::write_mark() {
  segment::CommitHeader header = next_header(CommitType::idle_mark);
  header.offset = base::align_up(header.offset, limits::sector_bytes);
  OpenCommit mark;
  mark.builder.begin();
  header = finish(mark, header, make_end());
  BATPAK_CHECK(append_commit(header, mark.builder.bytes()));
  BATPAK_CHECK(file_->sync_data());
  durable_ = link_.end;
  publish_live();
  return {};
}

// Old segment synced; successor durable under its name; seal in the old one, synced; only then is the new one written to.
Result<void> CommitLog::rotate() {
  BATPAK_CHECK(sync());
  const std::string temporary(recovery::next_segment_name);
  base::Lock spare_lock(spare_mutex_);
  std::unique_ptr<platform::File> next = std::move(spare_);
  has_spare_.store(false, std::memory_order_relaxed);
  if (!next) {
    auto allocated = recovery::allocate_segment(*directory_, temporary, options_.segment_bytes);
    if (!allocated) return fail(not_written(std::move(allocated).error()));
    next = *std::move(allocated);
  }
  // Nothing of the log is touched before the new segment has its name.
  const segment::SegmentHeader header =
      recovery::successor_header(store_id_, segment_.number + 1, link_.end.sequence, tree_, *options_.entropy);
  assert(header.first_sequence > segment_.first_sequence);  // the names differ
  if (auto written = next->write_at(0, header.encode()); !written) return fail(not_written(std::move(written).error()));
  BATPAK_CHECK(recovery::publish_segment(*directory_, *next, temporary, header.first_sequence));
  spare_lock.unlock();

  const segment::CommitEnd end = make_end();
  const recovery::SealedCommit seal =
      recovery::make_seal(link_, session_, durable_, segment_.salt, tree_, header, end.signed_size, end.signatures);
  BATPAK_CHECK(file_->truncate(link_.end.offset + seal.bytes.size()));
  BATPAK_CHECK(append_commit(seal.header, seal.bytes));
  BATPAK_CHECK(file_->sync_all());
  durable_ = link_.end;
  link_.enter_segment(header.number);
  file_ = std::move(next);
  segment_ = header;
  maps_->add(segment::segment_path(header.first_sequence), options_.segment_bytes);
  publish_live();
  return {};
}

Result<void> CommitLog::trim() {
  assert(all_durable());
  {
    const base::Lock lock(spare_mutex_);
    spare_.reset();
    has_spare_.store(false, std::memory_order_relaxed);
  }
  BATPAK_CHECK(directory_->remove(recovery::next_segment_name));
  BATPAK_TRY(const std::uint64_t size, file_->size());
  if (size <= link_.end.offset) return {};
  BATPAK_CHECK(file_->truncate(link_.end.offset));
  return file_->sync_all();
}

bool CommitLog::wants_spare() const noexcept {
  return link_.end.offset >= options_.segment_bytes / 2 && !has_spare_.load(std::memory_order_relaxed);
}

void CommitLog::prepare_segment() {
  const base::Lock lock(spare_mutex_);
  if (spare_) return;
  auto allocated = recovery::allocate_segment(*directory_, std::string(recovery::next_segment_name), options_.segment_bytes);
  if (!allocated) return;
  spare_ = *std::move(allocated);
  has_spare_.store(true, std::memory_order_relaxed);
}

// Not truth and never synced: a reader that finds it old sees less, one that finds it broken reads it again.
void CommitLog::publish_live() {
  const segment::LiveRecord record{.store_id = store_id_, .session = session_, .durable_through = durable_};
  static_cast<void>(live_->write_at(0, record.encode()));
}

}  // namespace batpak::engine
