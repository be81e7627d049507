// What a program appends, and what the store answers.
#pragma once

#include "simulation/payloads.hpp"
#include "simulation/world.hpp"

namespace batpak::test {

class Appends {
 public:
  static constexpr std::uint64_t entities = 7;
  static std::string entity(std::uint64_t number) { return "entity " + std::to_string(number); }

  explicit Appends(World& world) : world_(world) {}

  void append() {
    const std::size_t bytes = text_bytes();
    append(bytes, std::nullopt);
  }
  // So much that it is written before anybody asks for it to be durable.
  void append_a_burst() {
    const std::uint64_t count = 8 + world_.random.below(12);
    for (std::uint64_t i = 0; i < count && !world_.files.is_stopped(); ++i) {
      append(20'000 + world_.random.below(20'000), Durability::buffered);
    }
  }
  void append_batch() {
    const std::uint64_t count = world_.random.below(12) == 0 ? 60 : 1 + world_.random.below(6);
    std::vector<Wanted> asked;
    Batch batch;
    std::uint64_t room = 30'000;
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t number = next_number_++;
      const std::uint64_t bytes = std::min<std::uint64_t>(text_bytes(), room / 2);
      room -= bytes;
      const SimPayload payload = SimPayload::make(number, bytes, world_.random);
      asked.push_back(wanted(payload, number));
      const Wanted& one = asked.back();
      const auto added = payload.add_to(
          batch, where(one), {.correlation = one.correlation, .causation = one.causation, .metadata = one.metadata});
      require(added.has_value(), "a batch refuses an event: " + outcome(added));
    }
    const Durability durability = world_.random.coin() ? Durability::durable : Durability::buffered;
    const auto attempt = world_.oracle.attempt(std::move(asked), durability);
    const bool poisoned = world_.poisoned;
    world_.untouched = false;
    // Room is also kept for declaring types, once for each JSON event and each change of type.
    const bool large = batch.bytes_size() + 700ULL * batch.size() > world_.segment_bytes - 12'000;
    auto receipts = world_.store->append_batch(std::move(batch), {.durability = durability});
    if (!receipts && receipts.error().code == ErrorCode::batch_too_large && large) return world_.oracle.refused(*attempt);
    answer(attempt, std::move(receipts), poisoned);
  }
  void sync() {
    const bool poisoned = world_.poisoned;
    world_.untouched = false;
    const std::uint64_t accepted = world_.oracle.accepted_size();
    const auto synced = world_.store->sync();
    world_.trace("sync: ", outcome(synced));
    if (synced) {
      require(!poisoned, "a poisoned store syncs");
      return world_.oracle.acknowledge_up_to(accepted);
    }
    require(world_.excused(), "a sync fails without a reason: " + to_string(synced.error()));
    world_.poisoned = true;
  }

 private:
  void append(std::size_t bytes, std::optional<Durability> asked_for) {
    const std::uint64_t number = next_number_++;
    const SimPayload payload = SimPayload::make(number, bytes, world_.random);
    const Wanted asked = wanted(payload, number);
    Durability durability = world_.random.coin() ? Durability::durable : Durability::buffered;
    if (asked_for) durability = *asked_for;
    const auto attempt = world_.oracle.attempt({asked}, durability);
    const bool poisoned = world_.poisoned;
    world_.untouched = false;
    auto receipt = payload.append_to(*world_.store, where(asked),
                                     {.correlation = asked.correlation,
                                      .causation = asked.causation,
                                      .metadata = asked.metadata,
                                      .durability = durability});
    if (!receipt) return answer(attempt, std::unexpected(std::move(receipt).error()), poisoned);
    answer(attempt, std::vector{*std::move(receipt)}, poisoned);
  }
  Wanted wanted(const SimPayload& payload, std::uint64_t number) {
    Wanted made;
    made.number = number;
    made.entity = entity(world_.random.below(entities));
    made.scope = world_.random.coin() ? "here" : "there";
    made.kind_name = payload.kind_name();
    made.payload = payload.encoded();
    if (world_.random.below(4) == 0) {
      made.metadata = {{"by", "somebody"}, {"number", number}};
      if (world_.random.coin()) made.metadata["more"] = Value::map({{"text", std::string(world_.random.below(300), 'm')}});
    }
    if (world_.random.below(4) == 0) {
      made.correlation.emplace();
      made.correlation->bytes.fill(static_cast<std::byte>(number));
    }
    const std::uint64_t size = world_.oracle.known().size();
    if (size > 0 && world_.random.below(4) == 0) made.causation = world_.oracle.known()[world_.random.below(size)].id;
    return made;
  }
  std::size_t text_bytes() {
    if (world_.percent(world_.large_percent)) return 1'000 + world_.random.below(24'000);
    return world_.random.below(world_.random.below(10) == 0 ? 2'000 : 60);
  }
  static Coordinate where(const Wanted& wanted) { return Coordinate::make(wanted.entity, wanted.scope).value(); }
  // `poisoned` tells whether the store was known to be, before the call.
  void answer(const std::shared_ptr<Attempt>& attempt, Result<std::vector<Receipt>> receipts, bool poisoned) {
    const Durability durability = attempt->durability;
    world_.trace(attempt->events.size(),
                 durability == Durability::durable ? " durable, first number " : " buffered, first number ",
                 attempt->events.front().number, ": ",
                 receipts ? "sequence " + std::to_string(receipts->front().sequence) : to_string(receipts.error()));
    world_.appended = true;
    if (receipts) {
      require(!poisoned, "a poisoned store takes events");
      world_.counts.acknowledged += receipts->size();
      for (const Receipt& receipt : *receipts) {
        require(receipt.durability == Durability::durable || durability == Durability::buffered,
                "a durable append answers with less");
      }
      world_.oracle.accepted(attempt, *std::move(receipts));
      return;
    }
    const ErrorCode code = receipts.error().code;
    require(world_.excused(), "an append fails without a reason: " + to_string(receipts.error()));
    switch (code) {
      case ErrorCode::outcome_unknown: world_.poisoned = true; return world_.oracle.unknown(*attempt);
      case ErrorCode::poisoned: world_.poisoned = true; return world_.oracle.refused(*attempt);
      case ErrorCode::not_written: return world_.oracle.refused(*attempt);
      default:
        throw Violation("an append fails with an error that does not say what it did: " + to_string(receipts.error()));
    }
  }

  World& world_;
  std::uint64_t next_number_ = 1;
};

}  // namespace batpak::test
