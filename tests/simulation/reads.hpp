// What a program reads of its own store, compared with what it appended.
#pragma once

#include <array>

#include "simulation/payloads.hpp"
#include "simulation/world.hpp"

namespace batpak::test {

class Reads {
 public:
  explicit Reads(World& world) : world_(world) {}

  void read() {
    switch (world_.random.below(7)) {
      case 0: return read_one();
      case 1: return read_range();
      case 2: return read_stream();
      case 3: return read_ancestors();
      case 4: return read_head();
      case 5: return read_projection();
      default: return verify_a_receipt();
    }
  }
  void read_one() {
    const auto receipt = some_receipt();
    if (!receipt) return;
    if (const auto event = world_.got(world_.store->get(receipt->event_id), "get"))
      world_.oracle.check(*event, receipt->sequence);
    if (const auto event = world_.got(world_.store->at(receipt->sequence), "at"))
      world_.oracle.check(*event, receipt->sequence);
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now) return;
    if (const auto event = world_.got(now->at(receipt->position()), "at a position"))
      world_.oracle.check(*event, receipt->sequence);
  }
  void verify_a_receipt() {
    const auto receipt = some_receipt();
    if (!receipt) return;
    const auto verified = world_.store->verify_receipt(*receipt);
    if (verified) return;
    const bool unseen = verified.error().code == ErrorCode::not_found && world_.poisoned;
    require(world_.excused() || unseen, "a receipt does not verify: " + to_string(verified.error()));
    require(verified.error().code != ErrorCode::history_changed,
            "a receipt is contradicted: " + to_string(verified.error()));
  }
  void keep_snapshot() {
    auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now) return;
    world_.kept.push_back({*std::move(now), 0});
    world_.kept.back().size = world_.kept.back().snapshot.size();
    if (world_.kept.size() > 4) world_.kept.erase(world_.kept.begin());
  }
  void look_at_snapshots() {
    for (const World::Kept& kept : world_.kept) {
      require(kept.snapshot.size() == kept.size, "a snapshot has changed its size");
      if (kept.size == 0) continue;
      const std::uint64_t sequence = world_.random.below(kept.size);
      if (const auto event = world_.got(kept.snapshot.at(sequence), "at, of an old snapshot"))
        world_.oracle.check(*event, sequence);
      const auto past = kept.snapshot.at(kept.size);
      require(!past && past.error().code == ErrorCode::past_the_end, "a snapshot shows what came later");
    }
  }
  void take_checkpoint() {
    const auto note = world_.got(world_.store->checkpoint(), "checkpoint");
    if (!note) return;
    require(note->checkpoint.origin == world_.store->origin(), "a checkpoint names another log");
    world_.oracle.believe(note->checkpoint);
    if (note->signatures.empty()) return;
    require(world_.keys.in_use && verify_note(*note, *world_.store->declared_key()),
            "a checkpoint's signature does not verify");
  }

 private:
  // Some sequence for which there is a receipt.
  std::optional<Receipt> some_receipt() {
    const std::uint64_t size = world_.oracle.accepted_size();
    for (int tries = 0; tries < 5 && size > 0; ++tries) {
      if (auto receipt = world_.oracle.receipt(world_.random.below(size))) return receipt;
    }
    return std::nullopt;
  }
  void read_range() {
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now || now->size() == 0) return;
    require(world_.poisoned || world_.excused() || now->size() == world_.oracle.accepted_size(),
            "a snapshot does not show what was accepted");
    const bool forwards = world_.random.coin();
    std::uint64_t at = world_.random.below(now->size());
    auto events = now->read({.from = at,
                             .direction = forwards ? Direction::forwards : Direction::backwards,
                             .store_events = StoreEvents::include});
    std::uint64_t left = 60;
    std::uint64_t read = 0;
    for (const auto& event : events) {
      if (!world_.got(Result<EventView>(event), "read")) return;
      world_.oracle.check(*event, at);
      at += forwards ? 1 : ~std::uint64_t{0};
      ++read;
      if (--left == 0) return;
    }
    require(read > 0 && at == (forwards ? now->size() : ~std::uint64_t{0}), "a range ends early");
  }
  // An entity, with the sequences of its events as far as a snapshot of that size has them.
  struct Stream {
    std::string entity;
    std::vector<std::uint64_t> sequences;
  };
  Stream some_stream(const Snapshot& now) {
    const auto& streams = world_.oracle.streams();
    Stream chosen;
    if (streams.empty()) return chosen;
    const auto stream = std::next(streams.begin(), static_cast<std::ptrdiff_t>(world_.random.below(streams.size())));
    chosen.entity = stream->first;
    const auto& all = stream->second;
    chosen.sequences.assign(all.begin(), std::ranges::lower_bound(all, now.size()));
    return chosen;
  }
  void read_stream() {
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (entity.empty()) return;
    const bool forwards = world_.random.coin();
    std::size_t index = 0;
    for (const auto& event : now->stream(entity, {.direction = forwards ? Direction::forwards : Direction::backwards})) {
      if (!world_.got(Result<EventView>(event), "stream")) return;
      require(index < sequences.size(), "a stream is longer than it should be");
      const std::size_t version = forwards ? index : sequences.size() - 1 - index;
      world_.oracle.check(*event, sequences[version]);
      require(event->stream_version() == version, "the versions of a stream are not dense");
      ++index;
    }
    require(index == sequences.size(), "a stream is shorter than it should be");
  }
  // A commit whose outcome is unknown may be shown by a poisoned store, and is in no stream that the oracle knows.
  [[nodiscard]] bool unknown_is_visible(const Snapshot& now) const { return now.size() > world_.oracle.accepted_size(); }
  void read_ancestors() {
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (sequences.empty()) return;
    std::size_t version = world_.random.below(sequences.size());
    const auto receipt = world_.oracle.receipt(sequences[version]);
    if (!receipt) return;
    std::size_t left = version + 1;
    for (const auto& event : now->ancestors(receipt->event_id)) {
      if (!world_.got(Result<EventView>(event), "ancestors")) return;
      require(left > 0, "there are too many ancestors");
      world_.oracle.check(*event, sequences[--left]);
    }
    require(left == 0, "there are too few ancestors");
  }
  void read_head() {
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (entity.empty()) return;
    const auto head = world_.got(now->head(entity), "head");
    if (!head) return;
    require(head->has_value() == !sequences.empty(), "a stream has no head");
    if (!*head) return;
    require((*head)->version + 1 == sequences.size() && (*head)->position.sequence == sequences.back(),
            "a head is not the last event of its stream");
  }
  void read_projection() {
    const auto now = world_.got(world_.store->snapshot(), "snapshot");
    if (!now || unknown_is_visible(*now)) return;
    const auto [entity, sequences] = some_stream(*now);
    if (entity.empty()) return;
    const auto tally = world_.got(fold<SimTally>(now->stream(entity)), "a projection");
    if (!tally) return;
    SimTally expected;
    for (const std::uint64_t sequence : sequences) {
      const auto place = world_.oracle.place(sequence);
      if (!place) return;
      const Wanted& asked = place->attempt->events[place->index];
      if (asked.kind_name != SimPayload::json_name) expected.add(asked.number);
    }
    require(tally->count == expected.count && tally->sum == expected.sum, "a projection is wrong");
  }

  World& world_;
};

}  // namespace batpak::test
