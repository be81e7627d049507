#include "model/story.hpp"

namespace batpak::model {
namespace {

std::string segment_name(unsigned number) { return "segment " + std::to_string(number); }

std::string describe(const Commit& commit) {
  switch (commit.type) {
    case CommitType::events:
      return commit.first == 0 ? "the genesis"
                               : "event " + std::to_string(commit.first) + (commit.length > 1 ? " (two slots)" : "");
    case CommitType::idle_mark: return "an idle mark";
    case CommitType::seal: return "a seal";
  }
  return {};
}

// A slot in three letters: the kind of commit, its first event, and which part of it.
std::string describe(const State& state, std::uint8_t value) {
  if (value == 0) return "..";
  if (value == Slot::rotten) return "##";
  const Commit& commit = state.commits[Slot::commit(value)];
  if (commit.type == CommitType::idle_mark) return "M" + std::to_string(commit.first);
  if (commit.type == CommitType::seal) return "S" + std::to_string(commit.first);
  const bool second = Slot::part(value) != 0;
  return (second ? "'" : commit.promised ? "E" : "e") + std::to_string(commit.first);
}

std::string describe(const State& state, const SegmentFile& file) {
  std::string text = file.header.seen == 0 ? "no header" : "";
  if (file.header.seen != file.header.device) text += " (header not on the device)";
  std::string cache;
  std::string device;
  bool differs = false;
  for (unsigned i = 0; i < file.size || i < file.device_size; ++i) {
    if (i % slots_per_sector == 0) {
      cache += " |";
      device += " |";
    }
    const Slot& slot = file.slots[i];
    cache += " " + (i < file.size ? describe(state, slot.seen) : std::string("  "));
    const bool settled = slot.seen == slot.device;
    device += " " + (settled ? "  " : describe(state, slot.device));
    differs = differs || !settled;
  }
  text += cache;
  if (differs) text += "\n         device may have" + device;
  return text;
}

std::string describe_promises(const State& before, const State& after) {
  unsigned owed_before = 0;
  unsigned owed = 0;
  for (const Commit& commit : before.commits) owed_before += commit.promised ? commit.events : 0U;
  for (const Commit& commit : after.commits) owed += commit.promised ? commit.events : 0U;
  return owed > owed_before ? "; events 0 to " + std::to_string(owed - 1) + " are promised" : "";
}

// The first call of those that the move makes which changes something.
Step main_step(const State& before, const Move& move) {
  for (const Step& step : before.process.plan) {
    if (changes_disk(step)) return step;
  }
  return move.step;
}

std::string describe_call(const State& before, const Step& step) {
  if (step.call == Call::write_commit) return "write " + describe(before.commits[step.a]);
  return describe(step);
}

}  // namespace

std::string describe(const Step& step) {
  switch (step.call) {
    case Call::make_store_directory: return "make store directory";
    case Call::lock: return "lock";
    case Call::make_log_directory: return "make log directory";
    case Call::remove_segment: return "remove " + segment_name(step.a);
    case Call::remove_next: return "remove next segment";
    case Call::create_next: return "create next segment";
    case Call::allocate_next: return "allocate next segment";
    case Call::write_header: return "write next segment";
    case Call::sync_next: return "sync next segment";
    case Call::rename_next: return "rename next segment to " + segment_name(step.a);
    case Call::sync_log: return "sync directory log";
    case Call::write_commit: return "write commit";
    case Call::write_again: return "write again in " + segment_name(step.a);
    case Call::sync_data:
    case Call::sync_all: return "sync " + segment_name(step.a);
    case Call::allocate: return "allocate " + segment_name(step.a);
    case Call::cut: return "truncate " + segment_name(step.a);
    case Call::remove_next_meta: return "remove next store.meta";
    case Call::create_next_meta: return "create next store.meta";
    case Call::write_next_meta: return "write next store.meta";
    case Call::sync_next_meta: return "sync next store.meta";
    case Call::rename_next_meta: return "rename next store.meta to store.meta";
    case Call::sync_root: return "sync directory .";
    case Call::sync_parent: return "sync directory ..";
    case Call::make_quarantine: return "make directory quarantine";
    case Call::create_kept_tail: return "create copy of the tail";
    case Call::write_kept_tail: return "write copy of the tail";
    case Call::sync_kept_tail: return "sync copy of the tail";
    case Call::sync_quarantine: return "sync directory quarantine";
    case Call::create_live: return "create live";
    case Call::write_live: return "write live";
    default: return "";
  }
}

std::string describe(const State& state) {
  const Disk& disk = state.disk;
  std::string text;
  if (!disk.store_seen) return "  nothing\n";
  if (disk.store_seen != disk.store_device) text += "  the directory's own name is not on the device\n";
  if (disk.log_seen != disk.log_device) text += "  the name log is not on the device\n";
  if (disk.meta_seen.store == 0) text += "  no store.meta\n";
  if (disk.meta_seen.store == MetaFile::broken) text += "  store.meta is broken\n";
  if (disk.meta_seen != disk.meta_device) text += "  the name store.meta is not on the device\n";
  if (disk.meta_seen.store != 0 && disk.meta_seen.store != MetaFile::broken) text += "  store.meta\n";
  for (unsigned number = 0; number < segments_max; ++number) {
    const Name& name = disk.segments[number];
    if (name.seen == none) continue;
    text += "  " + segment_name(number) + describe(state, disk.files[name.seen]) + "\n";
    if (name.seen != name.device) text += "         under this name the device may have another file, or none\n";
  }
  return text;
}

std::string describe(const State& before, const Move& move, const State& after) {
  using Kind = Move::Kind;
  const auto with_disk = [&](const std::string& text) {
    std::string disk = describe(after);
    disk.pop_back();
    return text + ", which leaves\n" + disk;
  };
  const Step step = main_step(before, move);
  switch (move.kind) {
    case Kind::open: return "a process opens the store" + describe_promises(before, after);
    case Kind::append: return "a user appends an event of " + std::to_string(move.detail) + " slots";
    case Kind::sync: return "the appends are to be durable";
    case Kind::idle_mark: return "there is nothing to do";
    case Kind::rotate: return "the segment is full";
    case Kind::close: return "the user closes the store";
    case Kind::go_on: {
      std::string text = "  " + describe_call(before, step) + describe_promises(before, after);
      if (!after.process.running) text += "; the process ends";
      return text;
    }
    case Kind::fail:
      return "  " + describe_call(before, step) + " FAILS" + (after.process.running ? "" : ", the process ends");
    case Kind::cut_short: return "  " + describe_call(before, step) + " ENDS EARLY, the process ends";
    case Kind::kill: return with_disk("THE PROCESS IS KILLED");
    case Kind::power_loss: return with_disk("THE POWER FAILS");
    case Kind::rot: return with_disk("A SECTOR ROTS");
  }
  return {};
}

}  // namespace batpak::model
