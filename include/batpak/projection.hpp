// State folded from events: always computed from the log, never stored as truth.
#pragma once

#include <concepts>
#include <cstdint>

#include "batpak/snapshot.hpp"

namespace [[gnu::visibility("default")]] batpak {

// The event types that a projection folds.
template <class... Types>
struct EventTypes {};

// A plain struct that names its event types and applies each of them. Events of other types are passed over.
//
//   struct Balance {
//     using events = batpak::EventTypes<Deposited, Withdrawn>;
//     void apply(const Deposited& event) { cents += event.cents; }
//     void apply(const Withdrawn& event, const batpak::EventView& view) { cents -= event.cents; last = view.sequence(); }
//     std::int64_t cents = 0;
//     std::uint64_t last = 0;
//   };
template <class P>
concept Projection = std::default_initializable<P> && requires { typename P::events; };

namespace detail {

template <class T, class P>
Result<bool> apply_if(P& state, const EventView& event) {
  if (!event.is<T>()) return false;
  Result<T> payload = event.as<T>();
  if (!payload) {
    Error error = std::move(payload).error();
    if (!error.sequence) error.sequence = event.sequence();
    return std::unexpected(std::move(error));
  }
  if constexpr (requires { state.apply(*payload, event); }) {
    state.apply(*payload, event);
  } else {
    state.apply(*payload);
  }
  return true;
}

template <class P, class... Types>
Result<void> apply_any(P& state, const EventView& event, EventTypes<Types...>) {
  Result<bool> applied = false;
  // Stops at the type that the event is of, and at an error.
  static_cast<void>(((applied = apply_if<Types>(state, event), applied && !*applied) && ...));
  if (!applied) return std::unexpected(std::move(applied).error());
  return {};
}

}  // namespace detail

// Folds the events of a range. Errors: those of reading and decoding, with the sequence; the fold stops there.
template <Projection P>
[[nodiscard]] Result<P> fold(EventRange range) {
  P state;
  for (const Result<EventView>& event : range) {
    if (!event) return std::unexpected(event.error());
    if (auto applied = detail::apply_any(state, *event, typename P::events{}); !applied) {
      return std::unexpected(std::move(applied).error());
    }
  }
  return state;
}

}  // namespace batpak
