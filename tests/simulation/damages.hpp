// Bytes that change on the device without anybody having written them.
#pragma once

#include "simulation/durable_claims.hpp"
#include "simulation/salvages.hpp"

namespace batpak::test {

class Damages {
 public:
  Damages(World& world, Salvages& salvages) : world_(world), salvages_(salvages) {}

  // Changes bytes of a file that nobody has open, as rot does.
  void make() {
    world_.files.clear_faults();
    world_.readers.clear();
    std::vector<std::string> names;
    for (const std::string& name : world_.files.list_files()) {
      if (name.starts_with(world_.path + "/") && !world_.files.read_file(name)->empty()) names.push_back(name);
    }
    if (names.empty()) return;
    const std::string name = names[world_.random.below(names.size())];
    const Bytes bytes = world_.files.read_file(name).value();
    std::uint64_t written = bytes.size();
    while (written > 0 && bytes[written - 1] == std::byte{0}) --written;
    const std::uint64_t offset = world_.random.below(world_.random.below(8) == 0 || written == 0 ? bytes.size() : written);
    const bool was_clean = world_.cleanly_closed.has_value();
    world_.cleanly_closed.reset();
    const std::uint64_t kind = world_.random.below(4);
    if (kind < 2) {
      world_.files.flip_bit(name, offset, static_cast<unsigned>(world_.random.below(8))).value();
    } else if (kind == 2) {  // a sector of nonsense
      const std::uint64_t begin = offset / 512 * 512;
      for (std::uint64_t at = begin; at < std::min<std::uint64_t>(begin + 512, bytes.size()); ++at) {
        world_.files.flip_bit(name, at, static_cast<unsigned>(world_.random.below(8))).value();
      }
    } else {  // the device can no longer read it
      world_.files.spoil_sector(name, offset).value();
    }
    world_.damaged = true;
    world_.untouched = false;
    ++world_.counts.damages;
    world_.trace(name, " at ", offset, ", kind ", kind);
    const bool truth = name.ends_with(".seg") || name.ends_with("store.meta");
    if (truth && was_clean)
      require(!world_.verify().clean(), "verify does not find damage in " + name + " at " + std::to_string(offset));
    // What a device cannot read says nothing.
    World::Segments readable = world_.read_log();
    if (kind == 3 && readable.contains(name)) {
      Bytes& image = readable[name];
      const std::uint64_t begin = offset / 512 * 512;
      std::fill(image.begin() + static_cast<std::ptrdiff_t>(begin),
                image.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(begin + 512, image.size())),
                std::byte{0});
    }
    examine("after damage in " + name, claimed_durable(readable));
  }
  void examine(const std::string& when) { examine(when, claimed_durable(world_.read_log())); }

 private:
  // The store either refuses, and then changes nothing, or shows the truth as far as it goes; and what acknowledged events
  // are gone is told by verify.
  void examine(const std::string& when, std::uint64_t claimed) {
    world_.quiet = true;
    world_.oracle.declarations = Oracle::Declarations::may_be_lost;
    const VerifyReport before = world_.verify();
    const World::Segments log = world_.read_log();
    world_.faults_before = world_.files.count_faults_met();
    OpenOptions options = world_.open_options();
    if (world_.given_up) options.witness_file.reset();
    auto opened = Store::open(world_.path, options);
    if (!opened && opened.error().code == ErrorCode::rolled_back) {
      notice_what_is_missing(opened.error(), claimed);
      options.witness_file.reset();
      opened = Store::open(world_.path, options);
    }
    world_.trace("claimed durable ", claimed, " of ", world_.oracle.durable(), ", findings ", before.findings.size(),
                 ", open: ", outcome(opened));
    if (!opened) {
      ++world_.counts.damages_refused;
      using enum ErrorCode;
      const ErrorCode code = opened.error().code;
      // The checkpoint that finished a change of keys may be what is lost, or the change itself.
      require(code == damaged || code == corrupt || code == io_error || code == foreign_segment || code == newer_format ||
                  code == rotation_unfinished || code == wrong_key,
              when + " the store refuses with another error: " + to_string(opened.error()));
      require(!before.clean(), when + " the store refuses (" + to_string(opened.error()) + "), and verify finds nothing");
      // A log that cannot be compared with its witness was recovered before that shows.
      const bool was_recovered = options.witness_file && (code == corrupt || code == io_error);
      require(was_recovered || world_.read_log() == log, when + " a refused opening changed the log");
      return salvage_damaged();
    }
    std::uint64_t lost = 0;
    {
      const auto now = opened->snapshot();
      require(now.has_value(), when + " the store opens and cannot be read: " + outcome(now));
      world_.oracle.settle(*now, {.whole_until = claimed});
      for (const Known& known : world_.oracle.known()) lost += known.lost ? 1 : 0;
    }
    require(opened->close().has_value(), when + " the store does not close");
    const VerifyReport after = world_.verify();
    world_.trace("lost ", lost, ", findings ", after.findings.size());
    require(lost == 0 || !after.clean(), when + " events are lost, and verify finds nothing");
    if (after.clean()) {
      world_.damaged = false;
      world_.oracle.declarations = Oracle::Declarations::are_there;
      return;
    }
    salvage_damaged();
  }
  // Only the witness file knows of events that no durable-through covers: damage to them looks like a torn tail.
  void notice_what_is_missing(const Error& error, std::uint64_t claimed) {
    world_.given_up = world_.remembered();
    world_.restore_may_be_known = true;  // how much both have in common only the log could tell
    world_.put_back_size = claimed;
    world_.trace(to_string(error));
    require(world_.given_up && world_.given_up->note.checkpoint.size > claimed,
            "the witness file notices what is not missing");
  }
  void salvage_damaged() {
    if (world_.random.coin()) {
      world_.ended = true;
      return;
    }
    world_.doing = "salvage what is damaged";
    salvages_.run();
  }

  World& world_;
  Salvages& salvages_;
};

}  // namespace batpak::test
