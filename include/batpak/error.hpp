// Errors are values. Every call that can fail returns Result<T>; nothing in batpak throws across its API except what the
// language itself throws (std::bad_alloc).
#pragma once

#include <cstdint>
#include <expected>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>

namespace [[gnu::visibility("default")]] batpak {

// What went wrong, in terms of what the caller can do about it. The numbers are stable: they may be logged and compared
// across versions. New codes are added at the end of their group.
enum class ErrorCode : std::uint16_t {
  // The caller gave something that is not acceptable. Nothing happened.
  invalid_argument = 100,
  invalid_coordinate = 101,  // empty, over 1024 bytes, not UTF-8, or with control characters
  reserved_entity = 102,     // entities beginning "$batpak/" are the store's own
  reserved_kind = 103,       // category 0x0 is the store's own
  payload_too_large = 104,   // over payload_bytes_max
  batch_too_large = 105,     // over batch_bytes_max or batch_events_max
  invalid_metadata = 106,    // too many, too long, not UTF-8, or given twice
  invalid_name = 107,        // an event name or field name that cannot be declared
  empty_batch = 108,

  // A payload could not be encoded or decoded.
  malformed = 200,  // not well-formed bytes of the format expected
  truncated = 201,
  type_mismatch = 202,  // well-formed, but another type than asked for
  out_of_range = 203,   // a number that does not fit the type asked for
  duplicate_key = 204,
  too_deep = 205,
  too_large = 206,  // a length over its bound
  trailing_bytes = 207,
  invalid_utf8 = 208,
  kind_mismatch = 209,     // as<T>() on an event of another kind
  version_mismatch = 210,  // a payload of another version than the type's
  unsupported_type = 211,  // a MessagePack extension that batpak does not know

  // The directory is not what was expected. Nothing was changed.
  not_a_store = 300,
  already_a_store = 301,
  not_a_directory = 302,
  permission_denied = 303,
  locked = 304,           // another process owns the store; the message names its pid
  newer_format = 305,     // written by a newer batpak, or an unknown frame type or encoding
  foreign_segment = 306,  // a file of another store
  damaged = 307,          // acknowledged bytes are gone or altered; see open_read_only and salvage
  read_only = 308,
  no_such_directory = 309,

  // Reading.
  not_found = 400,
  corrupt = 401,          // bytes met while reading fail their check
  history_changed = 402,  // a position that this log does not hold
  past_the_end = 403,

  // Writing.
  not_written = 500,      // nothing reached the log; the store lives on and a retry is safe
  outcome_unknown = 501,  // the event may be there after reopening; only an idempotency key makes a retry safe
  poisoned = 502,         // an earlier write failed: reads go on, writing needs a reopen
  closed = 503,
  forked_child = 504,  // a store handle does not survive fork()
  queue_full = 505,    // try_append only
  timeout = 506,

  // Types the log describes.
  kind_collision = 600,   // the kind is declared under another name, or the name under another kind
  kinds_exhausted = 601,  // no free type id is left in the category

  // Keys and signatures.
  key_required = 700,  // the store has a declared key and was opened for writing without one
  wrong_key = 701,     // another key than the declared one
  malformed_key = 702,
  insecure_key_file = 703,  // a key file that others may read
  bad_signature = 704,
  bad_proof = 705,            // it does not lead from what it is about to the root
  rolled_back = 706,          // the log has fewer events than it had when a checkpoint was seen
  forked = 707,               // the log has other events than those of a checkpoint that was seen
  witness_missing = 708,      // the witness file is not there, and nobody asked for a new one
  witness_foreign = 709,      // the witness file is of another store
  rotation_unfinished = 710,  // the checkpoint over a change of keys needs both of them
  signer_failed = 711,        // whoever holds the key did not sign
  no_heads = 712,             // no declaration of heads that a signed checkpoint covers

  // The system.
  io_error = 800,
  no_space = 801,
  out_of_resources = 802,  // threads, descriptors, address space
  unsupported = 803,       // the file system or platform cannot do what is needed
};

// The stable name of a code, as printed and as found in JSON output: "invalid_coordinate".
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

// An error: a code to act on, a message for people, and the facts where there are any.
//
// Threads: a plain value.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;                    // one sentence, without the facts below
  std::string path;                       // the file or directory, empty if none is involved
  std::optional<std::uint64_t> offset;    // bytes from the start of `path`
  std::optional<std::uint64_t> sequence;  // of the event concerned
  int system_errno = 0;                   // errno of the failed call, 0 if no call failed

  Error() = default;
  Error(ErrorCode the_code, std::string the_message) : code(the_code), message(std::move(the_message)) {}

  [[nodiscard]] Error&& at_path(std::string the_path) && {
    path = std::move(the_path);
    return std::move(*this);
  }
  [[nodiscard]] Error&& at_offset(std::uint64_t the_offset) && {
    offset = the_offset;
    return std::move(*this);
  }
  [[nodiscard]] Error&& at_sequence(std::uint64_t the_sequence) && {
    sequence = the_sequence;
    return std::move(*this);
  }
  [[nodiscard]] Error&& with_errno(int the_errno) && {
    system_errno = the_errno;
    return std::move(*this);
  }
};

// One line with everything: "damaged: the commit does not link … [log/…0.seg, offset 4096, sequence 7] (errno 5: …)".
[[nodiscard]] std::string to_string(const Error& error);
std::ostream& operator<<(std::ostream& out, const Error& error);

template <class T>
using Result = std::expected<T, Error>;

}  // namespace batpak
