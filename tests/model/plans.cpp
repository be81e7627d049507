#include "model/plans.hpp"

namespace batpak::model {
namespace {

using enum Precaution;

// Adds steps, each of them only while its precaution is kept.
class Planner {
 public:
  Planner(State& state, const Rules& rules) : state_(state), rules_(rules), plan_(state.process.plan) {}

  Planner& call(Call call, unsigned a = 0, unsigned b = 0, unsigned c = 0) {
    plan_.push_back({call, static_cast<std::uint8_t>(a), static_cast<std::uint8_t>(b), static_cast<std::uint8_t>(c)});
    return *this;
  }
  Planner& call_if(Precaution precaution, Call name, unsigned a = 0, unsigned b = 0, unsigned c = 0) {
    return rules_.keep(precaution) ? call(name, a, b, c) : *this;
  }
  Planner& acknowledge() { return call(Call::acknowledge, memory().end.segment, memory().end.slot); }
  Planner& publish() { return call(Call::write_live).acknowledge(); }

  [[nodiscard]] Process& memory() { return state_.process; }

  // A commit behind the end of the log, in the writer's memory and in the plan.
  std::uint8_t add_commit(CommitType type, unsigned slot, unsigned slots, std::uint8_t successor = none) {
    Commit commit;
    commit.type = type;
    commit.start = {memory().end.segment, static_cast<std::uint8_t>(slot)};
    commit.length = static_cast<std::uint8_t>(slots);
    commit.first = memory().events;
    commit.events = type == CommitType::events ? 1 : 0;
    commit.previous = memory().previous;
    commit.successor = successor;
    commit.durable_through = memory().durable;
    if (!rules_.keep(claim_only_what_is_durable)) commit.durable_through = memory().end;
    if (!rules_.keep(remember_durable_through)) commit.durable_through = {};
    const std::uint8_t number = state_.add(commit);
    memory().end = commit.end();
    memory().events = static_cast<std::uint8_t>(memory().events + commit.events);
    memory().previous = number;
    memory().ends_in_mark = type == CommitType::idle_mark;
    return number;
  }

  // Syncs the segment that is written to, then tells.
  void sync() {
    const std::uint8_t segment = memory().end.segment;
    if (!rules_.keep(sync_before_acknowledging)) {
      acknowledge().call(Call::sync_data, segment);
    } else if (!rules_.keep(sync_before_publishing)) {
      publish().call(Call::sync_data, segment);
    } else {
      call(Call::sync_data, segment).publish();
    }
  }

  void idle_mark() {
    const unsigned slot = rules_.keep(mark_in_its_own_sector) ? next_sector(memory().end.slot) : memory().end.slot;
    // What was synced before is all durable by the time the mark is written.
    memory().durable = memory().end;
    const std::uint8_t mark = add_commit(CommitType::idle_mark, slot, 1);
    call(Call::write_commit, mark).call(Call::sync_data, memory().end.segment).publish();
  }

  void successor_under_its_name(unsigned number, unsigned slots) {
    call(Call::remove_next).call(Call::create_next).call(Call::allocate_next, slots);
    call(Call::write_header, number, memory().events).call_if(sync_successors_header, Call::sync_next);
    call(Call::rename_next, number);
    call_if(number == 0 ? sync_first_segments_name : sync_successors_name, Call::sync_log);
  }

  // The successor's file gets its number when it is created; the seal's place for it is filled in then.
  void seal(std::uint8_t successor, bool trims = true) {
    const std::uint8_t segment = memory().end.segment;
    const unsigned slot = memory().end.slot;
    const std::uint8_t seal = add_commit(CommitType::seal, slot, 1, successor);
    if (trims && rules_.keep(trim_sealed_segment)) call(Call::cut, segment, slot + 1);
    call(Call::write_commit, seal);
    if (rules_.keep(sync_seal_before_successor)) {
      call(rules_.keep(sync_trimmed_segment) ? Call::sync_all : Call::sync_data, segment);
    }
  }

  void meta_under_its_name() {
    call(Call::remove_next_meta).call(Call::create_next_meta).call(Call::write_next_meta);
    call_if(sync_meta_before_name, Call::sync_next_meta);
    call(Call::rename_next_meta).call_if(sync_metas_name, Call::sync_root);
  }

