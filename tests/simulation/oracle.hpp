// What was asked of a store and what it answered, kept outside of it: the judge of what a store shows afterwards.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/bytes.hpp"
#include "batpak/batpak.hpp"
#include "proof/merkle.hpp"
#include "simulation/attempt.hpp"

namespace batpak::test {

// How strictly a log is judged.
struct Judgement {
  // Bytes were damaged on purpose: events may be errors, and the log may end here or later. Without it the log may not end
  // before anything that was promised.
  std::optional<std::uint64_t> whole_until;
};

// Throws Violation. Threads: one at a time.
class Oracle {
 public:
  // Before the call.
  std::shared_ptr<Attempt> attempt(std::vector<Wanted> events, Durability durability) {
    auto made = std::make_shared<Attempt>();
    made->events = std::move(events);
    made->durability = durability;
    made->begun = ++now_;
    for (std::size_t i = 0; i < made->events.size(); ++i) {
      by_payload_[text_of(made->events[i].payload)] = {made, i};
    }
    pending_.push_back(made);
    return made;
  }
  // After it.
  void refused(Attempt& attempt) {
    attempt.answer = Attempt::Answer::refused;
    attempt.ended = ++now_;
  }
  void unknown(Attempt& attempt) { attempt.ended = ++now_; }
  void accepted(const std::shared_ptr<Attempt>& attempt, std::vector<Receipt> receipts) {
    require(receipts.size() == attempt->events.size(), "a receipt for each event");
    attempt->answer = Attempt::Answer::accepted;
    attempt->ended = ++now_;
    attempt->receipts = std::move(receipts);
    for (std::size_t i = 0; i < attempt->receipts.size(); ++i) {
      const Receipt& receipt = attempt->receipts[i];
      const auto at = "receipt of sequence " + std::to_string(receipt.sequence);
      require(receipt.sequence >= known_.size(), at + ": the sequence is taken");
      require(accepted_.emplace(receipt.sequence, Place{attempt, i}).second, at + ": the sequence was given before");
      std::vector<std::uint64_t>& stream = streams_[attempt->events[i].entity];
      stream.insert(std::ranges::upper_bound(stream, receipt.sequence), receipt.sequence);
      accepted_size_ = std::max(accepted_size_, receipt.sequence + 1);
      if (receipt.durability == Durability::durable) acknowledge_up_to(receipt.sequence + 1);
      if (receipt.checkpoint) believe(receipt.checkpoint->checkpoint);
    }
  }

  // An event of the store's own that somebody asked for.
  void declared(const Receipt& receipt) {
    accepted_size_ = std::max(accepted_size_, receipt.sequence + 1);
    acknowledge_up_to(receipt.sequence + 1);
    if (receipt.checkpoint) believe(receipt.checkpoint->checkpoint);
  }

  // The process ended that gave the receipts. What is promised from now on, until a store opens, may be of events that an opening
  // put where others were lost, and then failed.
  void ended() { promised_at_end_ = durable_; }
  // The store says that so much of the log is durable.
  void promise_up_to(std::uint64_t size) { durable_ = std::max(durable_, size); }
  // The same, as the answer to a program that waited for it.
  void acknowledge_up_to(std::uint64_t size) {
    acknowledged_ = std::max(acknowledged_, size);
    promise_up_to(size);
  }
  // Everything that was accepted so far is durable.
  void promise_all() { promise_up_to(accepted_size_); }
  // What is signed, or called durable, must stay.
  void believe(const Checkpoint& checkpoint) {
    promise_up_to(checkpoint.size);
    const auto [at, fresh] = checkpoints_.emplace(checkpoint.size, checkpoint.root);
    require(fresh || at->second == checkpoint.root, "two roots for the size " + std::to_string(checkpoint.size));
  }
  // A reader was shown this as durable.
  void shown(const EventView& event) {
    const std::uint64_t sequence = event.sequence();
    promise_up_to(sequence + 1);
    if (sequence < known_.size()) return;
    const auto [at, fresh] = shown_.emplace(sequence, event.event_hash());
    require(fresh || at->second == event.event_hash(), "readers were shown two events " + std::to_string(sequence));
  }

