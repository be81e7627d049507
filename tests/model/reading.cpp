#include "model/reading.hpp"

#include <algorithm>

namespace batpak::model {
namespace {

// What a commit must agree with to follow the one before it.
struct Link {
  Point end;
  std::uint8_t events = 0;
  std::uint8_t previous = none;
  Point durable_through;
  std::vector<Point> boundaries{Point{}};

  [[nodiscard]] bool is_followed_by(const Commit& commit) const {
    return commit.first == events && commit.previous == previous && commit.durable_through >= durable_through &&
           std::ranges::count(boundaries, commit.durable_through) != 0;
  }
  void advance(const Commit& commit, std::uint8_t number) {
    end = commit.end();
    events = static_cast<std::uint8_t>(commit.first + commit.events);
    previous = number;
    durable_through = commit.durable_through;
    boundaries.push_back(end);
  }
  void enter_segment(std::uint8_t segment) {
    end = {segment, 0};
    boundaries.push_back(end);
  }
};

bool is_zero(const SegmentFile& file, unsigned from, unsigned to) {
  return std::all_of(file.slots.begin() + from, file.slots.begin() + to, [](const Slot& slot) { return slot.seen == 0; });
}

// The commit whose header stands at the slot, or none.
std::uint8_t header_at(const State& state, const SegmentFile& file, unsigned slot) {
  if (slot >= file.size || !Slot::is_part(file.slots[slot].seen) || Slot::part(file.slots[slot].seen) != 0) return none;
  const std::uint8_t number = Slot::commit(file.slots[slot].seen);
  return state.commits[number].start.slot == slot ? number : none;
}

std::uint8_t commit_at(const State& state, const SegmentFile& file, unsigned slot, const Rules& rules) {
  const std::uint8_t number = header_at(state, file, slot);
  if (number == none || (rules.keep(Precaution::check_commit_crc) && !is_whole(state, file, number))) return none;
  return number;
}

std::uint8_t next_commit(const State& state, const SegmentFile& file, unsigned slot, const Rules& rules) {
  const std::uint8_t here = commit_at(state, file, slot, rules);
  const bool aligned = slot % slots_per_sector == 0;
  if (here != none &&
      (state.commits[here].type != CommitType::idle_mark || aligned || !rules.keep(Precaution::mark_in_its_own_sector))) {
    return here;
  }
  const unsigned sector = next_sector(slot);
  if (aligned || sector >= file.size || !is_zero(file, slot, sector)) return none;
  const std::uint8_t mark = commit_at(state, file, sector, rules);
  return mark != none && state.commits[mark].type == CommitType::idle_mark ? mark : none;
}

// An intact commit header at or behind `point` that says bytes behind it were durable.
bool has_later_proof(const State& state, const SegmentFile& file, const Point& point, const Rules& rules) {
  if (!rules.keep(Precaution::refuse_damage)) return false;
  for (unsigned slot = point.slot; slot < file.size; ++slot) {
    const std::uint8_t number = header_at(state, file, slot);
    if (number != none && state.commits[number].durable_through > point) return true;
  }
  return false;
}

bool names(const Commit& seal, const Disk& disk, unsigned successor) {
  return seal.successor == disk.segments[successor].seen && seal.first == disk.file_of(successor).first;
}

void walk(const State& state, const SegmentFile& file, Link& link, const Rules& rules, std::vector<std::uint8_t>& commits) {
  while (true) {
    const std::uint8_t number = next_commit(state, file, link.end.slot, rules);
    if (number == none || !link.is_followed_by(state.commits[number])) return;
    link.advance(state.commits[number], number);
    commits.push_back(number);
    if (state.commits[number].type == CommitType::seal) return;
  }
}

}  // namespace

bool is_whole(const State& state, const SegmentFile& file, std::uint8_t commit) {
  const Commit& expected = state.commits[commit];
  for (unsigned part = 0; part < expected.length; ++part) {
    const unsigned slot = expected.start.slot + part;
    if (slot >= file.size || file.slots[slot].seen != Slot::part_of(commit, part)) return false;
  }
  return true;
}

bool holds_at_most_genesis(const State& state, const Rules& rules) {
  const Disk& disk = state.disk;
  if (disk.count_segments() != 1 || disk.segments[0].seen == none) return false;
  const SegmentFile& file = disk.file_of(0);
  if (file.header.seen == 0) return is_zero(file, 0, slots_max);
  const std::uint8_t genesis = commit_at(state, file, 0, rules);
  if (genesis == none) return true;
  return is_zero(file, state.commits[genesis].end().slot, slots_max);
}

Reading read_log(const State& state, const Rules& rules) {
  const Disk& disk = state.disk;
  Reading reading;
  const auto refuse = [&](const char* why) {
    reading.refusal = why;
    return reading;
  };
  if (disk.meta_seen.store == MetaFile::broken) return refuse("store.meta is broken");
  const unsigned count = disk.count_segments();
  if (count == 0) return refuse("the store has no log");
  for (unsigned number = 0; number < count; ++number) {
    if (disk.segments[number].seen == none) return refuse("a segment is missing");
    const SegmentFile& file = disk.file_of(number);
    if (file.header.seen == 0) return refuse("a segment has no header");
    if (file.store != disk.meta_seen.store) return refuse("a segment belongs to another store");
  }

  // The tail lies in the last segment, or, while that holds no whole commit, in the one before it.
  const unsigned last = count - 1;
  unsigned tail = last;
  const SegmentFile& last_file = disk.file_of(last);
  if (last > 0 && rules.keep(Precaution::look_behind_blank_successor) && next_commit(state, last_file, 0, rules) == none) {
    reading.blank_torn = !is_zero(last_file, 0, last_file.size);
    if (has_later_proof(state, last_file, {static_cast<std::uint8_t>(last), 0}, rules)) {
      return refuse("the last segment's first commit is broken, and a later one says that it was durable");
    }
    tail = last - 1;
  }

  Link link;
  for (unsigned number = 0; number < tail; ++number) {
    const SegmentFile& file = disk.file_of(number);
    walk(state, file, link, rules, reading.commits);
    const Commit* const seal = reading.commits.empty() ? nullptr : &state.commits[reading.commits.back()];
    if (seal == nullptr || seal->type != CommitType::seal || seal->end().slot != file.size) {
      return refuse("an older segment does not end in a seal");
    }
    if (!names(*seal, disk, number + 1)) return refuse("a seal does not name the segment that follows");
    link.enter_segment(static_cast<std::uint8_t>(number + 1));
  }
  const SegmentFile& file = disk.file_of(tail);
  if (file.first != link.events) return refuse("a segment does not begin where the one before it ends");
  const std::size_t before = reading.commits.size();
  walk(state, file, link, rules, reading.commits);

  reading.tail_segment = static_cast<std::uint8_t>(tail);
  reading.end = link.end;
  reading.events = link.events;
  reading.previous = link.previous;
  reading.durable_through = link.durable_through;
  reading.torn = link.end.slot < file.size && !is_zero(file, link.end.slot, file.size);
  if (reading.torn && has_later_proof(state, file, link.end, rules)) {
    return refuse("a commit is broken, and a later one says that it was durable");
  }
  const bool any = reading.commits.size() > before;
  if (!any && tail == 0) return refuse("the log has no genesis event");
  reading.rewrite_from = link.durable_through.segment == tail ? link.durable_through.slot : std::uint8_t{0};

  const bool sealed = any && state.commits[reading.commits.back()].type == CommitType::seal;
  if (tail == last) return sealed ? refuse("the log ends in a seal whose next segment is missing") : reading;
  if (last_file.first > link.events) return refuse("the log ends before the next segment begins");
  if (sealed) {
    if (!names(state.commits[reading.commits.back()], disk, last)) return refuse("the seal does not name what follows");
    reading.blank_successor = true;
    return reading;
  }
  if (last_file.first != link.events || reading.blank_torn) {
    return refuse("a segment was written to before the one before it ended");
  }
  if (!rules.keep(Precaution::complete_rotation)) return refuse("there is a segment that nothing names");
  reading.rotation_interrupted = true;
  return reading;
}

Point readable_without_owner(const State& state, const Rules& rules, std::vector<std::uint8_t>& commits) {
  const Disk& disk = state.disk;
  const unsigned count = disk.count_segments();
  Link link;
  for (unsigned number = 0; number < count; ++number) {
    if (disk.segments[number].seen == none || disk.file_of(number).header.seen == 0) break;
    if (number > 0) link.enter_segment(static_cast<std::uint8_t>(number));
    walk(state, disk.file_of(number), link, rules, commits);
    if (commits.empty() || state.commits[commits.back()].type != CommitType::seal) break;
  }
  if (!rules.keep(Precaution::readers_believe_durable_through)) return link.end;
  Point durable;
  for (unsigned number = count; number-- > 0;) {
    if (disk.segments[number].seen == none) continue;
    const SegmentFile& file = disk.file_of(number);
    bool any = false;
    for (unsigned slot = 0; slot < file.size; ++slot) {
      const std::uint8_t commit = commit_at(state, file, slot, rules);
      if (commit == none) continue;
      any = true;
      durable = std::max(durable, state.commits[commit].durable_through);
    }
    if (any) break;
  }
  return durable;
}

}  // namespace batpak::model
