// How a store is opened, and what opening found.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batpak/checkpoint.hpp"
#include "batpak/error.hpp"
#include "batpak/hash.hpp"
#include "batpak/key_revocation.hpp"
#include "batpak/signer.hpp"
#include "batpak/signing_key.hpp"
#include "batpak/witness_file.hpp"

namespace [[gnu::visibility("default")]] batpak {

namespace platform {
class FileSystem;
class Clock;
class Entropy;
}  // namespace platform

enum class Create : std::uint8_t {
  if_absent,  // open what is there, else make a new store
  never,      // not_a_store where there is none
  always,     // already_a_store where there is one
};

enum class SigningPolicy : std::uint8_t {
  each_commit,  // one signature for every commit, over its checkpoint
  each_event,   // and one for every event, over its hash
};

enum class TornTail : std::uint8_t {
  quarantine,  // keep a copy of what recovery cuts off
  discard,     // do not, for a full disk
};

struct OpenOptions {
  Create create = Create::if_absent;
  // Of a new store: names its log in checkpoints for ever. No spaces or plus signs, 1–255 bytes. By default
  // "batpak.invalid/<store id>".
  std::string origin = {};
  // The store's signing key, or who holds it. A store with a declared key cannot be written without it.
  std::shared_ptr<const Signer> key = {};
  SigningPolicy signing = SigningPolicy::each_commit;
  // Changes the key: `key` is the new one, this the declared one. The log says so, under a checkpoint that both sign, before
  // anything else is written. Opening again with both does nothing more; it completes a change that was interrupted, which
  // without this key is rotation_unfinished.
  std::shared_ptr<const Signer> previous_key = {};
  // Changes the key without the declared one, which is lost or leaked: the recovery key's word that `key` is its successor.
  std::optional<KeyRevocation> revocation = {};
  // Where the store's first key is declared: recovery_key_hash() of a key kept elsewhere, which alone can revoke. It cannot be
  // changed later. The recovery key never becomes the key that signs: invalid_argument here, and for a change of keys to it.
  std::optional<Hash> recovery_key_hash = {};

  std::uint64_t segment_bytes = 64ULL << 20;    // 64 KiB – 1 GiB, of segments created from now on
  std::uint64_t queue_bytes_max = 64ULL << 20;  // of requests waiting for the writer; at least 64 KiB
  std::chrono::microseconds sync_interval = std::chrono::milliseconds(50);  // buffered events are durable after it; > 0
  std::chrono::microseconds idle_mark_after = std::chrono::milliseconds(100);
  std::chrono::microseconds clock_skew_max = std::chrono::seconds(10);
  TornTail torn_tail = TornTail::quarantine;
  // Notices that the directory was put back to an older state, or that another history stands in it.
  std::optional<WitnessFile> witness_file = {};

  // For tests: another file system, clock and source of chance, and no thread of the store's own. They must outlive it.
  platform::FileSystem* file_system = nullptr;
  platform::Clock* clock = nullptr;
  platform::Entropy* entropy = nullptr;
  enum class Housekeeping : std::uint8_t { thread, by_hand } housekeeping = Housekeeping::thread;
};

struct ReadOnlyOptions {
  // Whole commits that are not yet known to be durable are shown too; by default they are only counted. The next opening for
  // writing may find them gone, so a store that shows such an event is a picture of that moment and takes in nothing more.
  enum class Undurable : std::uint8_t { hide, show } undurable = Undurable::hide;
  platform::FileSystem* file_system = nullptr;
};

// A part of the log that cannot be read, as opening met it.
struct DamagedRange {
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t first_sequence = 0;  // the first event that is missing
  std::uint64_t next_sequence = 0;   // the first one that is there again, or the end of the log
  std::string reason;
};

// What opening found and did.
struct OpenReport {
  bool created = false;
  std::uint64_t segments = 0;
  std::uint64_t events = 0;
  std::uint64_t session = 0;
  std::uint64_t commits_rewritten = 0;  // whole, but not known to be durable: written and synced again
  std::uint64_t torn_bytes = 0;         // cut off behind the last whole commit
  std::string torn_path;                // the segment they were cut from; empty when nothing was
  std::string quarantine_path;          // where the copy is; empty when nothing was cut or it was declined
  bool rotation_completed = false;      // an interrupted change of segments was finished
  bool key_changed = false;             // a rotation or revocation of the key was put into the log
  // Behind the last checkpoint that the key in force signed, and signed by this opening: nothing told until now whether they are
  // as the store wrote them. Some after a crash, none after close(); all where a key is given to a store for the first time.
  std::uint64_t events_signed_late = 0;
  std::uint64_t undurable_events = 0;  // open_read_only: whole, but not known to be durable
  // open_read_only that shows undurable events: behind the last of them, of a write that did not finish.
  std::uint64_t unfinished_bytes = 0;
  std::vector<DamagedRange> damage;  // open_read_only serves around it; also rot in old segments that hides no head
  // The checkpoint of the witness file that the log does not go on from, where WhenNotExtended::accept_restore was needed.
  std::optional<Checkpoint> given_up;
  std::chrono::microseconds elapsed{0};
};

// How far the store has come. Each number counts events from the start of the log: accepted >= written >= durable.
struct Frontier {
  std::uint64_t accepted = 0;   // given a sequence and a receipt, or about to be
  std::uint64_t written = 0;    // handed to the operating system
  std::uint64_t durable = 0;    // on the device
  std::uint64_t witnessed = 0;  // remembered by the witness file, where there is one
  std::uint64_t visible = 0;    // shown to readers of this store
  // Of the newest checkpoint that is signed; 0 without a key. Behind `durable` where the signer fails: Store::signer_error().
  std::uint64_t signed_size = 0;
};

// A type that the log declares.
struct DeclaredType {
  std::uint16_t kind = 0;  // EventKind::value()
  std::uint16_t version = 0;
  std::string name;
  struct Field {
    std::string name;
    std::string type;  // see docs/PAYLOADS.md
  };
  std::vector<Field> fields;   // empty for an event given by name as JSON
  std::uint64_t sequence = 0;  // of the declaration
};

}  // namespace batpak
