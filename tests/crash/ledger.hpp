// What was asked of a store and what it promised, kept outside of it: what a store must still hold after a crash.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "batpak/batpak.hpp"

namespace batpak::test {

struct Note {
  static constexpr EventType event_type{.category = 0xF, .type_id = 1, .version = 1};
  std::string text;
};

struct Entry {
  std::string entity;
  std::string text;
};

// Keeps attempts in the order in which they were made. After a crash the log must hold the first few of them, in whole
// groups: at least all that were promised, none that were refused, and nothing else.
class Ledger {
 public:
  // A single event or a batch.
  struct Group {
    std::vector<Entry> entries;
    std::vector<Receipt> receipts;  // none where there was no answer, or an unknown outcome
    std::vector<Position> found;    // where the events were when a store was opened
    bool promised = false;          // to survive any crash
  };

  void attempt(std::vector<Entry> entries) { groups_.push_back({std::move(entries), {}, {}, false}); }
  // The answers to the last attempt.
  void refused() { groups_.pop_back(); }
  void accepted(std::vector<Receipt> receipts, Durability durability) {
    groups_.back().receipts = std::move(receipts);
    if (durability == Durability::durable) promise_all();
  }
  // The last group was taken away on purpose.
  void forget_last() { groups_.pop_back(); }
  void promise_all() {
    for (Group& group : groups_) group.promised = true;
  }
  // The store says that this many events from the start of its log are durable.
  void promise_up_to(std::uint64_t durable) {
    for (Group& group : groups_) {
      const bool below = !group.receipts.empty() && group.receipts.back().sequence < durable;
      group.promised = group.promised || below;
    }
  }

  [[nodiscard]] const std::vector<Group>& groups() const noexcept { return groups_; }
  [[nodiscard]] std::size_t events() const {
    std::size_t sum = 0;
    for (const Group& group : groups_) sum += group.entries.size();
    return sum;
  }

  // Compares with what a store that was just opened shows. What it shows is promised from then on; what is not there any more
  // is forgotten.
  [[nodiscard]] testing::AssertionResult settle(const Store& store) {
    auto checked = compare(store);
    if (checked) promise_all();
    return checked;
  }

  // Whether everything promised can still be read, with nothing that was never attempted.
  [[nodiscard]] testing::AssertionResult is_shown_by(const Store& store) const {
    Ledger copy = *this;
    return copy.compare(store);
  }

 private:
  [[nodiscard]] testing::AssertionResult compare(const Store& store) {
    auto events = store.read();
    if (!events) return testing::AssertionFailure() << to_string(events.error());
    std::size_t group = 0;
    std::size_t entry = 0;
    for (const Result<EventView>& event : *events) {
      if (!event) return testing::AssertionFailure() << to_string(event.error());
      if (group == groups_.size()) {
        return testing::AssertionFailure() << "event " << event->sequence() << " was never asked for";
      }
      Group& expected = groups_[group];
      if (entry == 0 && expected.found.empty()) expected.found.resize(expected.entries.size());
      if (auto same = is_same(expected, entry, *event); !same) return same;
      if (!expected.receipts.empty()) {
        const auto verified = store.verify_receipt(expected.receipts[entry]);
        if (!verified) return testing::AssertionFailure() << to_string(verified.error());
      }
      if (++entry == expected.entries.size()) {
        ++group;
        entry = 0;
      }
    }
    if (entry != 0) return testing::AssertionFailure() << "only " << entry << " events of a batch are there";
    for (std::size_t lost = group; lost < groups_.size(); ++lost) {
      if (groups_[lost].promised) {
        return testing::AssertionFailure()
               << "of " << groups_.size() << " groups the one numbered " << lost
               << " was acknowledged as durable and is lost: " << groups_[lost].entries[0].text.substr(0, 20);
      }
    }
    groups_.resize(group);
    return testing::AssertionSuccess();
  }

  static testing::AssertionResult is_same(Group& group, std::size_t index, const EventView& event) {
    const Entry& entry = group.entries[index];
    const auto note = event.as<Note>();
    if (!note) return testing::AssertionFailure() << to_string(note.error());
    if (event.entity() != entry.entity || note->text != entry.text) {
      return testing::AssertionFailure() << "event " << event.sequence() << " is " << event.entity() << ": "
                                         << note->text.substr(0, 20) << ", not " << entry.entity << ": "
                                         << entry.text.substr(0, 20);
    }
    Position& found = group.found[index];
    if (found == Position{}) found = event.position();
    bool same = found == event.position() && event.compute_content_hash() == event.content_hash();
    if (!group.receipts.empty()) {
      const Receipt& receipt = group.receipts[index];
      same = same && receipt.position() == event.position() && receipt.event_id == event.id() &&
             receipt.content_hash == event.content_hash() && receipt.previous_hash == event.previous_hash() &&
             receipt.stream_version == event.stream_version() && receipt.time == event.time();
    }
    if (!same) return testing::AssertionFailure() << "event " << event.sequence() << " is not the one of its receipt";
    return testing::AssertionSuccess();
  }

  std::vector<Group> groups_;
};

}  // namespace batpak::test
