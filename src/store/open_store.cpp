#include "base/hex.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "event/frame_view.hpp"
#include "platform/fork_guard.hpp"
#include "platform/posix_fs.hpp"
#include "proof/checkpoint.hpp"
#include "recovery/recover.hpp"
#include "store/own_event.hpp"
#include "store/store_impl.hpp"
#include "store/witness.hpp"
#include "store/witness_check.hpp"

namespace batpak {
namespace {

using base::fail;

Result<void> check_options(const OpenOptions& options) {
  const auto refuse = [](std::string message) { return fail(ErrorCode::invalid_argument, std::move(message)); };
  if (options.segment_bytes < limits::segment_bytes_min || options.segment_bytes > limits::segment_bytes_max) {
    return refuse("segment_bytes is " + std::to_string(limits::segment_bytes_min) + " to " +
                  std::to_string(limits::segment_bytes_max));
  }
  if (options.queue_bytes_max < limits::segment_bytes_min) return refuse("queue_bytes_max is at least 64 KiB");
  if (options.sync_interval.count() <= 0 || options.idle_mark_after.count() <= 0) {
    return refuse("sync_interval and idle_mark_after are more than 0");
  }
  if (options.clock_skew_max.count() < 0) return refuse("clock_skew_max is not negative");
  if (options.witness_file && options.witness_file->lag_max.count() <= 0)
    return refuse("the witness file's lag_max is more than 0");
  if (options.signing == SigningPolicy::each_event && !options.key) return refuse("signing each event needs a key");
  if ((options.previous_key || options.revocation || options.recovery_key_hash) && !options.key) {
    return refuse("a previous key, a revocation and the hash of a recovery key belong to a key");
  }
  if (options.previous_key && options.previous_key->public_key() == options.key->public_key()) {
    return refuse("the previous key is the key itself");
  }
  if (options.recovery_key_hash && *options.recovery_key_hash == recovery_key_hash(options.key->public_key())) {
    return refuse(
        "the recovery key is the signing key itself: who steals that could then revoke it, and the owner would be locked "
        "out");
  }
  if (!options.origin.empty()) BATPAK_CHECK(proof::check_origin(options.origin));
  return {};
}

Result<std::shared_ptr<platform::Directory>> open_or_create(platform::FileSystem& files, const std::string& path,
                                                            Create create) {
  auto directory = files.open_directory(path);
  if (directory || directory.error().code != ErrorCode::no_such_directory) return directory;
  if (create == Create::never) return fail(Error(ErrorCode::not_a_store, "there is no store").at_path(path));
  return files.create_directory(path);
}

// Asked before the lock is taken, since that leaves a file: a directory of other things is refused as it was found.
Result<void> check_is_ours(platform::Directory& directory, Create create) {
  const auto found = recovery::look_for_store(directory);
  if (!found && found.error().code == ErrorCode::not_a_store) return fail(found.error());
  if (found && *found != recovery::Found::store && create == Create::never) {
    return fail(ErrorCode::not_a_store, "there is no store");
  }
  return {};
}

// An error of something in the store's directory, named from where the caller stands. The witness file lies elsewhere.
Error with_directory(Error error, const std::string& path, const std::optional<WitnessFile>& elsewhere = {}) {
  if (elsewhere && error.path == elsewhere->path) return error;
  if (error.path.empty()) {
    error.path = path;
  } else if (error.path.front() != '/' && error.path != path && !error.path.starts_with(path + "/")) {
    error.path = path + "/" + error.path;
  }
  return error;
}

}  // namespace

namespace store {
namespace {

std::unexpected<Error> is_gone(const WitnessRecord& remembered) {
  return fail(ErrorCode::rolled_back, "the witness file remembers " + std::to_string(remembered.note.checkpoint.size) +
                                          " events of a store, and there is none");
}

// The directory of a store, or one where a store may be made. Where a witness remembers a store none is made.
Result<std::shared_ptr<platform::Directory>> find_directory(platform::FileSystem& files, const std::string& path,
                                                            const OpenOptions& options, const Witness& witness) {
  const Create create = witness.record ? Create::never : options.create;
  auto directory = open_or_create(files, path, create);
  const auto ours = directory ? check_is_ours(**directory, create) : Result<void>(fail(directory.error()));
  if (ours) return directory;
  if (!witness.record || ours.error().code != ErrorCode::not_a_store) return fail(ours.error());
  return is_gone(*witness.record);
}

Result<bool> make_store_if_asked(platform::Directory& directory, const OpenOptions& options, const Witness& witness,
                                 platform::Clock& clock, platform::Entropy& entropy,
                                 const std::optional<Timestamp>& first_time) {
  BATPAK_TRY(const recovery::Found found, recovery::look_for_store(directory));
  if (found == recovery::Found::store) {
    if (options.create == Create::always) return fail(ErrorCode::already_a_store, "there is a store already");
    return false;
  }
  if (witness.record) return is_gone(*witness.record);
  if (options.create == Create::never) return fail(ErrorCode::not_a_store, "there is no store");
  recovery::NewStore store;
  store.origin = options.origin;
  if (options.key) store.key = options.key->public_key().bytes();
  store.recovery_key_hash = options.recovery_key_hash;
  store.created = clock.wall_microseconds();
  store.first_time = first_time;
  store.entropy = &entropy;
  BATPAK_CHECK(recovery::create_store(directory, store));
  return true;
}

// What the witness remembers that the log does not go on from, where that is accepted; nothing where it goes on.
// Errors: witness_foreign, rolled_back, forked, corrupt.
Result<std::optional<CheckpointNote>> check_witness(const Witness& witness, const recovery::LogState& state,
                                                    const WitnessFile& options) {
  const WitnessRecord& record = *witness.record;
  const Checkpoint& seen = record.note.checkpoint;
  if (record.store_id != state.store_id() || seen.origin != state.meta.genesis.origin) {
    return fail(Error(ErrorCode::witness_foreign,
                      "the witness file is of the store " + base::to_hex(record.store_id) + ", '" + seen.origin + "'")
                    .at_path(options.path));
  }
  const auto extends = check_extends(state, seen);
  if (extends) return std::optional<CheckpointNote>{};
  const ErrorCode code = extends.error().code;
  const bool is_another_log = code == ErrorCode::rolled_back || code == ErrorCode::forked;
  if (!is_another_log || options.when_not_extended == WitnessFile::WhenNotExtended::refuse) return fail(extends.error());
  return record.note;
}

// A declaration of heads that no signature covers yet may be a stranger's, and the key is to sign none that lacks a stream: proofs
// of absence stand on it. Errors: damaged.
Result<void> check_unsigned_heads(const recovery::LogState& state) {
  HeadsTrees trees(state.index, state.maps);
  for (const auto& [sequence, declaration] : state.unsigned_heads) {
    BATPAK_TRY(const auto tree, trees.at(declaration.log_size));
    if (tree->size() == declaration.streams && tree->root().bytes == declaration.root) continue;
    return fail(Error(ErrorCode::damaged,
                      "the heads that are declared are not those of the log, and no stored signature covers them")
                    .at_sequence(sequence));
  }
  return {};
}

// Whether a lane begins at an earlier event of its entity, where that is not signed yet. Errors: damaged.
Result<void> check_unsigned_branches(const recovery::LogState& state) {
  for (const recovery::PlacedBranch& branch : state.unsigned_branches) {
    const auto bytes = branch.begins_at < branch.sequence
                           ? state.maps->frame(state.index->place(branch.begins_at), branch.begins_at)
                           : fail(ErrorCode::damaged, "a branch begins at no earlier event");
    const auto frame = bytes ? event::FrameView::parse(*bytes) : fail(bytes.error());
    if (frame && frame->header().entity() == branch.entity && frame->event_hash() == branch.begins_at_hash) continue;
    return fail(Error(ErrorCode::damaged,
                      "a lane does not begin at an earlier event of its entity, and no stored signature covers it")
                    .at_sequence(branch.sequence));
  }
  return {};
}

// Says in the log, durably, that it was put back.
Result<void> record_restore(engine::Writer& writer, const CheckpointNote& given_up, platform::Entropy& entropy) {
  const event::Restore restore{.given_up = format_note(given_up)};
  BATPAK_TRY(engine::Item item, make_own_item(restore, entropy));
  Receipt receipt;
  engine::Request request;
  request.items = std::span(&item, 1);
  request.receipts = std::span(&receipt, 1);
  request.bytes = item.draft.signed_frame_size();
  return writer.submit(request, engine::Writer::WhenFull::wait);
}

Result<std::unique_ptr<Store::Impl>> open_directory(const std::string& path, const OpenOptions& options,
                                                    const std::optional<Timestamp>& first_time) {
  BATPAK_CHECK(check_options(options));
  platform::FileSystem& files = options.file_system != nullptr ? *options.file_system : platform::posix_file_system();
  platform::Clock& clock = options.clock != nullptr ? *options.clock : platform::system_clock();
  platform::Entropy& entropy = options.entropy != nullptr ? *options.entropy : platform::system_entropy();
  const std::chrono::nanoseconds begun = clock.monotonic();
  BATPAK_TRY(Witness witness, open_witness(files, path, options));
  BATPAK_TRY(auto directory, find_directory(files, path, options, witness));
  BATPAK_TRY(auto lock, directory->lock_as_owner());
  // Only from here on nobody else writes it: what was read above decided no more than whether a directory is made.
  BATPAK_CHECK(read_again(witness, options));
  BATPAK_TRY(const bool created, make_store_if_asked(*directory, options, witness, clock, entropy, first_time));
  recovery::RecoverOptions recovery{.torn_tail = options.torn_tail, .entropy = &entropy, .keys = {}};
  if (options.key) recovery.keys.key = options.key->public_key().bytes();
  if (options.previous_key) recovery.keys.previous_key = options.previous_key->public_key().bytes();
  recovery.keys.revocation = options.revocation;
  recovery.keys.recovery_key_hash = options.recovery_key_hash;
  BATPAK_TRY(recovery::LogState state, recovery::recover(directory, recovery));
  std::optional<CheckpointNote> given_up;
  if (witness.record) {
    BATPAK_TRY(given_up, check_witness(witness, state, *options.witness_file));
  }

  if (options.key) {
    BATPAK_CHECK(check_unsigned_heads(state));
    BATPAK_CHECK(check_unsigned_branches(state));
  }

  const bool own_thread = options.housekeeping == OpenOptions::Housekeeping::thread;
  BATPAK_TRY(auto log, engine::CommitLog::open(
                           state, {.segment_bytes = options.segment_bytes,
                                   .signing = options.signing,
                                   .key = options.key,
                                   .previous_key = options.previous_key,
                                   .entropy = &entropy,
                                   .wall_microseconds = clock.wall_microseconds(),
                                   .signer_thread = own_thread ? engine::SignerThread::own : engine::SignerThread::none}));
  engine::Writer::Options writer_options;
  writer_options.queue_bytes_max = options.queue_bytes_max;
  writer_options.sync_interval = options.sync_interval;
  writer_options.idle_mark_after = options.idle_mark_after;
  writer_options.clock_skew_max = options.clock_skew_max;
  if (options.key) writer_options.key = options.key->public_key();
  writer_options.recovery_key_hash = options.recovery_key_hash;
  writer_options.clock = &clock;
  writer_options.entropy = &entropy;
  writer_options.own_thread = own_thread;
  writer_options.witness = witness.keeper;
  writer_options.store_id = state.store_id();
  auto writer = std::make_unique<engine::Writer>(std::move(log), state.types, writer_options);
  if (given_up) {
    BATPAK_CHECK(record_restore(*writer, *given_up, entropy));
    state.report.given_up = given_up->checkpoint;
  }
  BATPAK_CHECK(writer->tell_witness());
  state.report.created = created;
  state.report.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(clock.monotonic() - begun);
  return std::make_unique<Store::Impl>(std::move(directory), std::move(lock), std::move(state), std::move(writer), entropy);
}

}  // namespace

Result<std::unique_ptr<Store::Impl>> open_for_writing(const std::string& path, const OpenOptions& options,
                                                      const std::optional<Timestamp>& first_time) {
  auto opened = open_directory(path, options, first_time);
  if (!opened) return fail(with_directory(std::move(opened).error(), path, options.witness_file));
  return opened;
}

Result<std::unique_ptr<Store::Impl>> open_for_reading(const std::string& path, ReadOnlyOptions options) {
  platform::FileSystem& files = options.file_system != nullptr ? *options.file_system : platform::posix_file_system();
  const std::chrono::nanoseconds begun = platform::system_clock().monotonic();
  auto directory = files.open_directory(path);
  if (!directory) return fail(with_directory(std::move(directory).error(), path));
  auto follower = recovery::LogFollower::open(*std::move(directory), options.undurable);
  if (!follower) return fail(with_directory(std::move(follower).error(), path));
  auto impl = std::make_unique<Store::Impl>(*std::move(follower));
  impl->report.elapsed = std::chrono::duration_cast<std::chrono::microseconds>(platform::system_clock().monotonic() - begun);
  return impl;
}

}  // namespace store

Result<Store> Store::open(const std::string& path, const OpenOptions& options) {
  BATPAK_TRY(auto impl, store::open_for_writing(path, options));
  return Store(std::move(impl));
}

Result<Store> Store::open_read_only(const std::string& path, ReadOnlyOptions options) {
  BATPAK_TRY(auto impl, store::open_for_reading(path, options));
  return Store(std::move(impl));
}

}  // namespace batpak
