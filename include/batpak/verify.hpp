// Recomputing everything a directory claims.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "batpak/checkpoint.hpp"
#include "batpak/error.hpp"
#include "batpak/key_chain.hpp"
#include "batpak/public_key.hpp"

namespace [[gnu::visibility("default")]] batpak {

namespace platform {
class FileSystem;
}

// What was found broken. The names are stable and appear in JSON output.
enum class Law : std::uint8_t {
  store_meta,       // store.meta is absent, damaged, or contradicts the genesis event
  segment_set,      // a segment is missing, empty, misnamed, of another store, or its header contradicts its neighbours
  segment_seal,     // an older segment does not end in a whole seal that names the next
  commit_whole,     // a commit's CRCs or lengths do not hold
  commit_link,      // a commit does not follow the one before it
  durable_through,  // a commit's durable-through is not the end of an earlier commit, or falls
  frame_crc,        // a frame's CRC does not match
  frame_form,       // a frame's fields contradict each other
  content_hash,     // the payload is not what the header's hash says
  metadata_hash,
  rule_hash,
  event_hash,            // the header is not what the event's hash says
  sequence,              // sequences are not dense
  stream_version,        // versions of a stream are not dense
  previous_event,        // an event does not link to the one before it in its stream
  time_order,            // time or id does not increase
  batch,                 // a batch is not whole or not in order
  tree_root,             // size or root in a commit is not that of the events before
  checkpoint_signature,  // a stored signature does not verify
  unsigned_commit,       // commits after the key's declaration that no stored checkpoint covers
  event_signature,
  key_declaration,  // a signature by another key than the one in force there; a change of keys that nobody may make
  declaration,      // an event's kind is not declared before it, or declared twice
  heads,            // the declared heads of the streams are not those of the log
  encoding,         // a payload or metadata that is not canonical MessagePack
  erased,           // an erased payload that no erasure event covers
  unfinished,       // a torn tail, with no live writer
  stray_bytes,      // bytes that are not zero behind the last commit of a segment
  stray_file,       // a file in log/ that does not belong there
  unreadable,       // the device cannot read it
  rolled_back,      // the log ends before a checkpoint that is known from elsewhere
  forked,           // the log has another history than a checkpoint or receipt that is known from elsewhere
  unknown_origin,   // the log is another one than was asked for
  known_signature,  // what is known from elsewhere is not signed by the key that the log had then, nor by the one given
};

[[nodiscard]] std::string_view to_string(Law law) noexcept;

struct Finding {
  Law law = Law::store_meta;
  std::string message;                    // one sentence
  std::string path;                       // relative to the directory
  std::optional<std::uint64_t> offset;    // of the broken part, in bytes
  std::optional<std::uint64_t> sequence;  // of the event concerned
  std::optional<std::size_t> known = {};  // which of VerifyOptions::against it is about
};

struct VerifyProgress {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t events = 0;
};

// What somebody kept outside of the store. That a receipt holds in itself is the caller's to verify:
// verify_against_own_checkpoint().
struct KnownCheckpoint {
  struct Event {
    std::uint64_t sequence = 0;
    Hash event_hash;
  };

  std::string name;  // where it comes from, for messages
  Checkpoint checkpoint;
  std::optional<Event> event = {};  // of a receipt
  // With its signatures: where there are any, and a key is given, the key in force at this size must have signed, as the log
  // declares it, or the one given. Without a note, the caller has verified what there is to verify.
  std::optional<CheckpointNote> note = {};
  // Of a witness file, the store that it is for. One for another store is a finding, and nothing else is said of it.
  std::optional<std::array<std::byte, 16>> store_id = {};
};

struct VerifyOptions {
  static constexpr unsigned threads_max = 256;

  // A key of the store's, the first one or a later one: signatures are checked with those that the log declares, which must be
  // among them. Without one they are not checked, and the report says so.
  std::optional<PublicKey> key = {};
  // The name of the log that is asked for, which is that of a verifier key. Empty: whichever it is.
  std::string origin = {};
  // The log must go on from each of these, and hold the events.
  std::vector<KnownCheckpoint> against = {};
  unsigned threads = 0;                                      // 0: all cores; where the system has no more, fewer are used
  std::function<void(const VerifyProgress&)> progress = {};  // called from the calling thread
  std::size_t findings_max = 10'000;                         // later ones are only counted
  platform::FileSystem* file_system = nullptr;
};

enum class SignatureCheck : std::uint8_t { not_checked, no_signatures, checked };

enum class TailState : std::uint8_t {
  clean,       // nothing behind the last whole commit
  in_flight,   // bytes behind it beside a live writer: no finding
  unfinished,  // bytes behind it and no writer: a finding
};

// A segment as it was read, for drawing the log.
struct SegmentOutline {
  static constexpr std::size_t parts = 240;

