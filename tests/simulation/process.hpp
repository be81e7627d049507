// The life of the process that owns the store: opening, closing, and every other end.
#pragma once

#include "simulation/damages.hpp"
#include "simulation/reads.hpp"

namespace batpak::test {

class Process {
 public:
  Process(World& world, Reads& reads, Damages& damages) : world_(world), reads_(reads), damages_(damages) {}

  void open() {
    if (!world_.use_key && world_.may_get_key && world_.random.below(4) == 0) world_.use_key = true;
    world_.faults_before = world_.files.count_faults_met();
    auto opened = Store::open(world_.path, world_.open_options());
    world_.trace(outcome(opened));
    if (!opened) {
      require(world_.excused(), "the store does not open: " + to_string(opened.error()));
      if (world_.files.is_stopped()) ++world_.counts.crashed_recoveries;
      if (opened.error().code == ErrorCode::no_space) world_.torn_tail = TornTail::discard;
      return;
    }
    world_.torn_tail = TornTail::quarantine;
    ++world_.counts.recoveries;
    // Where the process was stopped by a call whose failure is no error, nothing can be read any more.
    world_.clear_faults();
    if (world_.files.is_stopped()) return;
    world_.store.emplace(*std::move(opened));
    if (world_.damaged) return end();  // recovery's own write went astray: what is left is looked at without the cache
    const OpenReport& report = world_.store->open_report();
    if (report.key_changed) ++world_.counts.key_changes;
    if (world_.previous_signer) world_.appended = true;  // the change, or the checkpoint that finishes it
    finish_key_change();
    world_.trace(report.events, " events, ", report.commits_rewritten, " commits rewritten, ", report.torn_bytes,
                 " bytes torn", report.rotation_completed ? ", rotation completed" : "");
    // What recovery cuts off, completes and writes again is durable before anything is shown.
    require(!world_.untouched || (report.torn_bytes == 0 && !report.rotation_completed && report.commits_rewritten <= 1),
            "an opening finds work that the one before it had done");
    world_.untouched = world_.housekeeping == OpenOptions::Housekeeping::by_hand;
    const auto now = world_.store->snapshot();
    require(now.has_value(), "a store that was just opened cannot be read: " + outcome(now));
    world_.oracle.settle(*now);
    for (int i = 0; i < 4; ++i) reads_.verify_a_receipt();
    if (world_.random.below(4) == 0 && !world_.excused()) world_.verify_clean("while open");
  }
  // The next opening changes the key.
  void ask_for_another_key() {
    if (!world_.use_key || !world_.created_with_key || world_.previous_signer) return;
    auto next = world_.signer->next();
    if (!next) return;
    world_.previous_signer = std::exchange(world_.signer, std::move(next));
    world_.trace("another key");
  }
  // Whoever holds the key cannot be reached, or can again.
  void lose_or_find_the_signer() {
    world_.signer->reachable = !world_.signer->reachable;
    world_.trace(world_.signer->reachable ? "it signs again" : "it signs no more");
  }
  void close() {
    world_.untouched = false;
    world_.files.clear_calls();
    const auto closed = world_.store->close();
    world_.trace(outcome(closed));
    world_.notice_misdirection();
    const bool whole = closed.has_value();
    require(whole || world_.excused(), "the store does not close: " + outcome(closed));
    if (whole) {
      world_.oracle.promise_all();
    } else {
      world_.poisoned = true;
    }
    world_.store.reset();
    world_.kept.clear();
    world_.poisoned = false;
    if (!whole) {
      world_.cleanly_closed.reset();
      return;
    }
    const auto log = world_.read_log();
    if (!world_.damaged && !world_.files.is_stopped()) {
      if (world_.cleanly_closed)
        require(*world_.cleanly_closed == log || world_.appended, "opening and closing changed the log");
      world_.appended = false;
      world_.cleanly_closed = log;
      if (world_.random.below(3) == 0) world_.verify_clean("after closing");
    }
  }
  // The process ends, by itself or with the machine.
  void end() {
    if (world_.random.below(3) == 0) world_.files.write_back(world_.random.next());
    const bool needs_power_loss = world_.damaged;
    const std::uint64_t kind = needs_power_loss ? 3 + world_.random.below(6) : world_.random.below(9);
    if (kind < 3) {
      ++world_.counts.kills;
      world_.files.kill();
      if (kind > 0) world_.files.fail_write_back();
      if (kind > 1) world_.files.evict();
      world_.trace("killed", kind > 0 ? ", its cache never written" : "", kind > 1 ? " and evicted" : "");
    } else {
      SimCrash crash = SimCrash::from_seed(world_.random.next());
      switch (kind) {
        case 3: crash = SimCrash::losing_everything(); break;
        case 4: crash = SimCrash::keeping_everything(); break;
        case 5:
          crash.sectors = static_cast<SimCrash::Sectors>(world_.random.below(4));
          crash.sizes = static_cast<SimCrash::Order>(world_.random.below(3));
          crash.names = static_cast<SimCrash::Order>(world_.random.below(3));
          break;
        default: break;
      }
      world_.files.crash(crash);
      ++world_.counts.power_losses;
      world_.readers.clear();
      world_.trace("power lost, kind ", kind);
    }
    world_.forget_process();
    if (world_.damaged) damages_.examine("after a misdirected write");
  }
  // While it is open, the directory has an owner.
  void open_second() {
    const auto process = world_.files.start_process();
    OpenOptions options = world_.open_options();
    options.file_system = process.get();
    const auto second = Store::open(world_.path, options);
    require(!second && second.error().code == ErrorCode::locked, "a second process opens the store: " + outcome(second));
  }
  void open_with_wrong_key() {
    world_.files.clear_faults();
    if (world_.damaged || !world_.key_is_declared()) return;
    world_.quiet = true;
    const auto before = world_.read_log();
    OpenOptions options = world_.open_options();
    options.key = world_.random.coin() ? other_key() : nullptr;
    options.previous_key.reset();
    options.signing = SigningPolicy::each_commit;
    const auto opened = Store::open(world_.path, options);
    const ErrorCode expected = options.key ? ErrorCode::wrong_key : ErrorCode::key_required;
    require(!opened && opened.error().code == expected, "a signed store opens without its key: " + outcome(opened));
    require(world_.read_log() == before, "a refused key changed the log");
  }

 private:
  // Where opening stored a checkpoint with both signatures, the key before is not needed any more.
  void finish_key_change() {
    if (!world_.previous_signer || world_.damaged) return;
    const auto keys = world_.store->keys();
    const bool changed = !keys.empty() && keys.back().key == world_.signer->public_key().bytes();
    if (changed && keys.back().covered_by) world_.previous_signer.reset();
  }
  static std::shared_ptr<const SigningKey> other_key() {
    static const auto key = std::make_shared<const SigningKey>(SigningKey::generate().value());
    return key;
  }

  World& world_;
  Reads& reads_;
  Damages& damages_;
};

}  // namespace batpak::test
