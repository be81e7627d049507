#include "batpak/salvage.hpp"

#include "base/hex.hpp"
#include "base/try.hpp"
#include "event/store_meta.hpp"
#include "platform/posix_fs.hpp"
#include "recovery/log_files.hpp"
#include "recovery/recover.hpp"
#include "store/inside.hpp"
#include "store/salvaged_events.hpp"
#include "store/salvaged_keys.hpp"
#include "store/store_impl.hpp"
#include "store/witness.hpp"

namespace batpak {
namespace {

using base::fail;

// Where the new store is made, and what it is called when it is whole: until then nobody takes a part for all of it.
struct Destination {
  std::shared_ptr<platform::Directory> parent;
  std::string name;             // in the parent
  std::string unfinished;       // in the parent, while it is made
  std::string unfinished_path;  // as it is opened
};

// Errors: already_a_store; not_a_store for a directory that holds something else; damaged.
Result<void> check_free(platform::Directory& directory) {
  auto found = recovery::look_for_store(directory);
  if (!found) return fail(std::move(found).error().at_path(directory.path()));
  if (*found == recovery::Found::store) {
    return fail(Error(ErrorCode::already_a_store, "there is a store already").at_path(directory.path()));
  }
  return {};
}

// Where the copy is made before it has its name. Of something else than what a salvage left, nobody is told to remove it.
Result<void> check_unfinished(platform::FileSystem& files, const std::string& path) {
  const auto left = files.open_directory(path);
  if (!left) return {};
  BATPAK_TRY(const bool is_ours, (*left)->exists(event::unfinished_meta_name));
  if (is_ours) {
    return fail(
        Error(ErrorCode::already_a_store, "a salvage that did not finish left something here: remove it and try again")
            .at_path(path));
  }
  const auto free = check_free(**left);
  if (free) return {};
  return fail(Error(free.error().code,
                    "the new store is made under this name: look at what is here, remove or rename it and try again")
                  .at_path(path));
}

Result<Destination> choose_destination(platform::FileSystem& files, const std::string& source, std::string path,
                                       const OpenOptions& options) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const std::size_t slash = path.rfind('/');
  Destination place;
  place.name = slash == std::string::npos ? path : path.substr(slash + 1);
  place.unfinished = place.name + ".unfinished";
  place.unfinished_path = path + ".unfinished";
  if (place.name.empty() || place.name == "." || place.name == "..") {
    return fail(Error(ErrorCode::invalid_argument, "the new store needs a name of its own").at_path(path));
  }
  // What stands in a store and is no part of it is damage of that store, which has to stay as it is.
  const auto inside = store::is_inside(path, source, options.file_system);
  if (inside && *inside) {
    return fail(Error(ErrorCode::invalid_argument, "the new store would lie inside of the damaged one, which stays as it is")
                    .at_path(path));
  }
  if (const auto there = files.open_directory(path)) {
    BATPAK_CHECK(check_free(**there));
    BATPAK_TRY(const auto entries, (*there)->list("."));
    if (!entries.empty()) return fail(Error(ErrorCode::not_a_store, "the directory is not empty").at_path(path));
  } else if (there.error().code != ErrorCode::no_such_directory) {
    return fail(there.error());
  }
  BATPAK_CHECK(check_unfinished(files, place.unfinished_path));
  BATPAK_TRY(place.parent, files.open_directory(slash == std::string::npos ? "."
                                                : slash == 0               ? "/"
                                                                           : path.substr(0, slash)));
  return place;
}

// What did not become a store is emptied again.
void remove_files(platform::Directory& directory) {
  for (const std::string_view folder : {std::string_view("log"), std::string_view(".")}) {
    const auto entries = directory.list(folder);
    if (!entries) continue;
    for (const platform::DirectoryEntry& entry : *entries) {
      if (!entry.is_directory) static_cast<void>(directory.remove(std::string(folder) + "/" + entry.name));
    }
  }
}

// A witness file that is there remembers another store than the one that is to be made, be it the damaged one: written over, it
// would not speak for that one any more. Inside of what will be the store's directory it would be put back together with it.
Result<store::Witness> open_witness(platform::FileSystem& files, const std::string& source, const std::string& destination,
                                    const OpenOptions& options) {
  if (options.witness_file) {
    BATPAK_TRY(const bool inside, store::is_inside(options.witness_file->path, source, options.file_system));
    if (inside) {
      return fail(
          Error(ErrorCode::invalid_argument, "the witness file would lie inside of the damaged store, which stays as it is")
              .at_path(options.witness_file->path));
    }
  }
  BATPAK_TRY(store::Witness witness, store::open_witness(files, destination, options));
  if (!witness.record) return witness;
  return fail(Error(ErrorCode::witness_foreign,
                    "the witness file is of the store " + base::to_hex(witness.record->store_id) + ", '" +
                        witness.record->note.checkpoint.origin + "', and the new store needs one of its own")
                  .at_path(options.witness_file->path));
}

// While a part is copied, no store.meta names it a store: whoever finds it after a crash can neither write to it nor take it for all.
Result<void> hide_identity(platform::Directory& directory) {
  BATPAK_CHECK(directory.rename(event::store_meta_name, event::unfinished_meta_name));
  return directory.sync_directory(".");
}

Result<void> show_identity(platform::Directory& directory) {
  BATPAK_CHECK(directory.rename(event::unfinished_meta_name, event::store_meta_name));
  return directory.sync_directory(".");
}

// Copies everything and closes the new store, which is one from then on.
Result<SalvageReport> fill(Store::Impl& destination, Store::Impl& source, platform::Clock& clock, Timestamp genesis_time) {
  const Result<void> hidden = hide_identity(*destination.directory);
  Result<SalvageReport> report =
      hidden ? store::copy_events(source, destination, clock, genesis_time) : Result<SalvageReport>(fail(hidden.error()));
  const Result<void> closed = destination.close();
  if (!report) return report;
  BATPAK_CHECK(closed);
  BATPAK_CHECK(show_identity(*destination.directory));
  return report;
}

// Of the damaged store, as far as they can be read.
Result<proof::KeyHistory> keys_of(platform::FileSystem& files, const std::string& source, const Store::Impl& from,
                                  const Snapshot& snapshot) {
  BATPAK_TRY(const auto directory, files.open_directory(source));
  const auto meta = recovery::read_store_meta(*directory);
  return store::salvaged_keys(meta ? *meta : std::nullopt, snapshot, from.state.meta.genesis.origin);
}

void remove_files_at(platform::FileSystem& files, const std::string& path) {
  const auto directory = files.open_directory(path);
  if (directory) remove_files(**directory);
}

}  // namespace