  // After damage.
  enum class Declarations : std::uint8_t { are_there, may_be_lost } declarations = Declarations::are_there;

  [[nodiscard]] std::uint64_t durable() const { return durable_; }
  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_; }
  [[nodiscard]] const std::vector<Known>& known() const { return known_; }
  // Sequences of all accepted events of each entity, in order.
  [[nodiscard]] const std::map<std::string, std::vector<std::uint64_t>>& streams() const { return streams_; }
  [[nodiscard]] std::uint64_t accepted_size() const { return accepted_size_; }
  struct Place {
    std::shared_ptr<const Attempt> attempt;
    std::size_t index = 0;
  };
  // What stands at a sequence, where somebody asked for it and knows.
  [[nodiscard]] std::optional<Place> place(std::uint64_t sequence) const {
    if (sequence < known_.size()) {
      if (!known_[sequence].attempt) return std::nullopt;
      return Place{known_[sequence].attempt, known_[sequence].index};
    }
    const auto found = accepted_.find(sequence);
    if (found == accepted_.end()) return std::nullopt;
    return found->second;
  }
  [[nodiscard]] std::optional<Receipt> receipt(std::uint64_t sequence) const {
    if (sequence < known_.size()) return known_[sequence].receipt;
    const auto found = accepted_.find(sequence);
    if (found == accepted_.end()) return std::nullopt;
    return found->second.attempt->receipts[found->second.index];
  }

  // Whether an event read from the live store is the one that belongs there.
  void check(const EventView& event, std::uint64_t sequence) const {
    require(event.sequence() == sequence,
            "event " + std::to_string(sequence) + " calls itself " + std::to_string(event.sequence()));
    // Copies: reading an event may let other threads go on, and one of them may settle.
    if (sequence < known_.size()) {
      const Known known = known_[sequence];
      return check_known(event, known);
    }
    const auto found = accepted_.find(sequence);
    if (found != accepted_.end() && !is_put_by_opening(sequence, event.kind(), event.event_hash(), durable_)) {
      const Place place = found->second;
      check_wanted(event, place);
      return check_receipt(event, place.attempt->receipts[place.index]);
    }
    if (event.kind().is_system()) return;
    const Place asked = asked_for(event);
    require(asked.attempt->answer != Attempt::Answer::refused, "a refused event is shown");
    require(asked.attempt->answer != Attempt::Answer::gone, "an event that was gone is shown again");
    check_wanted(event, asked);
  }
  // Whether the event may be shown to readers before it is durable: only those asked to be buffered.
  [[nodiscard]] bool may_be_undurable(const EventView& event) const {
    return event.kind().is_system() || asked_for(event).attempt->durability == Durability::buffered;
  }

  // Compares with what a store shows that was just opened, and learns from it.
  void settle(const Snapshot& now, const Judgement& judgement = {}) {
    learn(compare(now, judgement));
    promised_at_end_.reset();
  }

