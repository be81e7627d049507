// A store's witness file, on a device of its own, and a copy of the store's directory that somebody puts back.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "batpak/codec.hpp"
#include "event/store_events.hpp"
#include "simulation/world.hpp"

namespace batpak::test {

class Witnesses {
 public:
  explicit Witnesses(World& world) : world_(world) {}

  // Of the store as a whole process left it; a later copy takes the place of an earlier one.
  void copy_store() {
    if (!world_.witness || !world_.cleanly_closed || world_.damaged || world_.given_up) return;
    if (world_.read_log() != *world_.cleanly_closed) return;  // an opening that failed has begun to write
    copy_.emplace(world_.path, files_of_the_store(), *world_.cleanly_closed, world_.oracle, world_.keys);
    world_.trace(world_.oracle.accepted_size(), " events");
  }
  [[nodiscard]] bool has_copy() const { return copy_ && copy_->path == world_.path; }

  // Nothing of what came after the copy is in the directory any more, and the witness file is where it was.
  void put_back() {
    world_.files.clear_faults();
    const auto remembered = world_.remembered();
    require(remembered.has_value(), "the witness file of a store that was opened is not there");
    for (const auto& [name, bytes] : files_of_the_store()) world_.files.remove_file(name).value();
    for (const auto& [name, bytes] : copy_->files) world_.files.write_file(name, bytes).value();
    const std::uint64_t size = copy_->oracle.accepted_size();
    const bool gone_on = remembered->note.checkpoint.size > size;
    // What a strict witness let a program know, no copy from before it takes back unnoticed.
    const bool is_another_time = world_.oracle.acknowledged() > size;
    require(gone_on || !is_another_time || *world_.witness == WitnessFile::Persist::soon || world_.given_up,
            "a strict witness does not remember what was acknowledged");
    world_.oracle = copy_->oracle;
    world_.keys = copy_->keys;
    world_.cleanly_closed = copy_->log;
    world_.readers.clear();
    world_.untouched = false;
    world_.given_up.reset();
    world_.restore_may_be_known = false;
    if (gone_on) world_.given_up = remembered;
    world_.put_back_size = size;
    ++world_.counts.put_back;
    world_.trace("the copy of ", size, " events; remembered are ", remembered->note.checkpoint.size);
  }

  // How somebody opens the store: where it was put back, without knowing so, knowing it, or without the witness file.
  OpenOptions choose_options() {
    OpenOptions options = world_.open_options();
    if (!world_.given_up) return options;
    // A crash may have taken away what nobody waited for.
    const auto remembered = world_.remembered();
    require(remembered.has_value(), "the witness file is gone");
    world_.given_up = remembered;
    if (remembered->note.checkpoint.size <= world_.put_back_size && !world_.restore_may_be_known) world_.given_up.reset();
    if (!world_.given_up) return options;
    before_ = world_.read_log();
    switch (world_.accepts_restores ? 0 : world_.random.below(4)) {
      case 0: options.witness_file->when_not_extended = WitnessFile::WhenNotExtended::accept_restore; break;
      case 1: options.witness_file.reset(); break;
      default: break;
    }
    return options;
  }

  // Whether the store was refused since it was put back, which no other store is.
  bool was_noticed(const OpenOptions& options, const Error& error) {
    using enum ErrorCode;
    if (error.code == witness_missing || error.code == witness_foreign || error.code == malformed)
      throw Violation("an honest store's witness file is refused: " + to_string(error));
    if (world_.given_up && accepts(options)) world_.restore_may_be_known = true;
    if (error.code != rolled_back && error.code != forked) return false;
    require(world_.given_up && !accepts(options), "an honest store is called another: " + to_string(error));
    if (world_.cleanly_closed && !world_.restore_may_be_known) {
      const bool is_shorter = world_.oracle.accepted_size() < world_.given_up->note.checkpoint.size;
      require(error.code == (is_shorter ? rolled_back : forked),
              "what is put back is called by another name: " + to_string(error));
      require(before_ != *world_.cleanly_closed || world_.read_log() == before_,
              "a store that was put back is refused and changed");
    }
    ++world_.counts.put_back_noticed;
    return true;
  }

  // The store is open, and nothing has stopped the process.
  void was_opened(const OpenOptions& options, const Store& store) {
    world_.witness_is_used = options.witness_file.has_value();
    const std::optional<Checkpoint>& given_up = store.open_report().given_up;
    if (!world_.witness_is_used) return require(!given_up, "a restore is told of without a witness file");
    world_.witness_exists = true;
    if (!world_.given_up) return require(!given_up, "an honest store is said to be restored");
    if (given_up) {
      require(accepts(options), "a restore is accepted without anybody asking for it");
      require(*given_up == world_.given_up->note.checkpoint, "another checkpoint is given up than was remembered");
      require_recorded(store);
      world_.appended = true;
      ++world_.counts.restores;
    } else {
      require(world_.restore_may_be_known, "a store that was put back opens, and nobody is told");
    }
    world_.given_up.reset();
  }

 private:
  using Files = std::map<std::string, Bytes>;
  struct Copy {
    std::string path;
    Files files;
    World::Segments log;
    Oracle oracle;
    World::Keys keys;
  };

  static bool accepts(const OpenOptions& options) {
    return options.witness_file && options.witness_file->when_not_extended == WitnessFile::WhenNotExtended::accept_restore;
  }
  [[nodiscard]] Files files_of_the_store() const {
    Files found;
    for (const std::string& name : world_.files.list_files()) {
      if (name.starts_with(world_.path + "/")) found[name] = world_.files.read_file(name).value();
    }
    return found;
  }
  // The last event of the log says what was given up.
  void require_recorded(const Store& store) const {
    const auto now = store.snapshot();
    require(now.has_value() && now->size() > 0, "a restored store cannot be read: " + outcome(now));
    const auto last = now->at(now->size() - 1);
    require(last.has_value() && last->kind() == event::Restore::kind, "a restore is not the last event of the log");
    const auto restore = decode_payload<event::Restore>(last->payload());
    require(restore.has_value(), "a restore cannot be read: " + outcome(restore));
    const CheckpointNote& note = world_.given_up->note;
    require(restore->given_up == format_note(note.checkpoint, note.signatures), "a restore names another checkpoint");
  }

  World& world_;
  std::optional<Copy> copy_;
  World::Segments before_;  // an opening of what was put back
};

}  // namespace batpak::test
