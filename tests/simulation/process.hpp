// The life of the process that owns the store: opening, closing, and every other end.
#pragma once

#include "simulation/damages.hpp"
#include "simulation/reads.hpp"
#include "simulation/witnesses.hpp"

namespace batpak::test {

class Process {
 public:
  Process(World& world, Reads& reads, Damages& damages, Witnesses& witnesses)
      : world_(world), reads_(reads), damages_(damages), witnesses_(witnesses) {}

  void open() {
    if (!world_.keys.in_use && world_.may_get_key && world_.random.below(4) == 0) world_.keys.in_use = true;
    world_.faults_before = world_.files.count_faults_met();
    // What opening itself writes may be cut short.
    if (world_.keys.previous || world_.keys.revocation || world_.given_up) world_.untouched = false;
    const OpenOptions options = witnesses_.choose_options();
    auto opened = Store::open(world_.path, options);
    world_.trace(outcome(opened));
    if (!opened) {
      if (!world_.damaged && witnesses_.was_noticed(options, opened.error())) return;
      require(world_.excused(), "the store does not open: " + to_string(opened.error()));
      if (world_.files.is_stopped()) ++world_.counts.crashed_recoveries;
      if (opened.error().code == ErrorCode::no_space) world_.torn_tail = TornTail::discard;
      return;
    }
    world_.torn_tail = TornTail::quarantine;
    ++world_.counts.recoveries;
    // Where the process was stopped by a call whose failure is no error, nothing can be read any more.
    world_.clear_faults();
    if (world_.files.is_stopped()) {
      world_.restore_may_be_known = true;
      return;
    }
    world_.store.emplace(*std::move(opened));
    if (world_.damaged) return end();  // recovery's own write went astray: what is left is looked at without the cache
    const OpenReport& report = world_.store->open_report();
    world_.origin = world_.store->origin();
    witnesses_.was_opened(options, *world_.store);
    if (report.key_changed) ++world_.counts.key_changes;
    if (report.key_changed && world_.keys.revocation) ++world_.counts.revocations;
    // The change, or the checkpoint that finishes it.
    if (world_.keys.previous || world_.keys.revocation) world_.appended = true;
    look_at_keys();
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
    if (!world_.keys.in_use || !world_.keys.declared || world_.keys.previous || world_.keys.revocation) return;
    auto next = world_.keys.signer->next();
    if (!next) return;
    world_.keys.previous = std::exchange(world_.keys.signer, std::move(next));
    world_.trace("another key");
  }
  // The next opening puts another key in force by the word of the recovery key: all that the one before it signed from some
  // place on does not count.
  void revoke_the_key() {
    if (!world_.can_revoke || !world_.keys.declared || world_.keys.previous || world_.keys.revocation) return;
    auto next = world_.keys.signer->next();
    if (!next) return;
    const std::uint64_t from = world_.random.below(world_.oracle.known().size() + 1);
    world_.keys.revocation =
        make_revocation(SimSigner::recovery_key(), world_.origin, world_.keys.signer->public_key(), from, next->public_key())
            .value();
    world_.keys.signer = std::move(next);
    world_.trace("from ", from);
  }
  // Whoever holds the key cannot be reached, or can again.
  void lose_or_find_the_signer() {
    world_.keys.signer->reachable = !world_.keys.signer->reachable;
    world_.appended = true;  // what was left unsigned is signed in the log by the next opening or closing
    world_.trace(world_.keys.signer->reachable ? "it signs again" : "it signs no more");
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
      if (world_.witness_is_used) require_all_witnessed();
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
    if (world_.store) world_.oracle.ended();
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
      crash_the_machine(crash);
      ++world_.counts.power_losses;
      world_.readers.clear();
      world_.trace("power lost, kind ", kind);
    }
    world_.forget_process();
    if (world_.damaged) damages_.examine("after a misdirected write");
  }
  // The witness file is on another device, which keeps and loses what is its own.
  void crash_the_machine(const SimCrash& crash) {
    if (!world_.witness || world_.random.coin()) return world_.files.crash(crash);
    const auto other = world_.files.copy();
    other->crash(SimCrash::from_seed(world_.random.next()));
    world_.files.crash(crash);
    const auto left = other->read_file(world_.witness_path());
    if (left) return world_.files.write_file(world_.witness_path(), *left).value();
    static_cast<void>(world_.files.remove_file(world_.witness_path()));
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
    options.revocation.reset();
    options.recovery_key_hash.reset();
    options.signing = SigningPolicy::each_commit;
    const auto opened = Store::open(world_.path, options);
    const ErrorCode expected = options.key ? ErrorCode::wrong_key : ErrorCode::key_required;
    require(!opened && opened.error().code == expected, "a signed store opens without its key: " + outcome(opened));
    require(world_.read_log() == before, "a refused key changed the log");
  }

 private:
  // Where opening stored a checkpoint with all the signatures that a change needs, it is finished.
  void look_at_keys() {
    const auto keys = world_.store->keys();
    world_.keys.declared = !keys.empty();
    if (keys.empty() || world_.damaged) return;
    require(keys.back().key == world_.keys.signer->public_key().bytes(), "another key is in force than was asked for");
    if (const auto& revocation = world_.keys.revocation) {
      const auto revoked = std::ranges::find(keys, revocation->revoked.bytes(), &KeySpan::key);
      require(revoked != keys.end() && revoked->revoked_from == revocation->from, "a key was revoked and counts on");
      require(keys.back().origin == KeyOrigin::revocation, "a key was revoked, and its successor is none");
    }
    if (!keys.back().covered_by) return;
    world_.keys.previous.reset();
    world_.keys.revocation.reset();
    follow_keys(keys);
  }
  // Who knows the first key comes to know the others, unless that one was revoked before it had signed anything.
  void follow_keys(const std::vector<KeySpan>& keys) {
    if (keys.size() < 2 || world_.random.below(4) != 0) return;
    const auto text = world_.got(world_.store->key_chain(), "a chain of keys");
    if (!text) return;
    const auto named = [&](const KeySpan& span) {
      return VerifierKey::make(world_.origin, PublicKey::from_bytes(span.key).value()).value();
    };
    auto chain = verify_key_chain(named(keys.front()), *text);
    if (!chain && chain.error().fault == ReceiptFault::wrong_key && keys.front().revoked_from) {
      chain = verify_key_chain(named(keys.back()), *text);
    }
    require(chain.has_value(), chain ? "" : "a chain of keys does not verify: " + chain.error().message);
    require(chain->spans == keys, "a chain leads to other keys than the log has");
  }
  void require_all_witnessed() {
    const auto record = world_.remembered();
    require(world_.damaged || (record && record->note.checkpoint.size >= world_.oracle.accepted_size()),
            "a store is closed, and its witness does not remember all of it");
  }
  static std::shared_ptr<const SigningKey> other_key() {
    static const auto key = std::make_shared<const SigningKey>(SigningKey::generate().value());
    return key;
  }

  World& world_;
  Reads& reads_;
  Damages& damages_;
  Witnesses& witnesses_;
};

}  // namespace batpak::test
