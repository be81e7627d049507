#include "engine/writer.hpp"

#include <algorithm>
#include <cassert>
#include <set>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "event/store_events.hpp"

namespace batpak::engine {
namespace {

using base::fail;

// A group is no larger, unless one request alone is.
constexpr std::uint64_t group_bytes_max = 8ULL << 20;
// Buffered appends are written when this much is collected.
constexpr std::uint64_t open_commit_bytes_max = 256ULL << 10;
// What the declaration of a key may need beside the events of a request.
constexpr std::uint64_t declaration_bytes_fixed = 1024;
constexpr std::chrono::nanoseconds nothing_due = std::chrono::hours(1);

Error outcome_unknown(Error error) {
  error.message = "the write failed, and whether its events are there shows reopening: " + error.message;
  error.code = ErrorCode::outcome_unknown;
  return error;
}

event::TypeRequest type_request(const Item& item) {
  if (item.type == nullptr) return {.category = 0, .type_id = 0, .version = 1, .name = item.name, .fields = {}};
  const EventType& type = item.type->type;
  return {.category = type.category,
          .type_id = type.type_id,
          .version = type.version,
          .name = type.name,
          .fields = item.type->fields()};
}

// The store's own events and those that salvage copies: their kind is in the draft.
bool is_ready_made(const Item& item) { return item.type == nullptr && item.name.empty(); }

// What the declaration of an item's type may need.
std::uint64_t declaration_bytes(const Item& item) {
  std::uint64_t bytes = 512 + (item.type == nullptr ? item.name.size() : item.type->type.name.size());
  if (item.type != nullptr) {
    for (const FieldDescription& field : item.type->fields()) bytes += field.name.size() + field.type.size() + 32;
  }
  return bytes;
}

}  // namespace

Writer::Writer(std::unique_ptr<CommitLog> log, std::shared_ptr<event::TypeRegistry> types, const Options& options)
    : options_(options), types_(std::move(types)), log_(std::move(log)) {
  request_bytes_max_ = std::min({limits::batch_bytes_max, options_.queue_bytes_max, log_->body_bytes_max()});
  {
    const base::Lock lock(mutex_);
    last_work_ = options_.clock->monotonic();
    publish_progress();
  }
  if (options_.own_thread) house_keeper_ = base::Thread([this] { run_house_keeping(); });
}

Writer::~Writer() {
  {
    const base::Lock lock(mutex_);
    stop_house_keeping_ = true;
  }
  house_.notify_all();
  house_keeper_.join();
}

Result<void> Writer::submit(Request& request, WhenFull when_full) {
  if (request.bytes > request_bytes_max_) {
    return fail(ErrorCode::batch_too_large, "the events are " + std::to_string(request.bytes) + " bytes; this store takes " +
                                                std::to_string(request_bytes_max_) + " at once");
  }
  std::optional<Turn> turn;
  {
    base::Lock lock(mutex_);
    // Who waits for room is served in order, so that a large request is not overtaken for ever by small ones. It waits only
    // for room it can get: it never exceeds the whole queue.
    const auto has_room = [&]() BATPAK_REQUIRES(mutex_) {
      return queued_bytes_ == 0 || queued_bytes_ + request.bytes <= options_.queue_bytes_max;
    };
    const bool takes_room = request.bytes != 0;  // the writer's own tasks take none
    if (takes_room && !closed_ && !poison_ && (next_waiter_ != served_waiters_ || !has_room())) {
      if (when_full == WhenFull::refuse) return fail(ErrorCode::queue_full, "the queue of the writer is full");
      const std::uint64_t place = next_waiter_++;
      while (!closed_ && !poison_ && (place != served_waiters_ || !has_room())) room_.wait(lock);
      ++served_waiters_;
      room_.notify_all();
    }
    if (closed_) return fail(ErrorCode::closed, "the store is closed");
    if (poison_) return fail(*poison_);
    request.waker = next_waker_++;
    queue_.push_back(request);
    queued_bytes_ += request.bytes;
    if (!writing_) {
      writing_ = true;
      turn = take_turn();
    }
  }
  if (turn) lead(*turn);
  // Acquire: what the writer put into the request before it said lead or done.
  const auto state = [&] { return request.state.load(std::memory_order_acquire); };
  wakers_.sleep(request.waker, [&] { return state() != Request::waiting; });
  if (state() == Request::lead) {
    {
      const base::Lock lock(mutex_);
      turn = take_turn();
    }
    lead(*turn);  // its own request is among those that it carries out
  }
  if (request.error) return fail(*std::move(request.error));
  return {};
}

void Writer::Group::push_back(Request& request) noexcept {
  request.next = nullptr;
  (first == nullptr ? first : last->next) = &request;
  last = &request;
  bytes += request.bytes;
}

Request* Writer::Group::pop_front() noexcept {
  Request* const request = first;
  first = request->next;
  bytes -= request->bytes;
  return request;
}

Writer::Turn Writer::take_turn() {
  Turn turn{.group = {}, .poisoned = poison_.has_value()};
  Group& group = turn.group;
  while (queue_.first != nullptr && (group.first == nullptr || group.bytes + queue_.first->bytes <= group_bytes_max)) {
    group.push_back(*queue_.pop_front());
  }
  return turn;
}

// The caller is the writer. One group, then the role goes on to whoever is first in the queue.
void Writer::lead(Turn turn) {
  Group& group = turn.group;
  if (turn.poisoned) {
    for (Request* request = group.first; request != nullptr; request = request->next) {
      request->error = Error(ErrorCode::poisoned, "an earlier write failed; reopen the store");
    }
  } else {
    carry_out(group);
  }
  Request* next = nullptr;
  {
    const base::Lock lock(mutex_);
    publish_progress();
    queued_bytes_ -= group.bytes;
    next = queue_.first;
    if (next == nullptr) writing_ = false;
    const bool somebody_waits = next_waiter_ != served_waiters_ || closed_;
    if (somebody_waits) room_.notify_all();
  }
  if (next != nullptr) tell(*next, Request::lead);
  while (group.first != nullptr) tell(*group.pop_front(), Request::done);
}

// Release: the results, and with the role everything that is the writer's alone.
void Writer::tell(Request& request, Request::State state) {
  const std::uint32_t waker = request.waker;
  request.state.store(state, std::memory_order_release);
  wakers_.wake(waker);
}

void Writer::carry_out(const Group& group) {
  bool sync = false;
  bool flush = false;
  bool begin_sync = false;
  bool take_back = false;
  // A mark that came together with work is not due any more.
  const bool mark = group.first == group.last && group.first->task == Task::idle_mark;
  std::optional<Error> broken;
  for (Request* request = group.first; request != nullptr; request = request->next) {
    if (broken) {
      request->error = *broken;
      continue;
    }
    if (request->task == Task::append) {
      if (auto accepted = accept(*request); !accepted) {
        request->error = std::move(accepted).error();
        // Whatever is not a refusal of this request alone means that the log is lost for writing.
        if (request->error->code == ErrorCode::outcome_unknown) broken = *request->error;
        continue;
      }
      sync = sync || request->durability == Durability::durable;
    }
    sync = sync || request->task == Task::sync || request->task == Task::idle_mark;
    flush = flush || request->task == Task::flush;
    begin_sync = begin_sync || request->task == Task::begin_sync;
    take_back = take_back || request->task == Task::take_back;
  }
  if (!broken) {
    Result<void> done = {};
    if (sync) {
      done = log_->write(CommitLog::Visibility::after_sync);
      if (done) done = log_->sync();
      if (done && witness_is_told_first()) {
        done = options_.witness->write(
            {.store_id = options_.store_id,
             .note = newest_checkpoint(log_->signed_checkpoint(), log_->durable(), log_->durable_root())});
      }
      if (done && mark) done = log_->write_idle_mark();
    } else if (flush || begin_sync) {
      if (flush) done = log_->write(CommitLog::Visibility::now);
      if (done && begin_sync) done = log_->hand_over(CommitLog::Until::durable);
    } else if (log_->open_commit_bytes() >= open_commit_bytes_max) {
      done = log_->hand_over(CommitLog::Until::written);
    } else if (take_back) {
      done = log_->take_back();
    }
    if (!done) broken = outcome_unknown(std::move(done).error());
  }
  if (broken) {
    for (Request* request = group.first; request != nullptr; request = request->next) {
      if (!request->error) request->error = *broken;
    }
    const base::Lock lock(mutex_);
    poison_ = *broken;
    poison_->code = ErrorCode::poisoned;
    poison_->message = "an earlier write failed, reopen the store: " + broken->message;
    return;
  }
  if (!sync) return;
  // What was asked to be buffered is durable too when it came with something that was.
  for (Request* request = group.first; request != nullptr; request = request->next) {
    if (request->error) continue;
    for (Receipt& receipt : request->receipts) {
      receipt.durability = Durability::durable;
      // Where the signer failed there is none that covers the event.
      const auto& note = log_->signed_checkpoint();
      if (note && note->checkpoint.size > receipt.sequence) receipt.checkpoint = note;
    }
  }
}

// Sets the kinds of a request whose types are all declared. What is ready-made has its kind already.
bool Writer::find_known_kinds(Request& request) const {
  const detail::PayloadType* last = nullptr;
  EventKind kind;
  for (Item& item : request.items) {
    if (is_ready_made(item)) continue;
    if (item.type == nullptr) return false;
    if (item.type != last) {
      const auto known = known_kinds_.find(item.type);
      if (known == known_kinds_.end()) return false;
      last = item.type;
      kind = known->second;
    }
    item.draft.set_kind(kind);
  }
  return true;
}

// Errors: outcome_unknown when the log is lost for writing; everything else refuses this request only.
Result<void> Writer::accept(Request& request) {
  const bool all_declared = find_known_kinds(request);
  std::uint64_t bytes = declaration_bytes_fixed + request.bytes;
  if (!all_declared) bytes += undeclared_bytes(request.items);
  if (bytes > log_->body_bytes_max()) {
    return fail(ErrorCode::batch_too_large, "the events and the declarations of their types do not fit into one commit");
  }
  if (auto room = log_->make_room(bytes); !room) {
    return fail(room.error().code == ErrorCode::not_written ? room.error() : outcome_unknown(room.error()));
  }
  const std::int64_t wall = options_.clock->wall_microseconds();
  if (!all_declared) BATPAK_CHECK(declare_types(request, wall));
  BATPAK_CHECK(declare_key(wall));
  if (log_->accepted() > request.sequence_max)
    return fail(ErrorCode::past_the_end, "the log has grown past the event's place");
  accept_items(request, wall);
  return {};
}

// What the declarations of the items' types need that are not declared yet, each once.
std::uint64_t Writer::undeclared_bytes(std::span<const Item> items) const {
  std::uint64_t bytes = 0;
  std::set<std::pair<const detail::PayloadType*, std::string_view>> seen;
  for (const Item& item : items) {
    if (is_ready_made(item) || !seen.insert({item.type, item.name}).second) continue;
    const auto answer = types_->ask(type_request(item));
    if (answer && !answer->declared) bytes += declaration_bytes(item);
  }
  return bytes;
}

Result<void> Writer::declare_types(Request& request, std::int64_t wall) {
  // All items are judged before any is accepted; what a refused batch declared is forgotten.
  const std::size_t declared_before = types_->size();
  std::vector<event::TypeDeclaration> declarations;
  const detail::PayloadType* last = nullptr;
  EventKind last_kind;
  for (Item& item : request.items) {
    if (is_ready_made(item)) continue;
    if (item.type != nullptr && item.type == last) {
      item.draft.set_kind(last_kind);
      continue;
    }
    const event::TypeRequest asked = type_request(item);
    auto answer = types_->ask(asked);
    if (!answer) {
      types_->shrink(declared_before);
      return fail(std::move(answer).error());
    }
    if (!answer->declared) {
      DeclaredType type;
      type.kind = answer->kind.value();
      type.version = asked.version;
      type.name = std::string(asked.name);
      if (asked.fields) {
        for (const FieldDescription& field : *asked.fields) type.fields.push_back({.name = field.name, .type = field.type});
      }
      // The key's declaration and earlier ones come first.
      type.sequence = log_->accepted() + (options_.key && !log_->key_is_declared() ? 1U : 0U) + declarations.size();
      declarations.push_back(event::declaration_of(type));
      types_->add(std::move(type));
    }
    item.draft.set_kind(answer->kind);
    last = item.type;
    last_kind = answer->kind;
  }
  BATPAK_CHECK(declare_key(wall));
  for (const Item& item : request.items) {
    if (item.type != nullptr) known_kinds_.insert_or_assign(item.type, item.draft.kind());
  }
  for (const event::TypeDeclaration& declaration : declarations) {
    Bytes payload;
    BATPAK_CHECK(encode_payload(payload, declaration));
    log_->add_store_event(event::TypeDeclaration::entity, event::TypeDeclaration::kind, payload, wall);
  }
  return {};
}

void Writer::accept_items(Request& request, std::int64_t wall) {
  assert(request.receipts.size() == request.items.size());
  for (std::size_t i = 0; i < request.items.size(); ++i) {
    const Item& item = request.items[i];
    accept_item(item, item.kept ? item.kept->wall_microseconds : wall, request.receipts[i]);
    request.receipts[i].durability = request.durability;
  }
}

Result<void> Writer::declare_key(std::int64_t wall) {
  if (!options_.key || log_->key_is_declared()) return {};
  Bytes payload;
  event::KeyDeclaration declaration{.key = options_.key->bytes(), .recovery_key_hash = {}};
  if (options_.recovery_key_hash) declaration.recovery_key_hash = options_.recovery_key_hash->bytes;
  BATPAK_CHECK(encode_payload(payload, declaration));
  log_->add_store_event(event::KeyDeclaration::entity, event::KeyDeclaration::kind, payload, wall);
  return {};
}

void Writer::accept_item(const Item& item, std::int64_t wall, Receipt& receipt) {
  const auto accepted = item.kept ? log_->add(item.draft, wall, item.kept->id, item.kept->time, item.kept->branches_from)
                                  : log_->add(item.draft, wall);
  receipt.sequence = accepted.chain.sequence;
  receipt.stream_version = accepted.chain.stream_version;
  receipt.event_id = accepted.chain.id;
  receipt.kind = item.draft.kind();
  receipt.time = accepted.chain.time;
  receipt.wall_microseconds = accepted.chain.wall_microseconds;
  receipt.clock_skew = accepted.chain.time.microseconds - wall > options_.clock_skew_max.count();
  receipt.event_hash = accepted.event_hash;
  receipt.previous_hash = accepted.chain.previous_hash;
  receipt.content_hash = item.draft.content_hash();
  receipt.event_signature = accepted.signature;
}

// Called by the writer of the moment, after each group.
void Writer::publish_progress() {
  const std::uint64_t accepted = log_->accepted();
  const bool worked = accepted != accepted_.load(std::memory_order_relaxed);
  accepted_.store(accepted, std::memory_order_relaxed);
  written_.store(log_->written(), std::memory_order_relaxed);
  durable_.store(log_->durable(), std::memory_order_relaxed);
  // Release: a reader that finds nothing unseen must find it shown.
  unseen_.store(log_->has_unseen() ? 1 : 0, std::memory_order_release);
  const bool undurable = !log_->all_durable();
  const std::chrono::nanoseconds now = options_.clock->monotonic();
  wants_spare_ = log_->wants_spare();
  const bool due = ends_in_mark_ != log_->ends_in_idle_mark() || undurable_ != undurable || wants_spare_ ||
                   hand_overs_ != log_->hand_overs();
  hand_overs_ = log_->hand_overs();
  if (undurable && !undurable_) undurable_since_ = now;
  undurable_ = undurable;
  ends_in_mark_ = log_->ends_in_idle_mark() && !undurable;
  if (worked) last_work_ = now;
  durable_size_ = log_->durable();
  durable_root_ = log_->durable_root();
  signed_checkpoint_ = log_->signed_checkpoint();
  signed_size_.store(signed_checkpoint_ ? signed_checkpoint_->checkpoint.size : 0, std::memory_order_relaxed);
  keys_ = log_->keys();
  signer_error_ = log_->signer_error();
  const bool unwitnessed = options_.witness && durable_size_ > options_.witness->size();
  const bool witness_due = unwitnessed && !unwitnessed_;
  if (witness_due) unwitnessed_since_ = now;
  unwitnessed_ = unwitnessed;
  if (due || witness_due) {
    house_changed_ = true;
    house_.notify_one();
  }
}

std::shared_ptr<const proof::KeyHistory> Writer::keys() const {
  const base::Lock lock(mutex_);
  return keys_;
}

std::optional<Error> Writer::signer_error() const {
  const base::Lock lock(mutex_);
  return signer_error_;
}

std::optional<Error> Writer::witness_error() const {
  const base::Lock lock(mutex_);
  return witness_error_;
}

CheckpointNote Writer::newest_checkpoint(const std::shared_ptr<const CheckpointNote>& newest_signed, std::uint64_t size,
                                         const Hash& root) const {
  if (newest_signed && newest_signed->checkpoint.size >= size) return *newest_signed;
  CheckpointNote note;
  note.checkpoint = {.origin = log_->origin(), .size = size, .root = root};  // the origin never changes
  note.text = note_body(note.checkpoint);
  return note;
}

std::shared_ptr<const CheckpointNote> Writer::signed_checkpoint() const {
  const base::Lock lock(mutex_);
  return signed_checkpoint_;
}

CheckpointNote Writer::checkpoint() const {
  const base::Lock lock(mutex_);
  return newest_checkpoint(signed_checkpoint_, durable_size_, durable_root_);
}

Result<void> Writer::tell_witness() {
  if (!options_.witness) return {};
  auto told = options_.witness->write({.store_id = options_.store_id, .note = checkpoint()});
  const base::Lock lock(mutex_);
  unwitnessed_since_ = options_.clock->monotonic();
  unwitnessed_ = durable_size_ > options_.witness->size();
  if (told) {
    witness_error_.reset();
  } else {
    witness_error_ = told.error();
  }
  return told;
}

bool Writer::witness_is_told_first() const {
  return options_.witness && options_.witness->options().persist == WitnessFile::Persist::before_acknowledgement;
}

Frontier Writer::frontier() const noexcept {
  // In this order, so that a later number is never less than an earlier one that depends on it.
  Frontier frontier;
  frontier.signed_size = signed_size_.load(std::memory_order_relaxed);
  frontier.durable = std::max(frontier.signed_size, durable_.load(std::memory_order_relaxed));
  frontier.written = std::max(frontier.durable, written_.load(std::memory_order_relaxed));
  frontier.accepted = std::max(frontier.written, accepted_.load(std::memory_order_relaxed));
  if (options_.witness) frontier.witnessed = std::min(frontier.durable, options_.witness->size());
  return frontier;
}

Result<void> Writer::do_task(Task task) {
  Request request;
  request.task = task;
  return submit(request, WhenFull::wait);
}

Result<void> Writer::flush_for_readers() {
  if (unseen_.load(std::memory_order_acquire) == 0) return {};
  const Result<void> flushed = do_task(Task::flush);
  // Reads go on after writing has ended.
  if (!flushed && flushed.error().code != ErrorCode::poisoned && flushed.error().code != ErrorCode::closed &&
      flushed.error().code != ErrorCode::outcome_unknown) {
    return flushed;
  }
  return {};
}

std::chrono::nanoseconds Writer::keep_house() {
  const std::chrono::nanoseconds now = options_.clock->monotonic();
  std::optional<Task> task;
  std::chrono::nanoseconds next = nothing_due;
  log_->work_off();
  bool wants_spare = false;
  bool wants_witness = false;
  {
    const base::Lock lock(mutex_);
    if (closed_ || poison_) return nothing_due;
    wants_spare = wants_spare_;
    wants_spare_ = false;
    const auto due = [&](std::chrono::nanoseconds at) {
      if (now >= at) return true;
      next = std::min(next, at - now);
      return false;
    };
    if (!writing_ && queue_.first == nullptr && !ends_in_mark_ && due(last_work_ + options_.idle_mark_after)) {
      task = Task::idle_mark;
    } else if (undurable_ && due(undurable_since_ + options_.sync_interval)) {
      task = Task::begin_sync;
    } else if (writing_) {
      next = std::min(next, options_.idle_mark_after);
    }
    wants_witness = unwitnessed_ && due(unwitnessed_since_ + options_.witness->options().lag_max);
  }
  if (task) {
    // An error poisons the store, and every later append tells.
    static_cast<void>(do_task(*task));
    next = options_.idle_mark_after;
  }
  if (task == Task::begin_sync) {
    log_->work_off();
    static_cast<void>(do_task(Task::take_back));
    // What is undurable now was accepted after the sync began.
    const base::Lock lock(mutex_);
    undurable_since_ = std::max(undurable_since_, now);
    if (undurable_) next = std::min(next, undurable_since_ + options_.sync_interval - now);
  }
  if (wants_witness) {
    // After what is due in the log. An error is met again after the same time, and in close().
    static_cast<void>(tell_witness());
    next = std::min<std::chrono::nanoseconds>(next, options_.witness->options().lag_max);
  }
  if (wants_spare) log_->prepare_segment();
  return next;
}

void Writer::run_house_keeping() {
  base::Lock lock(mutex_);
  while (!stop_house_keeping_) {
    house_changed_ = false;
    lock.unlock();
    const std::chrono::nanoseconds next = keep_house();
    lock.lock();
    // What changed meanwhile woke nobody, and `next` does not know of it.
    if (!stop_house_keeping_ && !house_changed_) house_.wait_for(lock, next);
  }
}

Result<void> Writer::close() {
  {
    base::Lock lock(mutex_);
    if (closed_) return {};
    closed_ = true;
    room_.notify_all();
    while (writing_ || queue_.first != nullptr) room_.wait(lock);
    stop_house_keeping_ = true;
    house_.notify_all();
  }
  house_keeper_.join();
  {
    const base::Lock lock(mutex_);
    if (poison_) return fail(*poison_);
  }
  BATPAK_CHECK(log_->write(CommitLog::Visibility::after_sync));
  BATPAK_CHECK(log_->sync());
  BATPAK_CHECK(log_->write_idle_mark());
  BATPAK_CHECK(log_->trim());
  {
    const base::Lock lock(mutex_);
    publish_progress();
  }
  return tell_witness();
}

}  // namespace batpak::engine
