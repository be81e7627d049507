#include "model/moves.hpp"

#include <algorithm>

namespace batpak::model {
namespace {

using enum Precaution;
using Kind = Move::Kind;

// One move of one state, under one choice of chance.
class Mover {
 public:
  Mover(State& state, const Bounds& bounds, const Rules& rules, Choices& choices)
      : state_(state), disk_(state.disk), process_(state.process), bounds_(bounds), rules_(rules), choices_(choices) {}

  // Calls are noted there as they are made.
  void note_calls_in(std::vector<Step>& calls) { calls_ = &calls; }

  Violation make(const Move& move) {
    switch (move.kind) {
      case Kind::open: open(); break;
      case Kind::append:
        ++state_.appends;
        plan_append(state_, move.detail, rules_);
        break;
      case Kind::sync: plan_sync(state_, rules_); break;
      case Kind::idle_mark: plan_idle_mark(state_, rules_); break;
      case Kind::rotate: plan_rotation(state_, rules_); break;
      case Kind::close: plan_close(state_, rules_); break;
      case Kind::go_on: go_on(); break;
      case Kind::fail:
        ++state_.faults;
        fail();
        break;
      case Kind::cut_short:
        ++state_.faults;
        cut_short();
        break;
      case Kind::kill:
        ++state_.faults;
        end_process();
        break;
      case Kind::power_loss:
        ++state_.faults;
        process_ = {};
        disk_.lose_power(bounds_.directories, choices_);
        look_as_reader();
        break;
      case Kind::rot:
        ++state_.faults;
        ++state_.rots;
        rot(move.detail, move.sector);
        break;
    }
    drop_files();
    return violation_;
  }

 private:
  void violate(Violation violation) {
    if (violation_ == nullptr) violation_ = violation;
  }

  void open() {
    process_ = {};
    process_.running = true;
    plan_open(state_);
    go_on();
  }

  // Makes the next call that changes the disk, and what goes without saying before and after it.
  void go_on() {
    bool changed = false;
    while (process_.running && !process_.plan.empty() && violation_ == nullptr) {
      const Step step = process_.plan[0];
      if (changed && changes_disk(step)) return;
      changed = changed || changes_disk(step) || step.call == Call::acknowledge;
      process_.plan.erase_front();
      if (calls_ != nullptr && step.call < Call::look) calls_->push_back(step);
      take(step);
    }
  }

  void take(const Step& step) {
    switch (step.call) {
      case Call::make_store_directory: disk_.store_seen = true; break;
      case Call::make_log_directory:
        if (!disk_.log_seen) disk_.root_names = Fate::dirty;
        disk_.log_seen = true;
        break;
      case Call::remove_segment:
        disk_.segments[step.a].seen = none;
        disk_.log_names = Fate::dirty;
        break;
      case Call::create_next: create_next(); break;
      case Call::allocate_next: next().size = step.a; break;
      case Call::write_header:
        next().store = process_.store;
        next().number = step.a;
        next().first = step.b;
        next().header.write(1, choices_);
        break;
      case Call::sync_next: next().sync(Sync::all); break;
      case Call::rename_next: rename_next(step.a); break;
      case Call::sync_log: disk_.sync_log(); break;
      case Call::write_commit: write_commit(step.a, state_.commits[step.a].length); break;
      case Call::write_again:
        for (unsigned slot = step.b; slot < step.c; ++slot) disk_.file_of(step.a).slots[slot].write_again();
        break;
      case Call::sync_data: disk_.file_of(step.a).sync(Sync::data); break;
      case Call::sync_all: disk_.file_of(step.a).sync(Sync::all); break;
      case Call::allocate: {
        SegmentFile& file = disk_.file_of(step.a);
        file.size = std::max(file.size, step.b);
        break;
      }
      case Call::cut: cut(step); break;
      case Call::write_next_meta: process_.next_meta.content = Fate::dirty; break;
      case Call::sync_next_meta: process_.next_meta.content = Fate::settled; break;
      case Call::rename_next_meta:
        disk_.meta_seen = process_.next_meta;
        disk_.root_names = Fate::dirty;
        break;
      case Call::sync_root:
        disk_.sync_root();
        process_.tail_named = process_.tail_written;
        break;
      case Call::sync_parent: disk_.store_device = true; break;
      case Call::write_kept_tail: process_.tail_written = true; break;
      case Call::sync_kept_tail: process_.tail_synced = true; break;
      case Call::look: look(); break;
      case Call::recover: recover(); break;
      case Call::acknowledge: promise({step.a, step.b}); break;
      case Call::opened:
        process_.open = true;
        promise(process_.end);
        guard(process_.end);
        break;
      case Call::guard: guard({step.a, step.b}); break;
      case Call::closed:
        process_ = {};
        look_as_reader();
        break;
      default: break;
    }
  }

