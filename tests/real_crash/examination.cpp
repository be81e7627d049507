#include "real_crash/examination.hpp"

#include <iostream>
#include <map>
#include <set>

#include "real_crash/ledger.hpp"

namespace batpak::crash_test {
namespace {

class Examination {
 public:
  Examination(const ExamineOptions& options, const Ledger& ledger) : options_(options), ledger_(ledger) {}

  [[nodiscard]] int run() {
    verify_as_left();
    look_without_recovery();
    recover_and_look();
    verify_recovered();
    return broken_ == 0 ? 0 : 1;
  }

 private:
  void complain(const std::string& what) {
    ++broken_;
    if (broken_ <= 20) std::cerr << "broken: " << what << '\n';
  }

  // Whether somebody was told anything that a store must keep.
  [[nodiscard]] bool owes_anything() const { return !ledger_.durable.empty() || !ledger_.seen.empty(); }

  [[nodiscard]] Result<VerifyReport> verify() const {
    VerifyOptions verify;
    verify.threads = 1;
    if (options_.open.key) verify.key = options_.open.key->public_key();
    return verify_directory(options_.directory, verify);
  }

  // A kill leaves a write or a change of segments that was under way, and nothing that looks like damage.
  void verify_as_left() {
    if (!owes_anything()) return;  // killed before there was a store, perhaps
    const auto report = verify();
    if (!report) return complain("verify: " + to_string(report.error()));
    for (const Finding& finding : report->findings) {
      const bool interrupted = finding.law == Law::unfinished || (finding.law == Law::segment_seal &&
                                                                  finding.message.find("interrupted") != std::string::npos);
      if (!interrupted || ledger_.closed_last) {
        complain("as left: " + std::string(to_string(finding.law)) + ": " + finding.message + " [" + finding.path + " " +
                 std::to_string(finding.offset.value_or(0)) + "]");
      } else {
        std::cerr << "tail: " << finding.message << '\n';
      }
    }
  }

  // The page cache outlives a process, so readers see at once all that was acknowledged; and what they see must stay.
  // Witness: readers_see_only_durable
  void look_without_recovery() {
    auto store = Store::open_read_only(options_.directory);
    if (!store) {
      if (owes_anything()) complain("open_read_only: " + to_string(store.error()));
      return;
    }
    const auto snapshot = store->snapshot();
    if (!snapshot) return complain("snapshot: " + to_string(snapshot.error()));
    shown_.size = snapshot->size();
    Digest digest;
    for (const Result<EventView>& event : snapshot->read({.store_events = StoreEvents::include})) {
      if (!event) return complain("read without recovery: " + to_string(event.error()));
      digest.add(event->event_hash());
    }
    shown_.digest = digest.value();
    if (options_.readers == ExamineOptions::Readers::may_lag) return;
    for (const Ledger::Told& told : ledger_.durable) {
      if (told.receipt.sequence >= shown_.size) return complain("a reader is not shown " + name_of(told.step));
    }
  }

  void recover_and_look() {
    auto store = Store::open(options_.directory, options_.open);
    if (!store) return complain("open: " + to_string(store.error()));
    const OpenReport& report = store->open_report();
    std::cerr << "opened: created " << (report.created ? 1 : 0) << " torn " << report.torn_bytes << " rewritten "
              << report.commits_rewritten << " rotation " << (report.rotation_completed ? 1 : 0) << '\n';
    if (report.created && owes_anything()) complain("the store was made anew");
    // The mark that close() leaves covers all before it, and nothing covers the mark.
    if (ledger_.closed_last && (report.torn_bytes != 0 || report.rotation_completed || report.commits_rewritten > 1)) {
      complain("a store that was closed needed recovery");
    }
    const auto snapshot = store->snapshot();
    if (!snapshot) return complain("snapshot: " + to_string(snapshot.error()));
    look_at_all(*snapshot);
    look_for_acknowledged(*store, *snapshot);
    if (const auto closed = store->close(); !closed) return complain("close: " + to_string(closed.error()));
    std::cout << "seen " << size_ << ' ' << digest_ << '\n';
  }

