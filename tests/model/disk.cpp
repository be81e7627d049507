#include "model/disk.hpp"

#include <algorithm>

namespace batpak::model {

// What was there before may have reached the device by itself.
void Slot::write(std::uint8_t value, Choices& choices) {
  if (fate == Fate::settled) {
    device = seen;
  } else if (seen != device && seen != value && choices.ask()) {
    device = seen;
  }
  seen = value;
  fate = seen == device ? Fate::settled : Fate::dirty;
}

void Slot::write_again() {
  if (fate != Fate::settled) fate = Fate::dirty;
}

void Slot::cut(Choices& choices) {
  if (fate == Fate::settled) device = seen;
  if (fate != Fate::cut && seen != device && choices.ask()) device = seen;
  seen = 0;
  fate = device == 0 ? Fate::settled : Fate::cut;
}

void SegmentFile::resize(unsigned new_size, Choices& choices) {
  for (unsigned slot = new_size; slot < size; ++slot) slots[slot].cut(choices);
  size = static_cast<std::uint8_t>(new_size);
}

void SegmentFile::sync(Sync what) {
  if (header.fate == Fate::dirty) header.settle();
  for (Slot& slot : slots) {
    if (slot.fate == Fate::dirty || (slot.fate == Fate::cut && what == Sync::all)) slot.settle();
  }
  if (size > device_size || what == Sync::all) device_size = size;
}

void SegmentFile::forget() {
  header.forget();
  for (Slot& slot : slots) slot.forget();
}

void SegmentFile::lose_power(Choices& choices) {
  if (header.seen != header.device && !choices.ask()) header.seen = header.device;
  header.settle();
  const bool was_cut = std::ranges::any_of(slots, [](const Slot& slot) { return slot.fate == Fate::cut; });
  const bool cut_is_lost = was_cut && !choices.ask();
  // A growth that is lost takes along what was written there.
  if (size != device_size && !cut_is_lost && !choices.ask()) size = device_size;
  if (cut_is_lost) size = std::max(size, device_size);
  for (unsigned i = 0; i < slots_max; ++i) {
    Slot& slot = slots[i];
    if (slot.fate == Fate::cut) {
      if (cut_is_lost) slot.seen = slot.device;
    } else if (i >= size) {
      slot.seen = 0;
    } else if (slot.seen != slot.device && !choices.ask()) {
      slot.seen = slot.device;
    }
    slot.settle();
  }
  device_size = size;
}

unsigned Disk::count_segments() const {
  unsigned count = 0;
  for (const Name& name : segments) count += name.seen != none ? 1 : 0;
  return count;
}

std::uint8_t Disk::make_file() {
  const auto free = std::ranges::find_if(files, [](const SegmentFile& file) { return !file.used; });
  const auto number = static_cast<std::uint8_t>(free - files.begin());
  files.at(number) = {};
  files[number].used = true;
  return number;
}

void Disk::sync_log() {
  if (log_names != Fate::dirty) return;
  for (Name& name : segments) name.device = name.seen;
  log_names = Fate::settled;
}

void Disk::sync_root() {
  if (root_names != Fate::dirty) return;
  meta_device = meta_seen;
  log_device = log_seen;
  root_names = Fate::settled;
}

void Disk::end_process() {
  for (SegmentFile& file : files) file.forget();
  if (meta_seen.content == Fate::dirty) meta_seen.content = Fate::stale;
  if (meta_device.content == Fate::dirty) meta_device.content = Fate::stale;
}

void Disk::lose_power(Directories directories, Choices& choices) {
  const bool in_order = directories == Directories::in_order;
  if (store_seen != store_device && !choices.ask()) store_seen = store_device;
  store_device = store_seen;
  if (!store_seen) {
    *this = {};
    return;
  }
  // The directory log is made before store.meta is named, and segments are named in the order of their numbers.
  const bool log_is_lost = log_seen != log_device && !choices.ask();
  if (log_is_lost) log_seen = log_device;
  log_device = log_seen;
  if (meta_seen != meta_device && ((in_order && log_is_lost) || !choices.ask())) meta_seen = meta_device;
  if (meta_seen.content != Fate::settled && !choices.ask()) meta_seen.store = MetaFile::broken;
  meta_seen.content = Fate::settled;
  meta_device = meta_seen;
  root_names = Fate::settled;
  bool name_is_lost = false;
  for (Name& name : segments) {
    if (!log_seen) name.seen = name.device = none;
    if (name.seen != name.device && ((in_order && name_is_lost) || !choices.ask())) {
      name_is_lost = true;
      name.seen = name.device;
    }
    name.device = name.seen;
  }
  log_names = Fate::settled;
  drop_nameless(none);
  for (SegmentFile& file : files) {
    if (file.used) file.lose_power(choices);
  }
}

void Disk::rot(std::uint8_t file, unsigned sector) {
  for (unsigned i = 0; i < slots_per_sector; ++i) {
    Slot& slot = files[file].slots[sector * slots_per_sector + i];
    if (slot.seen == 0) continue;
    slot.seen = Slot::rotten;
    slot.settle();
  }
}

void Disk::drop_nameless(std::uint8_t kept) {
  for (std::uint8_t i = 0; i < files_max; ++i) {
    const bool named = std::ranges::any_of(segments, [&](const Name& name) { return name.seen == i || name.device == i; });
    if (!named && i != kept) files[i] = {};
  }
}

}  // namespace batpak::model
