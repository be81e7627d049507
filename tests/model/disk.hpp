// A device and its page cache: segment files of slots, two directories, store.meta.
//
// A slot is what a device writes at once; a sector of two slots is what rots at once and what an idle mark keeps to itself.
#pragma once

#include <array>

#include "model/choices.hpp"
#include "model/log.hpp"

namespace batpak::model {

inline constexpr unsigned files_max = 5;

// How the cache and the device differ.
enum class Fate : std::uint8_t {
  settled,  // not at all
  dirty,    // the next sync takes it to the device; a power loss may
  stale,    // a sync failed or the process ended: it reads as written, and no later sync takes it; a power loss may show it
  cut,      // it was cut off; only a sync of everything takes that to the device
};

// The value of a slot: zero, a part of a commit, or rot.
struct Slot {
  static constexpr std::uint8_t rotten = 255;
  static std::uint8_t part_of(std::uint8_t commit, unsigned part) {
    return static_cast<std::uint8_t>(1 + commit * commit_slots_max + part);
  }
  static bool is_part(std::uint8_t value) { return value != 0 && value != rotten; }
  static std::uint8_t commit(std::uint8_t value) { return static_cast<std::uint8_t>((value - 1) / commit_slots_max); }
  static unsigned part(std::uint8_t value) { return (value - 1U) % commit_slots_max; }

  std::uint8_t seen = 0;
  std::uint8_t device = 0;
  Fate fate = Fate::settled;

  void write(std::uint8_t value, Choices& choices);
  void write_again();  // what is there already, byte for byte
  void cut(Choices& choices);
  void settle() {
    device = seen;
    fate = Fate::settled;
  }
  void forget() {
    if (fate == Fate::dirty) fate = Fate::stale;
  }
};

enum class Sync : std::uint8_t { data, all };

// A segment's file. Which one it is stands for its salt.
struct SegmentFile {
  bool used = false;
  std::uint8_t store = 0;
  std::uint8_t number = 0;
  std::uint8_t first = 0;
  Slot header;  // 1 when it is there
  std::array<Slot, slots_max> slots;
  std::uint8_t size = 0;  // slots behind the header
  std::uint8_t device_size = 0;

  void resize(unsigned size, Choices& choices);
  void sync(Sync what);
  void forget();  // dirty becomes stale
  void lose_power(Choices& choices);
};

// The content of store.meta; the name is another matter.
struct MetaFile {
  static constexpr std::uint8_t broken = 255;
  std::uint8_t store = 0;  // 0: there is none
  Fate content = Fate::settled;
  friend bool operator==(const MetaFile&, const MetaFile&) = default;
};

// A name and what it names, in the cache and on the device.
struct Name {
  std::uint8_t seen = none;
  std::uint8_t device = none;
};

// What is assumed of directories; the protocol must do with either.
enum class Directories : std::uint8_t {
  // Changes of one directory reach the device in order. After a failed sync they are stale until the directory is changed and
  // synced again.
  in_order,
  // They reach it in any order. A failed sync leaves them for the next one.
  in_any_order,
};

struct Disk {
  std::array<SegmentFile, files_max> files;
  std::array<Name, segments_max> segments;
  Fate log_names = Fate::settled;
  MetaFile meta_seen;
  MetaFile meta_device;
  bool log_seen = false;
  bool log_device = false;
  Fate root_names = Fate::settled;
  bool store_seen = false;  // the directory itself, in its parent
  bool store_device = false;

  [[nodiscard]] SegmentFile& file_of(unsigned segment) { return files[segments[segment].seen]; }
  [[nodiscard]] const SegmentFile& file_of(unsigned segment) const { return files[segments[segment].seen]; }
  [[nodiscard]] unsigned count_segments() const;
  [[nodiscard]] std::uint8_t make_file();

  void sync_log();
  void sync_root();
  void end_process();  // what is in the cache stays there; the device may never get it
  void lose_power(Directories directories, Choices& choices);
  void rot(std::uint8_t file, unsigned sector);
  // Files that nothing names any more; `kept` is one that a process still has open.
  void drop_nameless(std::uint8_t kept);
};

}  // namespace batpak::model