  SegmentFile& next() { return disk_.files[process_.next_file]; }

  void create_next() {
    process_.next_file = disk_.make_file();
    for (const Step& step : process_.plan) {
      if (step.call != Call::write_commit) continue;
      Commit& commit = state_.commits[step.a];
      if (commit.type == CommitType::seal && commit.successor == none) commit.successor = process_.next_file;
    }
  }

  void rename_next(std::uint8_t number) {
    Name& name = disk_.segments[number];
    // A file is named after its first sequence: with another one there would now be two of this number.
    for (const std::uint8_t other : {name.seen, name.device}) {
      if (other != none && disk_.files[other].first != next().first) violate("two segments have one number");
    }
    name.seen = process_.next_file;
    disk_.log_names = Fate::dirty;
  }

  void write_commit(std::uint8_t number, unsigned parts) {
    const Commit& commit = state_.commits[number];
    SegmentFile& file = disk_.file_of(commit.start.segment);
    for (unsigned part = 0; part < parts; ++part) {
      file.slots[commit.start.slot + part].write(Slot::part_of(number, part), choices_);
    }
    file.size = std::max<std::uint8_t>(file.size, static_cast<std::uint8_t>(commit.start.slot + parts));
  }

  void cut(const Step& step) {
    const bool kept = process_.tail_written && process_.tail_synced && process_.tail_named;
    if (step.c == 1 && !kept) violate("a tail is cut off while its copy may still be lost");
    disk_.file_of(step.a).resize(step.b, choices_);
    process_.tail_written = process_.tail_synced = process_.tail_named = false;
  }

  void look() {
    if (disk_.meta_seen.store != 0) {
      recover();
    } else if (disk_.count_segments() == 0 ||
               (rules_.keep(create_again_after_crash) && holds_at_most_genesis(state_, rules_))) {
      plan_creation(state_, rules_);
    } else {
      refuse("the store refuses to open: the log has no store.meta");
    }
  }

  void refuse(Violation violation) {
    if (state_.rots == 0) violate(violation);
    end_process();
    state_.finished = true;
  }

  void recover() {
    const Reading reading = read_log(state_, rules_);
    if (reading.refusal != nullptr) {
      refuse(reading.refusal);
      return;
    }
    check(reading);
    plan_recovery(state_, reading, rules_);
  }

  // The laws, where the store says what it holds.
  void check(const Reading& reading) {
    std::uint8_t previous = none;
    for (const std::uint8_t number : reading.commits) {
      const Commit& commit = state_.commits[number];
      if (!is_whole(state_, disk_.file_of(commit.start.segment), number))
        violate("a commit is shown of which a part is lost");
      if (commit.previous != previous) violate("what is there is no prefix of what was attempted");
      previous = number;
    }
    for (std::size_t i = 0; i < state_.commits.size(); ++i) {
      if (!state_.commits[i].promised || std::ranges::count(reading.commits, i) != 0) continue;
      violate(state_.rots == 0 ? "an event that was promised is gone" : "rot of a promised event is taken for a torn tail");
    }
  }