  // What a store shows, if it may.
  [[nodiscard]] std::vector<Known> compare(const Snapshot& now, const Judgement& judgement = {}) const {
    const std::uint64_t size = now.size();
    const std::uint64_t least = judgement.whole_until ? std::min(*judgement.whole_until, durable_) : durable_;
    require(size >= least,
            "the log ends at " + std::to_string(size) + ", and " + std::to_string(least) + " events were promised to stay");
    std::vector<Known> found;
    found.reserve(size);
    Batch batch;
    std::uint64_t latest_begun = 0;
    const Known* before = nullptr;
    for (const Result<EventView>& event : now.read({.from = {}, .store_events = StoreEvents::include})) {
      const std::uint64_t sequence = found.size();
      const std::string at = "event " + std::to_string(sequence) + ": ";
      if (!event) {
        require(judgement.whole_until.has_value(), at + to_string(event.error()));
        Known lost = sequence < known_.size() ? known_[sequence] : Known{};
        lost.lost = true;
        found.push_back(std::move(lost));
        batch = {};
        continue;
      }
      require(event->sequence() == sequence, at + "calls itself " + std::to_string(event->sequence()));
      Known known = read(*event);
      if (sequence < known_.size()) {
        check_known(*event, known_[sequence]);
        known.attempt = known_[sequence].attempt;
        known.index = known_[sequence].index;
        known.receipt = known_[sequence].receipt;
      } else {
        check_new(*event, known, batch, latest_begun, judgement);
      }
      if (before != nullptr) {
        require(known.time > before->time, at + "its time does not rise");
        require(known.id > before->id, at + "its id does not rise");
      }
      found.push_back(std::move(known));
      before = &found.back();
    }
    require(found.size() == size,
            "a snapshot of " + std::to_string(size) + " events showed " + std::to_string(found.size()));
    require(batch.attempt == nullptr || judgement.whole_until, "the log ends within a batch");
    for (const auto& attempt : pending_) {
      if (attempt->answer != Attempt::Answer::accepted) continue;
      for (std::size_t i = 0; i < attempt->receipts.size(); ++i) {
        const std::uint64_t sequence = attempt->receipts[i].sequence;
        if (sequence >= size || found[sequence].lost) continue;
        if (is_put_by_opening(sequence, found[sequence].kind, found[sequence].event_hash, least)) continue;
        require(found[sequence].attempt == attempt && found[sequence].index == i,
                "another event stands at sequence " + std::to_string(sequence) + ", for which there is a receipt");
      }
    }
    for (const auto& [sequence, hash] : shown_) {
      if (sequence >= size || found[sequence].lost) continue;
      if (judgement.whole_until && is_put_by_opening(sequence, found[sequence].kind, hash, least)) continue;
      require(found[sequence].event_hash == hash,
              "a reader was shown another event " + std::to_string(sequence) + " as durable");
    }
    check_checkpoints(found);
    return found;
  }

  // A salvaged copy: the same events with other neighbours. `source` are those that its source showed; `missing` of them may
  // have been lost on the way.
  void settle_copy(const Snapshot& now, const std::vector<Known>& source, std::uint64_t missing) {
    auto found = compare_copy(now, source, missing);
    durable_ = 0;
    learn(std::move(found));
    acknowledged_ = 0;
  }
  [[nodiscard]] std::vector<Known> compare_copy(const Snapshot& now, const std::vector<Known>& source,
                                                std::uint64_t missing) const {
    std::vector<Known> found;
    auto expected = source.begin();
    const auto is_next = [&](const Known& known) { return known.id == expected->id; };
    const auto skip_own = [&] {
      while (expected != source.end() && (expected->lost || !expected->attempt)) ++expected;
    };
    for (const Result<EventView>& event : now.read({.from = {}, .store_events = StoreEvents::include})) {
      const std::string at = "salvaged event " + std::to_string(found.size()) + ": ";
      require(event.has_value(), at + (event ? "" : to_string(event.error())));
      Known known = read(*event);
      if (!event->kind().is_system()) {
        for (skip_own(); expected != source.end() && !is_next(known) && missing > 0; skip_own()) {
          ++expected;
          --missing;
        }
        require(expected != source.end(), at + "there is more than the source had");
        require(known.id == expected->id && known.time == expected->time && known.content_hash == expected->content_hash &&
                    known.wall_microseconds == expected->wall_microseconds,
                at + "it is not the next one of the source: " + to_string(known.id) + " " + to_string(known.time) +
                    ", not " + to_string(expected->id) + " " + to_string(expected->time));
        check_wanted(*event, {expected->attempt, expected->index}, BatchPlace::ignored);
        known.attempt = expected->attempt;
        known.index = expected->index;
        ++expected;
      }
      if (!found.empty()) {
        require(known.time > found.back().time, at + "its time does not rise");
        require(known.id > found.back().id, at + "its id does not rise");
      }
      found.push_back(std::move(known));
    }
    for (skip_own(); expected != source.end() && missing > 0; skip_own()) {
      ++expected;
      --missing;
    }
    require(expected == source.end(), "an event that the source shows was not salvaged");
    return found;
  }

