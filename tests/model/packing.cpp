#include "model/packing.hpp"

#include <algorithm>
#include <cstring>

namespace batpak::model {
namespace {

// New numbers for things, in the order in which they are met.
class Numbers {
 public:
  explicit Numbers(std::uint8_t first) : next_(first) { given_.fill(none); }
  std::uint8_t operator()(std::uint8_t old) {
    if (given_[old] == none) {
      given_[old] = next_++;
      met_[count_++] = old;
    }
    return given_[old];
  }
  [[nodiscard]] std::span<const std::uint8_t> met() const { return {met_.data(), count_}; }

 private:
  std::array<std::uint8_t, 256> given_{};
  std::array<std::uint8_t, 256> met_{};
  std::size_t count_ = 0;
  std::uint8_t next_;
};

class Packer {
 public:
  Packer(const State& state, std::vector<std::uint8_t>& bytes) : state_(state), bytes_(bytes) {}

  void pack() {
    const Disk& disk = state_.disk;
    bytes_.clear();
    put(bits(disk.log_seen, disk.log_device, disk.store_seen, disk.store_device) |
        bits(state_.finished, state_.process.running, state_.process.open, state_.process.ends_in_mark) << 4U);
    put(bits(state_.process.tail_written, state_.process.tail_synced, state_.process.tail_named));
    put(static_cast<unsigned>(disk.log_names) | static_cast<unsigned>(disk.root_names) << 4U);
    put(state_.appends);
    put(state_.faults | static_cast<unsigned>(state_.rots) << 4U);
    put_meta(disk.meta_seen);
    put_meta(disk.meta_device);
    for (const Name& name : disk.segments) {
      put_file(name.seen);
      put_file(name.device);
    }
    put_process();
    // Files and commits that were met by now; a commit adds its file of a seal, which is named or process's own.
    for (std::size_t i = 0; i < files_.met().size(); ++i) put_content(disk.files[files_.met()[i]]);
    put(none);
    put_commits();
  }

 private:
  static unsigned bits(bool a, bool b, bool c, bool d = false) {
    return (a ? 1U : 0U) | (b ? 2U : 0U) | (c ? 4U : 0U) | (d ? 8U : 0U);
  }
  void put(unsigned byte) { bytes_.push_back(static_cast<std::uint8_t>(byte)); }
  void put_store(std::uint8_t store) { put(store == 0 || store == MetaFile::broken ? store : stores_(store)); }
  void put_meta(const MetaFile& meta) {
    put_store(meta.store);
    if (meta.store != 0) put(static_cast<unsigned>(meta.content));
  }
  void put_file(std::uint8_t file) { put(file == none ? none : files_(file)); }
  void put_commit(std::uint8_t commit) { put(commit == none ? none : commits_(commit)); }
  void put_point(const Point& point) { put(point.segment * 32U + point.slot); }

  void put_process() {
    const Process& process = state_.process;
    put_file(process.next_file);
    if (!process.running) return;
    put_store(process.store);
    put_meta(process.next_meta);
    put_point(process.end);
    put_point(process.durable);
    put(process.events);
    put_commit(process.previous);
    put(static_cast<unsigned>(process.plan.size()));
    for (const Step& step : process.plan) {
      put(static_cast<unsigned>(step.call));
      step.call == Call::write_commit ? put_commit(step.a) : put(step.a);
      put(step.b);
      put(step.c);
    }
  }

  void put_content(const SegmentFile& file) {
    put_store(file.store);
    put(file.number);
    put(file.first);
    put(file.size);
    put(file.device_size);
    put_slot(file.header, [&](std::uint8_t value) { put(value); });
    // Runs of zeros are common: only what is not a settled zero is put.
    for (unsigned i = 0; i < slots_max; ++i) {
      const Slot& slot = file.slots[i];
      if (slot.seen == 0 && slot.device == 0) continue;
      put(i);
      put_slot(slot, [&](std::uint8_t value) {
        put(Slot::is_part(value) ? Slot::part_of(commits_(Slot::commit(value)), Slot::part(value)) : value);
      });
    }
    put(none);
  }
  template <class F>
  void put_slot(const Slot& slot, F put_value) {
    put(static_cast<unsigned>(slot.fate));
    put_value(slot.seen);
    if (slot.fate != Fate::settled) put_value(slot.device);
  }

  void put_commits() {
    for (std::uint8_t i = 0; i < state_.commits.size(); ++i) {
      if (state_.commits[i].promised) commits_(i);
    }
    // What is only named by others is told apart from them, and has nothing more to say.
    const std::size_t there = commits_.met().size();
    put(static_cast<unsigned>(there));
    for (std::size_t i = 0; i < there; ++i) {
      const Commit& commit = state_.commits[commits_.met()[i]];
      put(static_cast<unsigned>(commit.type) | bits(commit.promised, commit.guarded, false) << 2U |
          static_cast<unsigned>(commit.length) << 4U | static_cast<unsigned>(commit.events) << 6U);
      put_point(commit.start);
      put(commit.first);
      put_commit(commit.previous);
      if (commit.type == CommitType::seal) put_file(commit.successor);
      put_point(commit.durable_through);
    }
  }

