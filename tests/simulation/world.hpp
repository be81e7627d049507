// The machine of a simulated life, the store on it, and what is known of both.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "crash/machine.hpp"
#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"
#include "simulation/counts.hpp"
#include "simulation/oracle.hpp"
#include "simulation/reader.hpp"
#include "simulation/sim_signer.hpp"

namespace batpak::test {

inline void require(bool holds, const std::string& otherwise) { Oracle::require(holds, otherwise); }

template <class T>
std::string outcome(const Result<T>& result) {
  return result ? "ok" : to_string(result.error());
}

// What everything else of a simulation works on; its parts are in files of their own. Threads: one at a time.
struct World {
  World(std::uint64_t seed, std::ostream* trace) : trace_to(trace), life(mixed(seed, 0)), entropy(seed) {
    segment_bytes = (64ULL + 16 * life.below(4)) << 10;
    keys.in_use = life.below(5) < 2;
    may_get_key = life.below(5) == 0;
    signing = life.coin() ? SigningPolicy::each_commit : SigningPolicy::each_event;
    fault_percent = std::array<std::uint64_t, 4>{0, 4, 12, 30}[life.below(4)];
    crash_weight = std::array<std::uint64_t, 3>{2, 6, 12}[life.below(3)];
    large_percent = std::array<std::uint64_t, 3>{1, 5, 15}[life.below(3)];
    watch_one_in = std::array<std::uint64_t, 3>{8, 40, 1'000}[life.below(3)];
    may_damage = life.below(3) == 0;
    has_bursts = life.below(8) == 0;
    if (has_bursts) segment_bytes = 1ULL << 20;
    can_revoke = life.coin();
    if (life.coin()) {
      witness = life.coin() ? WitnessFile::Persist::soon : WitnessFile::Persist::before_acknowledgement;
      witness_lag = std::array{1, 20, 1'000}[life.below(3)] * std::chrono::milliseconds(1);
      files.write_file("safe/other", base::as_bytes("a device of its own")).value();
    }
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() = default;

  // Another number for each pair.
  static std::uint64_t mixed(std::uint64_t seed, std::uint64_t with) {
    platform::SimRandom random(seed * 0x9E3779B97F4A7C15ULL + with);
    static_cast<void>(random.next());
    return random.next();
  }

  template <class... Parts>
  void trace(const Parts&... parts) {
    if (trace_to == nullptr) return;
    *trace_to << step << ' ' << (who ? who() : doing) << ": ";
    (*trace_to << ... << parts) << '\n';
  }
  [[nodiscard]] bool percent(std::uint64_t chance) { return random.below(100) < chance; }
  [[nodiscard]] bool known_exists() const { return !oracle.known().empty(); }
  // Whether something was done to the store since it was opened that excuses errors.
  [[nodiscard]] bool excused() const { return files.count_faults_met() > faults_before || damaged; }
  // The value, or nothing where an error is excused.
  template <class T>
  std::optional<T> got(Result<T> result, const char* what) {
    if (result) return std::optional<T>(*std::move(result));
    require(excused(), std::string(what) + " fails: " + to_string(result.error()));
    return std::nullopt;
  }

  [[nodiscard]] OpenOptions open_options() {
    OpenOptions options;
    if (keys.in_use) {
      options.key = keys.signer;
      options.signing = signing;
      options.previous_key = keys.previous;
      options.revocation = keys.revocation;
      if (can_revoke) options.recovery_key_hash = recovery_key_hash(SimSigner::recovery_key().public_key());
    }
    if (witness) {
      using WhenMissing = WitnessFile::WhenMissing;
      options.witness_file = WitnessFile{.path = witness_path(),
                                         .persist = *witness,
                                         .lag_max = witness_lag,
                                         .when_missing = witness_exists ? WhenMissing::refuse : WhenMissing::create};
    }
    options.segment_bytes = segment_bytes;
    options.torn_tail = torn_tail;
    options.file_system = &files;
    options.clock = &clock;
    options.entropy = &entropy;
    options.queue_bytes_max = queue_bytes_max;
    options.sync_interval = sync_interval;
    options.idle_mark_after = idle_mark_after;
    options.housekeeping = housekeeping;
    return options;
  }
  [[nodiscard]] bool key_is_declared() const {
    return std::ranges::any_of(oracle.known(), [](const Known& known) { return known.kind == EventKind(0, 3); }) ||
           (known_exists() && keys.declared);
  }

  [[nodiscard]] std::string witness_path() const { return "safe/" + path; }
  // What the witness file holds, as far as anybody reads it now.
  [[nodiscard]] std::optional<WitnessRecord> remembered() const {
    const auto bytes = files.read_file(witness_path());
    if (!bytes) return std::nullopt;
    auto record = parse_witness_record(base::as_text(*bytes));
    require(record.has_value(), "the witness file cannot be read: " + outcome(record));
    return *std::move(record);
  }
  // Nothing is remembered before it is durable, and a strict witness knows what a program knows.
  void check_witness() {
    if (!witness || damaged || given_up) return;
    const auto record = remembered();
    require(record.has_value() || !witness_exists, "the witness file is gone");
    if (record) oracle.believe(record->note.checkpoint);
    if (!witness_exists || *witness == WitnessFile::Persist::soon) return;
    require(record->note.checkpoint.size >= oracle.acknowledged(),
            "a strict witness remembers " + std::to_string(record->note.checkpoint.size) + " events, and " +
                std::to_string(oracle.acknowledged()) + " were acknowledged");
  }

  // The store of a process that is no more.
  void forget_process() {
    store.reset();
    kept.clear();
    files.clear_faults();
    poisoned = false;
    cleanly_closed.reset();
    misdirected.reset();
  }

  VerifyReport verify() {
    ++counts.verifications;
    const auto process = files.start_process();
    VerifyOptions options;
    // Any key of the store's will do.
    if (keys.in_use) options.key = (keys.previous ? keys.previous : keys.signer)->public_key();
    options.threads = 1;
    options.file_system = process.get();
    auto report = verify_directory(path, options);
    // The first key of a store that began without one is declared with the first event; until then no key speaks for the log.
    if (report && options.key && report->keys.empty()) {
      options.key.reset();
      report = verify_directory(path, options);
    }
    // Nor does one that has not signed yet, as after a change that was interrupted; then one that has signed is asked.
    for (std::size_t i = 0; report && options.key && report->checkpoints_verified == 0 && i < report->keys.size(); ++i) {
      options.key = PublicKey::from_bytes(report->keys[i].key).value();
      auto other = verify_directory(path, options);
      // Where none has, one of which nothing is found speaks as well as the next.
      if (!other || other->checkpoints_verified > 0 || !report->clean()) report = std::move(other);
    }
    require(report.has_value() || damaged, "verify does not run: " + outcome(report));
    if (report) return *std::move(report);
    VerifyReport broken;
    broken.findings.push_back({.law = Law::store_meta, .message = to_string(report.error()), .path = {}});
    return broken;
  }
  void verify_clean(const char* when) {
    const VerifyReport report = verify();
    require(report.clean(), std::string("verify finds, ") + when + ": " + describe(report.findings));
  }

  using Segments = std::map<std::string, Bytes>;
  [[nodiscard]] Segments read_log() const {
    Segments found;
    for (const std::string& name : files.list_files()) {
      if (name.starts_with(path + "/log/") && name.ends_with(".seg")) found[name] = files.read_file(name).value();
    }
    return found;
  }

  void check_frontier() {
    const Frontier frontier = store->frontier();
    require(frontier.accepted >= frontier.written && frontier.written >= frontier.durable, "the frontier is out of order");
    require(frontier.visible <= frontier.accepted, "more is visible than was accepted");
    oracle.promise_up_to(frontier.durable);
    require(frontier.witnessed <= frontier.durable, "more is witnessed than is durable");
    check_witness();
  }

  // From the moment of the write on, whatever lets go of the cache shows the damage.
  void notice_misdirection() {
    if (!misdirected || files.count_faults_met() == *misdirected || damaged) return;
    damaged = true;
    untouched = false;
    oracle.declarations = Oracle::Declarations::may_be_lost;
    ++counts.damages;
    trace("a write was misdirected");
  }
  void clear_faults() {
    notice_misdirection();
    files.clear_faults();
    if (!damaged) misdirected.reset();
  }

  std::ostream* trace_to;
  std::function<std::string()> who;  // what a line of the trace begins with, instead of what is being done
  platform::SimRandom life;
  platform::SimRandom random{0};        // of the step
  platform::SimRandom watch_random{0};  // of what happens between two calls
  SimulationCounts counts;
  std::uint64_t step = 0;
  std::string doing = "begin";
  bool ended = false;

  // What kind of life it is.
  std::uint64_t segment_bytes = 0;
  bool may_get_key = false;
  bool can_revoke = false;  // its recovery key is in somebody's safe
  struct Keys {
    bool in_use = false;
    bool declared = false;
    std::shared_ptr<SimSigner> signer = std::make_shared<SimSigner>(0);
    // While the change to it may not be finished:
    std::shared_ptr<SimSigner> previous;
    std::optional<KeyRevocation> revocation;
  };
  Keys keys;
  std::optional<WitnessFile::Persist> witness;
  std::chrono::microseconds witness_lag{};
  SigningPolicy signing = SigningPolicy::each_commit;
  std::uint64_t fault_percent = 0;
  std::uint64_t crash_weight = 0;
  std::uint64_t large_percent = 0;
  std::uint64_t watch_one_in = 0;
  bool may_damage = false;
  bool has_bursts = false;
  std::uint64_t queue_bytes_max = OpenOptions().queue_bytes_max;
  std::chrono::microseconds sync_interval = OpenOptions().sync_interval;
  std::chrono::microseconds idle_mark_after = OpenOptions().idle_mark_after;
  OpenOptions::Housekeeping housekeeping = OpenOptions::Housekeeping::by_hand;

  platform::SimFs files;
  platform::SimClock clock;
  platform::SeededEntropy entropy;
  Oracle oracle;
  std::string path = "store";
  std::string origin;            // of the store, when it was open last
  bool witness_exists = false;   // an opening has answered that made it
  bool witness_is_used = false;  // by the store that is open
  // What the witness file remembers, where the store was put back and the log does not go on from it.
  std::optional<WitnessRecord> given_up;
  std::uint64_t put_back_size = 0;    // what both have in common
  bool restore_may_be_known = false;  // somebody who accepts that has tried to open it
  bool accepts_restores = false;      // whoever opens it now
  TornTail torn_tail = TornTail::quarantine;
  std::optional<Store> store;
  struct Kept {
    Snapshot snapshot;
    std::uint64_t size;
  };
  std::vector<Kept> kept;
  std::vector<Reader> readers;
  bool poisoned = false;
  bool damaged = false;
  bool untouched = false;                    // since it was opened, nobody asked for a write
  bool appended = false;                     // since the log was last compared
  std::uint64_t faults_before = 0;           // when the store was opened
  std::optional<std::uint64_t> misdirected;  // a misdirected write is waiting since so many faults
  std::optional<Segments> cleanly_closed;    // the log as the last close left it
  std::optional<std::string> watch_failure;
  bool quiet = false;  // nothing happens between two calls
};

}  // namespace batpak::test