  static void require(bool holds, const std::string& otherwise) {
    if (!holds) throw Violation(otherwise);
  }

 private:
  enum class BatchPlace : std::uint8_t { compared, ignored };
  // A batch of which only the first part was met so far.
  struct Batch {
    std::shared_ptr<const Attempt> attempt;
    std::size_t next = 0;
  };

  // Opening puts a key, a change of keys, or a restore, where events were lost behind those that had to stay.
  [[nodiscard]] bool is_put_by_opening(std::uint64_t sequence, EventKind kind, const Hash& event_hash,
                                       std::uint64_t least) const {
    const bool is_of_keys = kind == EventKind(0, 3) || kind == EventKind(0, 6) || kind == EventKind(0, 7);
    if (!is_of_keys && kind != EventKind(0, 8)) return false;
    const auto shown = shown_.find(sequence);
    return sequence >= std::min(least, promised_at_end_.value_or(least)) ||
           (shown != shown_.end() && shown->second == event_hash);
  }
  static std::string text_of(ByteView bytes) { return std::string(base::as_text(bytes)); }

  static Known read(const EventView& event) {
    Known known;
    known.id = event.id();
    known.kind = event.kind();
    known.time = event.time();
    known.wall_microseconds = event.wall_microseconds();
    known.stream_version = event.stream_version();
    known.event_hash = event.event_hash();
    known.previous_hash = event.previous_hash();
    known.content_hash = event.content_hash();
    return known;
  }

  void check_new(const EventView& event, Known& known, Batch& batch, std::uint64_t& latest_begun,
                 const Judgement& judgement) const {
    if (event.kind().is_system()) return;  // also between the events of a batch
    const std::string at = "event " + std::to_string(event.sequence()) + ": ";
    const Place asked = asked_for(event);
    require(asked.attempt->answer != Attempt::Answer::refused, at + "it was refused");
    require(asked.attempt->answer != Attempt::Answer::gone, at + "it was gone after an earlier crash, and is back");
    check_wanted(event, asked);
    if (asked.attempt->answer == Attempt::Answer::accepted) check_receipt(event, asked.attempt->receipts[asked.index]);
    if (batch.attempt) {
      require(asked.attempt == batch.attempt && asked.index == batch.next, at + "a batch is not whole or not in order");
    } else {
      require(asked.index == 0 || judgement.whole_until, at + "a batch has lost its first events");
      require(latest_begun <= asked.attempt->ended, at + "it stands behind one that was asked for after its answer");
      latest_begun = std::max(latest_begun, asked.attempt->begun);
    }
    batch = {asked.attempt, asked.index + 1};
    if (batch.next == asked.attempt->events.size()) batch = {};
    known.attempt = asked.attempt;
    known.index = asked.index;
    if (!asked.attempt->receipts.empty()) known.receipt = asked.attempt->receipts[asked.index];
  }

  [[nodiscard]] Place asked_for(const EventView& event) const {
    const auto found = by_payload_.find(text_of(event.payload()));
    require(found != by_payload_.end(), "event " + std::to_string(event.sequence()) + " was never asked for");
    return found->second;
  }

  void check_wanted(const EventView& event, const Place& place, BatchPlace batch = BatchPlace::compared) const {
    const Wanted& wanted = place.attempt->events[place.index];
    const auto differs = [&](bool same, const char* what) {
      require(same, "event " + std::to_string(event.sequence()) + " has another " + what + " than was asked for");
    };
    differs(event.entity() == wanted.entity, "entity");
    differs(event.scope() == wanted.scope, "scope");
    // What is declared is lost with its declaration; salvage then gives it a name that says so.
    const bool nameless = event.kind_name().empty() || event.kind_name().starts_with("batpak.lost.");
    differs(event.kind_name() == wanted.kind_name || (declarations == Declarations::may_be_lost && nameless), "kind");
    differs(std::ranges::equal(event.payload(), wanted.payload), "payload");
    differs(event.correlation() == wanted.correlation, "correlation");
    differs(event.causation() == wanted.causation, "causation");
    differs(event.lane() == 0, "lane");
    differs(event.compute_content_hash() == event.content_hash(), "content hash");
    const auto metadata = event.metadata();
    differs(metadata.has_value() && *metadata == wanted.metadata, "metadata");
    if (batch == BatchPlace::ignored) return;
    differs(event.batch_index() == place.index && event.batch_size() == place.attempt->events.size(), "place in its batch");
  }