  const State& state_;
  std::vector<std::uint8_t>& bytes_;
  Numbers stores_{1};
  Numbers files_{0};
  Numbers commits_{0};
};

class Unpacker {
 public:
  explicit Unpacker(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  State unpack() {
    Disk& disk = state_.disk;
    const unsigned first = take();
    disk.log_seen = (first & 1U) != 0;
    disk.log_device = (first & 2U) != 0;
    disk.store_seen = (first & 4U) != 0;
    disk.store_device = (first & 8U) != 0;
    Process& process = state_.process;
    state_.finished = (first & 16U) != 0;
    process.running = (first & 32U) != 0;
    process.open = (first & 64U) != 0;
    process.ends_in_mark = (first & 128U) != 0;
    const unsigned tail = take();
    process.tail_written = (tail & 1U) != 0;
    process.tail_synced = (tail & 2U) != 0;
    process.tail_named = (tail & 4U) != 0;
    const unsigned names = take();
    disk.log_names = static_cast<Fate>(names & 15U);
    disk.root_names = static_cast<Fate>(names >> 4U);
    state_.appends = take();
    const unsigned faults = take();
    state_.faults = faults & 15U;
    state_.rots = static_cast<std::uint8_t>(faults >> 4U);
    disk.meta_seen = take_meta();
    disk.meta_device = take_meta();
    for (Name& name : disk.segments) {
      name.seen = take();
      name.device = take();
    }
    take_process();
    for (SegmentFile& file : disk.files) {
      if (bytes_[at_] == none) break;
      take_content(file);
    }
    ++at_;
    take_commits();
    return state_;
  }

 private:
  std::uint8_t take() { return bytes_[at_++]; }
  MetaFile take_meta() {
    MetaFile meta;
    meta.store = take();
    if (meta.store != 0) meta.content = static_cast<Fate>(take());
    return meta;
  }
  Point take_point() {
    const std::uint8_t byte = take();
    return {static_cast<std::uint8_t>(byte / 32), static_cast<std::uint8_t>(byte % 32)};
  }
  void take_process() {
    Process& process = state_.process;
    process.next_file = take();
    if (!process.running) return;
    process.store = take();
    process.next_meta = take_meta();
    process.end = take_point();
    process.durable = take_point();
    process.events = take();
    process.previous = take();
    const std::size_t steps = take();
    for (std::size_t i = 0; i < steps; ++i) {
      Step step;
      step.call = static_cast<Call>(take());
      step.a = take();
      step.b = take();
      step.c = take();
      process.plan.push_back(step);
    }
  }
  void take_content(SegmentFile& file) {
    file.used = true;
    file.store = take();
    file.number = take();
    file.first = take();
    file.size = take();
    file.device_size = take();
    take_slot(file.header);
    for (std::uint8_t slot = take(); slot != none; slot = take()) take_slot(file.slots[slot]);
  }
  void take_slot(Slot& slot) {
    slot.fate = static_cast<Fate>(take());
    slot.seen = take();
    slot.device = slot.fate == Fate::settled ? slot.seen : take();
  }
  void take_commits() {
    const std::size_t there = take();
    std::uint8_t highest = 0;
    for (std::size_t i = 0; i < there; ++i) {
      Commit commit;
      const unsigned first = take();
      commit.type = static_cast<CommitType>(first & 3U);
      commit.promised = (first & 4U) != 0;
      commit.guarded = (first & 8U) != 0;
      commit.length = (first >> 4U) & 3U;
      commit.events = static_cast<std::uint8_t>(first >> 6U);
      commit.start = take_point();
      commit.first = take();
      commit.previous = take();
      if (commit.previous != none) highest = std::max(highest, commit.previous);
      if (commit.type == CommitType::seal) commit.successor = take();
      commit.durable_through = take_point();
      state_.commits.push_back(commit);
    }
    // Those that are only named.
    while (there != 0 && state_.commits.size() <= highest) {
      Commit gone;
      gone.start = {none, 0};
      state_.commits.push_back(gone);
    }
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  State state_;
};

}  // namespace

void pack(const State& state, std::vector<std::uint8_t>& bytes) { Packer(state, bytes).pack(); }

State unpack(std::span<const std::uint8_t> bytes) { return Unpacker(bytes).unpack(); }

std::uint64_t fingerprint(std::span<const std::uint8_t> bytes) {
  std::uint64_t hash = 0x9e3779b97f4a7c15U ^ bytes.size();
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdU;
    hash ^= hash >> 29U;
  };
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    mix(word);
  }
  std::uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  mix(rest);
  mix(hash >> 32U);
  return hash;
}

}  // namespace batpak::model
