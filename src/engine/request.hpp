// What callers hand to the writer.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/sync.hpp"
#include "batpak/error.hpp"
#include "batpak/payload_type.hpp"
#include "batpak/receipt.hpp"
#include "event/draft.hpp"

namespace batpak::engine {

// One event, encoded and hashed by its caller.
struct Item {
  event::DraftFrame draft;
  // What it is of: a C++ type, or a name alone, or (neither) one of the store's own kinds, already in the draft.
  const detail::PayloadType* type = nullptr;
  std::string name;
  // Kept from elsewhere by salvage: not assigned by the writer.
  struct Kept {
    EventId id;
    Timestamp time;
    std::int64_t wall_microseconds = 0;
    std::optional<Position> branches_from = {};  // of the first event of another lane than 0
  };
  std::optional<Kept> kept;
};

enum class Task : std::uint8_t {
  append,
  flush,       // hand what is accepted to the operating system
  sync,        // make it durable
  begin_sync,  // the same, but beside the writer
  take_back,   // learn how that went
  idle_mark,   // make it durable and say so in the log, if there is nothing else to do
};

// An append of one event or a batch, or a task for the writer. Lives on its caller's stack while it waits.
//
// Threads: the caller fills it, then the writer of the moment owns it until `state` says done.
struct Request {
  Task task = Task::append;
  Durability durability = Durability::durable;
  std::span<Item> items;
  std::uint64_t bytes = 0;  // of the frames, for the queue's bound
  // Refused with past_the_end where its first event would come behind this: for what speaks of the log's size.
  std::uint64_t sequence_max = UINT64_MAX;

  std::span<Receipt> receipts;  // one for each item; filled in where there is no error
  std::optional<Error> error;

  Request* next = nullptr;  // in the queue, then in its group

  enum State : std::uint32_t { waiting, lead, done };
  // Release by the writer after the results, acquire by the caller before it reads them.
  base::Atomic<std::uint32_t> state{waiting};
  std::uint32_t waker = 0;  // on which the caller sleeps
};

}  // namespace batpak::engine