  template <class F>
  void for_each_before(const Point& point, F act) {
    for (std::uint8_t at = process_.previous; at != none; at = state_.commits[at].previous) {
      Commit& commit = state_.commits[at];
      if (commit.type == CommitType::events && commit.end() <= point) act(commit);
    }
  }
  void promise(const Point& point) {
    for_each_before(point, [](Commit& commit) { commit.promised = true; });
    process_.durable = std::max(process_.durable, point);
  }
  void guard(const Point& point) {
    for_each_before(point, [](Commit& commit) { commit.guarded = commit.promised; });
  }

  void end_process() {
    process_ = {};
    disk_.end_process();
    look_as_reader();
  }

  // Readers may look at any time; what they are shown as durable is promised too.
  void look_as_reader() {
    if (disk_.meta_seen.store == 0) return;
    std::vector<std::uint8_t> commits;
    const Point durable = readable_without_owner(state_, rules_, commits);
    for (const std::uint8_t number : commits) {
      Commit& commit = state_.commits[number];
      if (commit.type == CommitType::events && commit.end() <= durable) commit.promised = true;
    }
  }

  void fail() {
    const Step step = process_.plan[0];
    process_.plan.erase_front();
    // A sync that users wait for, and nothing else.
    const bool of_writer = process_.open && step.call == Call::sync_data && process_.plan.size() == 2;
    switch (step.call) {
      case Call::sync_data:
      case Call::sync_all: disk_.file_of(step.a).forget(); break;
      case Call::sync_next: next().forget(); break;
      case Call::sync_next_meta: process_.next_meta.content = Fate::stale; break;
      case Call::sync_log: fail_names(disk_.log_names); break;
      case Call::sync_root: fail_names(disk_.root_names); break;
      default: break;
    }
    if (of_writer && !rules_.keep(sync_once_only)) {
      go_on_after(step);
    } else if (of_writer && !rules_.keep(stop_after_failed_sync)) {
      process_.plan.clear();
    } else {
      end_process();
    }
  }

  void fail_names(Fate& names) const {
    if (names == Fate::dirty && bounds_.directories == Directories::in_order) names = Fate::stale;
  }

  // The mistake: the call is tried again, and this time there is nothing left to fail.
  void go_on_after(const Step& step) {
    take(step);
    go_on();
  }

  void cut_short() {
    const Step step = process_.plan[0];
    write_commit(step.a, 1);
    end_process();
  }

  // What only the sector itself said is lost, and so is all that came later.
  void rot(std::uint8_t file, unsigned sector) {
    for (unsigned i = 0; i < slots_per_sector; ++i) {
      const std::uint8_t value = disk_.files[file].slots[sector * slots_per_sector + i].seen;
      if (!Slot::is_part(value)) continue;
      const Commit& commit = state_.commits[Slot::commit(value)];
      if (commit.type != CommitType::events || commit.guarded) continue;
      for (Commit& other : state_.commits) {
        if (other.start >= commit.start && !other.guarded) other.promised = false;
      }
    }
    disk_.rot(file, sector);
  }

  void drop_files() {
    disk_.drop_nameless(process_.next_file);
    for (Commit& commit : state_.commits) {
      if (commit.successor != none && !disk_.files[commit.successor].used) commit.successor = none;
    }
  }

