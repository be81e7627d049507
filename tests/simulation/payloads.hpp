// What simulated programs append.
#pragma once

#include <string>

#include "batpak/batpak.hpp"
#include "platform/sim_random.hpp"
#include "simulation/oracle.hpp"

namespace batpak::test {

struct SimNote {  // with a kind of its own
  static constexpr EventType event_type{.category = 0xF, .type_id = 0x00A, .version = 3, .name = "note"};
  std::uint64_t number = 0;
  std::string text;
};
struct SimMoved {  // by its name alone
  static constexpr EventType event_type{.name = "moved"};
  std::uint64_t number = 0;
  std::int32_t x = 0;
  std::optional<std::string> where;
};

// How often, and the sum of the numbers: cheap to compare and unlikely to be right by chance.
struct SimTally {
  using events = EventTypes<SimNote, SimMoved>;
  void apply(const SimNote& note) { add(note.number); }
  void apply(const SimMoved& moved) { add(moved.number); }
  void add(std::uint64_t number) {
    ++count;
    sum += number;
  }
  std::uint64_t count = 0;
  std::uint64_t sum = 0;
};

// One event to be appended, typed or as JSON.
struct SimPayload {
  enum class Form : std::uint8_t { note, moved, json } form = Form::note;
  SimNote note;
  SimMoved moved;
  std::string json;
  static constexpr std::string_view json_name = "thing";

  static SimPayload make(std::uint64_t number, std::size_t text_bytes, platform::SimRandom& random) {
    SimPayload payload;
    const std::string text(text_bytes, static_cast<char>('a' + number % 26));
    switch (random.below(4)) {
      case 0:
        payload.form = Form::moved;
        payload.moved = {.number = number, .x = static_cast<std::int32_t>(random.below(1000)) - 500, .where = {}};
        if (random.coin()) payload.moved.where = text;
        break;
      case 1:
        payload.form = Form::json;
        payload.json =
            R"({"text":")" + text + R"(","number":)" + std::to_string(number) + R"(,"list":[1,-2.5,null,true,{}]})";
        break;
      default: payload.note = {.number = number, .text = text};
    }
    return payload;
  }

  [[nodiscard]] std::string_view kind_name() const {
    switch (form) {
      case Form::note: return SimNote::event_type.name;
      case Form::moved: return SimMoved::event_type.name;
      case Form::json: return json_name;
    }
    return {};
  }
  [[nodiscard]] Bytes encoded() const {
    Bytes bytes;
    switch (form) {
      case Form::note: encode_payload(bytes, note).value(); break;
      case Form::moved: encode_payload(bytes, moved).value(); break;
      case Form::json: bytes = messagepack_from_json(json).value(); break;
    }
    return bytes;
  }
  Result<Receipt> append_to(Store& store, const Coordinate& where, const AppendOptions& options) const {
    switch (form) {
      case Form::note: return store.append(where, note, options);
      case Form::moved: return store.append(where, moved, options);
      case Form::json: break;
    }
    return store.append_json(where, json_name, json, options);
  }
  Result<void> add_to(Batch& batch, const Coordinate& where, const EventOptions& options) const {
    switch (form) {
      case Form::note: return batch.add(where, note, options);
      case Form::moved: return batch.add(where, moved, options);
      case Form::json: break;
    }
    return batch.add_json(where, json_name, json, options);
  }
};

}  // namespace batpak::test