  void cut_tail(std::uint8_t segment, unsigned slot) {
    if (!rules_.keep(cut_the_tail)) return;
    if (rules_.keep(keep_the_tail)) {
      call(Call::make_quarantine).call(Call::create_kept_tail).call(Call::write_kept_tail);
      call_if(sync_the_kept_tail, Call::sync_kept_tail);
      call_if(sync_the_kept_tails_name, Call::sync_quarantine).call_if(sync_the_kept_tails_name, Call::sync_root);
    }
    call(Call::cut, segment, slot, 1).call_if(sync_the_cut, Call::sync_all, segment);
  }

  void enter_successor(std::uint8_t number) { memory().end = {number, 0}; }

 private:
  State& state_;
  const Rules& rules_;
  Plan& plan_;
};

}  // namespace

void plan_open(State& state) {
  static const Rules all;
  Planner plan(state, all);
  if (!state.disk.store_seen) plan.call(Call::make_store_directory);
  plan.call(Call::lock).call(Call::look);
}

void plan_creation(State& state, const Rules& rules) {
  Process& memory = state.process;
  memory.store = 1;
  for (const SegmentFile& file : state.disk.files) {
    if (file.used && file.store >= memory.store) memory.store = static_cast<std::uint8_t>(file.store + 1);
  }
  for (const MetaFile& meta : {state.disk.meta_seen, state.disk.meta_device}) {
    if (meta.store != MetaFile::broken && meta.store >= memory.store) {
      memory.store = static_cast<std::uint8_t>(meta.store + 1);
    }
  }
  memory.next_meta = {.store = memory.store, .content = Fate::settled};
  Planner plan(state, rules);
  plan.call(Call::make_log_directory).call_if(sync_logs_name, Call::sync_root);
  for (unsigned number = 0; number < segments_max; ++number) {
    if (state.disk.segments[number].seen != none) plan.call(Call::remove_segment, number);
  }
  const auto make_meta = [&] {
    plan.meta_under_its_name();
    plan.call_if(sync_own_name, Call::sync_parent);
  };
  if (!rules.keep(meta_after_log)) make_meta();
  plan.successor_under_its_name(0, slots_per_sector);
  plan.call(Call::write_commit, plan.add_commit(CommitType::events, 0, 1));
  plan.call_if(sync_genesis_before_meta, Call::sync_data, 0);
  if (rules.keep(meta_after_log)) make_meta();
  plan.call(Call::recover);
}

void plan_recovery(State& state, const Reading& reading, const Rules& rules) {
  Process& memory = state.process;
  memory.store = state.disk.meta_seen.store;
  memory.end = reading.end;
  memory.durable = reading.end;
  memory.events = reading.events;
  memory.previous = reading.previous;
  memory.ends_in_mark = state.commits[reading.previous].type == CommitType::idle_mark;
  const std::uint8_t segment = reading.tail_segment;
  bool repaired = false;
  Planner plan(state, rules);
  if (reading.durable_through == Point{}) {
    if (rules.keep(write_meta_again)) {
      memory.next_meta = {.store = memory.store, .content = Fate::settled};
      plan.meta_under_its_name();
    }
    plan.call_if(sync_log_again, Call::sync_log).call_if(sync_own_name_again, Call::sync_parent);
  }
  const CommitType last = state.commits[reading.previous].type;
  const bool writes_again = (last != CommitType::idle_mark || rules.keep(write_marks_again)) &&
                            (last != CommitType::seal || rules.keep(write_seals_again));
  if (reading.rewrite_from < reading.end.slot && writes_again) {
    if (rules.keep(write_recovered_again)) plan.call(Call::write_again, segment, reading.rewrite_from, reading.end.slot);
    if (rules.keep(sync_recovered)) {
      plan.call(rules.keep(sync_sizes_of_recovered) ? Call::sync_all : Call::sync_data, segment);
    }
    repaired = true;
  }
  if (reading.torn) {
    plan.cut_tail(segment, reading.end.slot);
    repaired = true;
  }
  const auto successor = static_cast<std::uint8_t>(segment + 1);
  if (reading.rotation_interrupted) {
    std::uint8_t file = state.disk.segments[successor].seen;
    if (rules.keep(make_successor_anew)) {
      plan.successor_under_its_name(successor, state.disk.files[file].size);
      file = none;
    } else {
      plan.call(Call::sync_log);
    }
    plan.seal(file);
    plan.enter_successor(successor);
    repaired = true;
  } else if (reading.blank_successor) {
    if (state.disk.file_of(segment).size > reading.end.slot && rules.keep(trim_again_after_crash)) {
      plan.call(Call::cut, segment, reading.end.slot).call(Call::sync_all, segment);
      repaired = true;
    }
    plan.enter_successor(successor);
    if (reading.blank_torn && rules.keep(cut_again_in_successor)) {
      plan.cut_tail(successor, 0);
      repaired = true;
    } else {
      plan.call_if(sync_blank_successor, Call::sync_all, successor);
    }
  }
  plan.call(Call::remove_next_meta).call(Call::remove_next);
  memory.durable = memory.end;
  plan.call(Call::allocate, memory.end.segment, segment_slots).call(Call::create_live).publish();
  const bool marks = repaired && !memory.ends_in_mark && rules.keep(idle_mark_after_recovery);
  if (marks) plan.idle_mark();
  plan.call(Call::opened);
}

// A commit goes into a segment only if an idle mark and a seal still fit behind it.
bool may_append(const State& state, unsigned slots) {
  return next_sector(state.process.end.slot + slots) + 2 <= segment_slots;
}
bool may_sync(const State& state) { return state.process.durable < state.process.end; }
bool may_mark(const State& state) {
  return !may_sync(state) && !state.process.ends_in_mark && next_sector(state.process.end.slot) + 2 <= segment_slots;
}
bool may_rotate(const State& state, unsigned segments) {
  return state.process.end.slot > 0 && state.process.end.segment + 1U < segments &&
         state.process.end.slot + 1U <= segment_slots;
}

void plan_append(State& state, unsigned slots, const Rules& rules) {
  Planner plan(state, rules);
  plan.call(Call::write_commit, plan.add_commit(CommitType::events, state.process.end.slot, slots));
}

void plan_sync(State& state, const Rules& rules) { Planner(state, rules).sync(); }

void plan_idle_mark(State& state, const Rules& rules) {
  Planner plan(state, rules);
  if (rules.keep(idle_mark_when_idle)) plan.idle_mark();
  plan.call(Call::guard, state.process.end.segment, state.process.end.slot);
}

void plan_rotation(State& state, const Rules& rules) {
  Planner plan(state, rules);
  Process& memory = state.process;
  if (may_sync(state) && rules.keep(sync_before_rotating)) {
    plan.sync();
    memory.durable = memory.end;
  }
  const auto successor = static_cast<std::uint8_t>(memory.end.segment + 1);
  if (rules.keep(successor_before_seal)) {
    plan.successor_under_its_name(successor, segment_slots);
    plan.seal(none);
  } else {
    // The seal names a file that is only then made.
    plan.call(Call::remove_next).call(Call::create_next).call(Call::allocate_next, segment_slots);
    plan.call(Call::write_header, successor, memory.events).call(Call::sync_next);
    plan.seal(none);
    plan.call(Call::rename_next, successor).call(Call::sync_log);
  }
  plan.publish();
  plan.enter_successor(successor);
}

void plan_close(State& state, const Rules& rules) {
  Planner plan(state, rules);
  Process& memory = state.process;
  if (may_sync(state)) plan.sync();
  if (!memory.ends_in_mark && rules.keep(idle_mark_at_close)) plan.idle_mark();
  plan.call(Call::remove_next);
  if (state.disk.file_of(memory.end.segment).size > memory.end.slot) {
    plan.call(Call::cut, memory.end.segment, memory.end.slot).call(Call::sync_all, memory.end.segment);
  }
  plan.call(Call::guard, memory.end.segment, memory.end.slot).call(Call::closed);
}

}  // namespace batpak::model