  std::string path;
  std::uint64_t first_sequence = 0;
  std::uint64_t events = 0;
  std::uint64_t commits = 0;
  std::uint64_t bytes = 0;
  std::vector<std::uint32_t> commits_by_part;  // of the file in so many equal parts: how many commits begin in each
};

// An older copy of the log that was put back on purpose, as an event of the store's own says. The checkpoint is as that event
// states it; nobody verified its signatures.
struct AcceptedRestore {
  std::uint64_t sequence = 0;  // of that event
  Checkpoint given_up;
};

// That the log holds what salvage() copied out of another one, as an event of the store's own says. Where a log was salvaged
// more than once, the first of them is of this store and the others were copied along. Nobody asked the other log.
struct RecordedSalvage {
  std::uint64_t sequence = 0;  // of that event
  std::string source_origin;
  std::array<std::byte, 16> source_store_id{};
  std::uint64_t events_lost = 0;
};

struct VerifyReport {
  static constexpr std::size_t restores_max = 1000;
  static constexpr std::size_t salvages_max = 1000;

  // What some laws are about and not every log has. A law whose subject is nowhere in the log had nothing to check.
  struct Subjects {
    std::uint64_t metadata = 0;  // events with metadata, and so on
    std::uint64_t rules = 0;
    std::uint64_t batches = 0;  // events of batches of more than one
    std::uint64_t heads = 0;    // declarations of heads

    void add(const Subjects& more) noexcept {
      metadata += more.metadata;
      rules += more.rules;
      batches += more.batches;
      heads += more.heads;
    }
  };

  std::vector<Finding> findings;
  std::uint64_t findings_omitted = 0;
  std::uint64_t segments = 0;
  std::uint64_t commits = 0;
  std::uint64_t events = 0;
  std::uint64_t streams = 0;
  std::uint64_t bytes = 0;
  Subjects subjects;
  std::uint64_t checkpoints_verified = 0;  // stored signatures of commits
  std::uint64_t event_signatures_verified = 0;
  std::uint64_t events_not_yet_signed = 0;  // behind the last stored checkpoint that counts: no finding
  // Those that lay in the files unsigned when a later session began, which signed them: no finding. Until then anybody who could
  // write the files could have changed them, or put them there. Sessions are as the commits state them, which nothing signs.
  std::uint64_t events_signed_late = 0;
  // Events whose time and wall clock differ by more than 10 s: no finding. Those that salvage() copied are not counted, nor those
  // that it wrote before them.
  std::uint64_t clock_skews = 0;
  // The names of those of VerifyOptions::against that the log goes on from; and of those whose signature was verified. None of
  // the former where a signature should be good and is not.
  std::vector<std::string> known_checkpoints_held;
  std::vector<std::string> known_signatures_verified;
  SignatureCheck signatures = SignatureCheck::not_checked;
  TailState tail = TailState::clean;
  std::uint64_t tail_bytes = 0;
  std::vector<SegmentOutline> outline;
  std::string origin;
  std::optional<Checkpoint> checkpoint;  // of everything up to the last whole commit
  // The keys that the log declares. What a revoked one signed from `revoked_from` on counts only against a checkpoint that was
  // kept elsewhere, or by a later key that is known from elsewhere: its finder could have written it.
  std::vector<KeySpan> keys;
  std::vector<AcceptedRestore> restores;  // no finding; the first restores_max of them
  std::uint64_t restores_omitted = 0;
  std::vector<RecordedSalvage> salvages;  // no finding; the first salvages_max of them
  std::uint64_t salvages_omitted = 0;
  std::chrono::microseconds elapsed{0};

  [[nodiscard]] bool clean() const noexcept { return findings.empty(); }
};

// Recomputes every CRC, hash, link, version, sequence and tree root from the bytes, and signatures where there is a key. It
// opens the files itself, trusts no index and no stored hash, takes no lock, changes nothing, and goes on after each finding.
// Errors: not_a_store, not_a_directory, no_such_directory, permission_denied; invalid_argument for more than threads_max
// threads. Everything else is a finding.
[[nodiscard]] Result<VerifyReport> verify_directory(const std::string& path, const VerifyOptions& options = {});

}  // namespace batpak
