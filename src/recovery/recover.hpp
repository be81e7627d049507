// Opening a log for writing: recovery. docs/FORMAT.md says what it does and MODEL.md why.
#pragma once

#include "platform/clock.hpp"
#include "recovery/key_plan.hpp"
#include "recovery/log_state.hpp"

namespace batpak::recovery {

// A log goes on from events up to here, and from no later time or id.
inline constexpr std::int64_t event_time_max = std::int64_t{1} << 62;  // microseconds: the year 148,108
inline constexpr std::byte event_id_first_byte_max{0x7F};              // half of the 48 bits of milliseconds: the year 6429

struct RecoverOptions {
  TornTail torn_tail = TornTail::quarantine;
  platform::Entropy* entropy = nullptr;
  // A log with a declared key is not touched without it.
  OpeningKeys keys = {};
};

// Brings the log in `directory` to a state in which everything shown is durable, and reads it in. The caller owns the
// directory. Precondition: it holds a store (has_store).
//
// When it refuses (damaged, newer_format, foreign_segment, and what plan_keys() says of the keys) nothing was changed. After another
// error (io_error, no_space) some of the repair may have been done; opening again does the rest.
[[nodiscard]] Result<LogState> recover(std::shared_ptr<platform::Directory> directory, const RecoverOptions& options);

enum class Found : std::uint8_t {
  store,
  nothing,      // no store, and nothing in the way of making one
  interrupted,  // the beginnings of a store that was never finished: to be made anew
};
// Errors: damaged for a log without store.meta that holds more than a genesis; not_a_store for a directory with other files,
// and for what a salvage left that did not finish.
[[nodiscard]] Result<Found> look_for_store(platform::Directory& directory);

// Whether the directory, which has no store.meta, holds at most a genesis: what an interrupted creation leaves, and what the next
// opening for writing makes anew.
[[nodiscard]] Result<bool> is_half_made(platform::Directory& directory);

struct NewStore {
  std::string origin;  // empty: made from the store id
  std::optional<std::array<std::byte, 32>> key;
  std::optional<Hash> recovery_key_hash;
  std::int64_t created = 0;             // microseconds since 1970
  std::optional<Timestamp> first_time;  // of the genesis event; by default `created`
  platform::Entropy* entropy = nullptr;
};
// Makes the genesis and, last, store.meta. Precondition: look_for_store() did not find a store; the caller owns the directory.
[[nodiscard]] Result<void> create_store(platform::Directory& directory, const NewStore& options);

}  // namespace batpak::recovery