  void look_at_all(const Snapshot& snapshot) {
    Digest digest;
    std::map<std::uint64_t, std::uint64_t> digests{{0, digest.value()}};  // by size
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> present;
    std::uint32_t missing_of_batch = 0;
    std::uint32_t next_in_batch = 0;
    for (const Result<EventView>& event : snapshot.read({.store_events = StoreEvents::include})) {
      if (!event) return complain("read: " + to_string(event.error()));
      digest.add(event->event_hash());
      digests[event->sequence() + 1] = digest.value();
      if (event->kind().is_system()) continue;
      // Witness: whole_commits_only
      if (event->batch_index() != next_in_batch) complain("a batch is not in order at " + std::to_string(event->sequence()));
      if (next_in_batch == 0) missing_of_batch = event->batch_size();
      --missing_of_batch;
      next_in_batch = missing_of_batch == 0 ? 0 : next_in_batch + 1;
      const auto step = event->as<Step>();
      if (!step) return complain("decoding: " + to_string(step.error()));
      if (*step != make_step(step->name()) || event->entity() != coordinate_of(step->name()).entity()) {
        complain("the content of " + name_of(step->name()) + " changed");
      }
      present[{step->round, step->thread}].push_back(step->number);
    }
    if (missing_of_batch != 0) complain("the log ends within a batch");
    for (const auto& [who, numbers] : present) look_at_thread(who, numbers);
    for (const Ledger::Seen& seen : ledger_.seen) {
      if (!digests.contains(seen.size) || digests[seen.size] != seen.digest) {
        complain("what an earlier recovery showed is not there any more, up to " + std::to_string(seen.size));
      }
    }
    if (!digests.contains(shown_.size) || (shown_.size != 0 && digests[shown_.size] != shown_.digest)) {
      complain("what a reader was shown before recovery is gone");
    }
    size_ = snapshot.size();
    digest_ = digest.value();
  }

  // Witness: prefix_of_attempts
  void look_at_thread(std::pair<std::uint32_t, std::uint32_t> who, const std::vector<std::uint32_t>& numbers) {
    StepName name{.round = who.first, .thread = who.second};
    const auto tried = ledger_.tried.find(who);
    const std::uint32_t tried_count = tried == ledger_.tried.end() ? 0 : tried->second;
    for (const std::uint32_t number : numbers) {
      for (; name.number < number; ++name.number) {
        const auto refused = ledger_.refused.find(name);
        if (refused == ledger_.refused.end()) complain(name_of(name) + " is missing, and a later one is there");
      }
      if (number != name.number) return complain(name_of(name) + " is there twice or out of order");
      if (number >= tried_count) complain(name_of(name) + " was never appended");
      const auto refused = ledger_.refused.find(name);
      if (refused != ledger_.refused.end() && refused->second != "outcome_unknown") {
        complain(name_of(name) + " is there and was refused: " + refused->second);
      }
      ++name.number;
    }
  }

  // Witness: acknowledged_durable_survives
  // Witness: receipt_stays_true
  void look_for_acknowledged(const Store& store, const Snapshot& snapshot) {
    std::size_t left = ledger_.durable.size();
    for (const Ledger::Told& told : ledger_.durable) {
      --left;
      const auto event = snapshot.at(told.receipt.position());
      if (!event) {
        complain(name_of(told.step) + " was acknowledged: " + to_string(event.error()));
        continue;
      }
      const auto step = event->as<Step>();
      if (!step || step->name() != told.step || event->id() != told.receipt.event_id || event->time() != told.receipt.time) {
        complain(name_of(told.step) + " was acknowledged, and another event stands there");
      }
      // Recomputing each receipt every time would take most of the test; the newest, and a share of the older ones.
      if (left > 100 && told.receipt.sequence % 16 != ledger_.seen.size() % 16) continue;
      if (const auto held = store.verify_receipt(told.receipt); !held) {
        complain("the receipt of " + name_of(told.step) + ": " + to_string(held.error()));
      }
    }
  }

  void verify_recovered() {
    const auto report = verify();
    if (!report) return complain("verify after recovery: " + to_string(report.error()));
    for (const Finding& finding : report->findings) {
      complain("after recovery: " + std::string(to_string(finding.law)) + ": " + finding.message + " [" + finding.path +
               "]");
    }
    if (report->events != size_) complain("verify counts " + std::to_string(report->events) + " events");
  }

  static std::string name_of(const StepName& step) {
    return "step " + std::to_string(step.round) + "." + std::to_string(step.thread) + "." + std::to_string(step.number);
  }

  const ExamineOptions& options_;
  const Ledger& ledger_;
  Ledger::Seen shown_;
  std::uint64_t size_ = 0;
  std::uint64_t digest_ = 0;
  int broken_ = 0;
};

}  // namespace

int examine(const ExamineOptions& options) {
  std::string complaint;
  const auto ledger = Ledger::read(options.ledger, complaint);
  if (!ledger) {
    std::cerr << "broken: " << complaint << '\n';
    return 1;
  }
  return Examination(options, *ledger).run();
}

}  // namespace batpak::crash_test