  static void check_receipt(const EventView& event, const Receipt& receipt) {
    require(receipt.position() == event.position() && receipt.event_id == event.id() && receipt.kind == event.kind() &&
                receipt.stream_version == event.stream_version() && receipt.time == event.time() &&
                receipt.wall_microseconds == event.wall_microseconds() && receipt.previous_hash == event.previous_hash() &&
                receipt.content_hash == event.content_hash() &&
                receipt.event_signature.has_value() == !event.signature().empty() &&
                (!receipt.event_signature || std::ranges::equal(event.signature().subspan(4), *receipt.event_signature)),
            "event " + std::to_string(event.sequence()) + " is not the one of its receipt");
  }

  static void check_known(const EventView& event, const Known& known) {
    if (known.lost) return;
    require(event.event_hash() == known.event_hash && event.id() == known.id && event.kind() == known.kind &&
                event.time() == known.time && event.wall_microseconds() == known.wall_microseconds &&
                event.stream_version() == known.stream_version && event.previous_hash() == known.previous_hash &&
                event.content_hash() == known.content_hash && event.compute_content_hash() == known.content_hash,
            "event " + std::to_string(event.sequence()) + " is not what it was");
    if (known.receipt) check_receipt(event, *known.receipt);
  }

  void check_checkpoints(const std::vector<Known>& found) const {
    if (checkpoints_.empty()) return;
    proof::RightEdge tree;
    auto next = checkpoints_.begin();
    for (std::uint64_t size = 0;; ++size) {
      for (; next != checkpoints_.end() && next->first == size; ++next) {
        require(tree.root() == next->second,
                "the log does not have the root of a checkpoint of size " + std::to_string(size));
      }
      if (next == checkpoints_.end() || size == found.size() || found[size].lost) return;
      tree.append(proof::leaf_hash(found[size].event_hash));
    }
  }

  void learn(std::vector<Known> found) {
    std::set<const Attempt*> kept;
    for (const Known& known : found) kept.insert(known.attempt.get());
    for (const auto& attempt : pending_) {
      if (!kept.contains(attempt.get()) && attempt->answer != Attempt::Answer::refused)
        attempt->answer = Attempt::Answer::gone;
    }
    pending_.clear();
    accepted_.clear();
    shown_.clear();
    checkpoints_.clear();
    streams_.clear();
    known_ = std::move(found);
    for (std::uint64_t sequence = 0; sequence < known_.size(); ++sequence) {
      const Known& known = known_[sequence];
      if (known.attempt) streams_[known.attempt->events[known.index].entity].push_back(sequence);
    }
    durable_ = accepted_size_ = known_.size();
    acknowledged_ = std::min(acknowledged_, durable_);  // damage may have taken the rest
  }

  std::uint64_t now_ = 0;
  std::uint64_t durable_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::optional<std::uint64_t> promised_at_end_;  // of a process that had the store open
  std::uint64_t accepted_size_ = 0;
  std::vector<Known> known_;
  std::vector<std::shared_ptr<Attempt>> pending_;  // since the last settling
  std::map<std::uint64_t, Place> accepted_;        // of them, by sequence
  std::map<std::uint64_t, Hash> shown_;
  std::map<std::uint64_t, Hash> checkpoints_;
  std::map<std::string, std::vector<std::uint64_t>> streams_;
  std::unordered_map<std::string, Place> by_payload_;
};

}  // namespace batpak::test