Result<SalvageReport> salvage(const std::string& source, const std::string& destination, const OpenOptions& options) {
  platform::FileSystem& files = options.file_system != nullptr ? *options.file_system : platform::posix_file_system();
  platform::Clock& clock = options.clock != nullptr ? *options.clock : platform::system_clock();
  // What is whole but perhaps not durable is as good as what recovery would have kept.
  BATPAK_TRY(const auto from, store::open_for_reading(source, {.undurable = ReadOnlyOptions::Undurable::show,
                                                               .file_system = options.file_system}));
  BATPAK_TRY(const Snapshot snapshot, from->snapshot());
  BATPAK_TRY(const Timestamp genesis_time, store::salvaged_genesis_time(snapshot, clock));
  BATPAK_TRY(const Destination place, choose_destination(files, source, destination, options));
  BATPAK_TRY(const store::Witness witness, open_witness(files, source, destination, options));
  BATPAK_TRY(const proof::KeyHistory keys, keys_of(files, source, *from, snapshot));
  if (options.key) BATPAK_CHECK(store::check_key_of_salvage(keys, options.key->public_key()));
  OpenOptions new_store = options;
  new_store.create = Create::always;
  new_store.previous_key.reset();  // the new store begins with the key
  new_store.revocation.reset();
  auto impl = store::open_for_writing(place.unfinished_path, new_store, genesis_time);
  if (!impl) {
    // What somebody else holds by now is theirs.
    if (impl.error().code != ErrorCode::locked) remove_files_at(files, place.unfinished_path);
    return fail(std::move(impl).error());
  }
  Result<SalvageReport> report = fill(**impl, *from, clock, genesis_time);
  const Result<void> done = report ? place.parent->rename(place.unfinished, place.name) : fail(report.error());
  if (!done) {
    remove_files(*(*impl)->directory);
    if (witness.keeper) static_cast<void>(witness.keeper->remove((*impl)->state.store_id()));  // of a store that is none
    return fail(done.error());
  }
  // What has its name is whole, and stays, though the name may not survive a power loss.
  BATPAK_CHECK(place.parent->sync_directory("."));
  if (!keys.empty()) {
    if (const auto key = PublicKey::from_bytes(keys.current())) report->source_key = *key;
  }
  return report;
}

}  // namespace batpak