  State& state_;
  Disk& disk_;
  Process& process_;
  const Bounds& bounds_;
  const Rules& rules_;
  Choices& choices_;
  std::vector<Step>* calls_ = nullptr;
  Violation violation_ = nullptr;
};

bool is_sync(Call call) {
  return call == Call::sync_next || call == Call::sync_log || call == Call::sync_data || call == Call::sync_all ||
         call == Call::sync_next_meta || call == Call::sync_root || call == Call::sync_parent;
}

// The first step that a move of the process makes of the file system.
const Step* next_call(const Process& process) {
  for (const Step& step : process.plan) {
    if (step.call < Call::look) return &step;
  }
  return nullptr;
}

std::vector<Move> moves_of(const State& state, const Bounds& bounds) {
  std::vector<Move> moves;
  if (state.finished) return moves;
  const Process& process = state.process;
  const bool more_faults = state.faults < bounds.faults;
  if (!process.running) {
    moves.push_back({.kind = Kind::open, .detail = 0, .sector = 0, .step = {}});
    if (more_faults) {
      moves.push_back({.kind = Kind::power_loss, .detail = 0, .sector = 0, .step = {}});
      for (std::uint8_t file = 0; file < files_max && state.rots < bounds.rots; ++file) {
        for (unsigned sector = 0; sector < slots_max / slots_per_sector; ++sector) {
          const auto* slot = &state.disk.files[file].slots[sector * slots_per_sector];
          if (!state.disk.files[file].used || (slot[0].seen == 0 && slot[1].seen == 0)) continue;
          moves.push_back({.kind = Kind::rot, .detail = file, .sector = static_cast<std::uint8_t>(sector), .step = {}});
        }
      }
    }
    return moves;
  }
  const auto request = [&](Kind kind, unsigned detail = 0) {
    moves.push_back({.kind = kind, .detail = static_cast<std::uint8_t>(detail), .sector = 0, .step = {}});
  };
  if (!process.plan.empty()) {
    const Step step = process.plan[0];
    moves.push_back({.kind = Kind::go_on, .detail = 0, .sector = 0, .step = step});
    if (more_faults && is_sync(step.call)) moves.push_back({.kind = Kind::fail, .detail = 0, .sector = 0, .step = step});
    if (more_faults && step.call == Call::write_commit && state.commits[step.a].length > 1) {
      moves.push_back({.kind = Kind::cut_short, .detail = 0, .sector = 0, .step = step});
    }
  } else if (process.open) {
    if (state.appends < bounds.appends) {
      for (unsigned slots = 1; slots <= commit_slots_max; ++slots) {
        if (may_append(state, slots)) request(Kind::append, slots);
      }
    }
    if (may_sync(state)) request(Kind::sync);
    if (may_mark(state)) request(Kind::idle_mark);
    if (may_rotate(state, bounds.segments)) request(Kind::rotate);
    request(Kind::close);
  }
  if (more_faults) {
    request(Kind::kill);
    request(Kind::power_loss);
  }
  return moves;
}

}  // namespace

bool changes_disk(const Step& step) {
  switch (step.call) {
    case Call::make_store_directory:
    case Call::make_log_directory:
    case Call::remove_segment:
    case Call::allocate_next:
    case Call::write_header:
    case Call::sync_next:
    case Call::rename_next:
    case Call::sync_log:
    case Call::write_commit:
    case Call::write_again:
    case Call::sync_data:
    case Call::sync_all:
    case Call::allocate:
    case Call::cut:
    case Call::write_next_meta:
    case Call::sync_next_meta:
    case Call::rename_next_meta:
    case Call::sync_root:
    case Call::sync_parent: return true;
    default: return false;
  }
}

void for_each_move(const State& state, const Bounds& bounds, const Rules& rules, const Visit& visit) {
  for (Move move : moves_of(state, bounds)) {
    if (const Step* const step = next_call(state.process)) move.step = *step;
    Choices choices;
    do {
      State after = state;
      const Violation violation = Mover(after, bounds, rules, choices).make(move);
      visit(move, std::move(after), violation);
    } while (choices.next());
  }
}

std::vector<Step> carry_out(State& state, const Move& move, std::optional<Call> until) {
  std::vector<Step> calls;
  Choices choices;
  const Rules rules;
  const Bounds bounds;
  Mover mover(state, bounds, rules, choices);
  mover.note_calls_in(calls);
  mover.make(move);
  while (!state.process.plan.empty() && (!until || state.process.plan[0].call != *until)) {
    mover.make({.kind = Kind::go_on, .detail = 0, .sector = 0, .step = {}});
  }
  return calls;
}

}  // namespace batpak::model
