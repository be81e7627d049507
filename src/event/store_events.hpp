// The store's own events, category 0x0: what they are called and what their payloads hold.
//
// They live in entities beginning "$batpak/" in the scope "$batpak"; users cannot append there, and ordinary reads leave
// them out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "batpak/event_kind.hpp"

namespace batpak::event {

inline constexpr std::string_view store_scope = "$batpak";

// Sequence 0: who this log is. store.meta repeats its payload byte for byte.
struct Genesis {
  static constexpr EventKind kind{0x0, 0x001};
  static constexpr std::string_view entity = "$batpak/store";
  static constexpr std::string_view kind_name = "batpak.genesis";

  std::int64_t created = 0;                                    // microseconds since 1970, by the wall clock
  std::uint32_t format = 1;                                    // format version of the log
  std::optional<std::array<std::byte, 32>> key;                // Ed25519 public key, if the store began with one
  std::string origin;                                          // names the log in checkpoints
  std::optional<std::array<std::byte, 32>> recovery_key_hash;  // of the key that alone can revoke, if there is one
  std::array<std::byte, 16> store_id{};                        // random
};

// What a kind means: written before the first event of a kind, of a version of it, or with another list of fields.
struct TypeDeclaration {
  static constexpr EventKind kind{0x0, 0x002};
  static constexpr std::string_view entity = "$batpak/types";
  static constexpr std::string_view kind_name = "batpak.type";

  struct Field {
    std::string name;
    std::string type;
    friend bool operator==(const Field&, const Field&) = default;
  };

  std::vector<Field> fields;   // in byte order of their names; empty for events given by name as JSON
  std::uint16_t declares = 0;  // EventKind::value()
  std::string name;
  std::uint16_t version = 1;
};

// The store's signing key, where it did not begin with one: before the first signature by it.
struct KeyDeclaration {
  static constexpr EventKind kind{0x0, 0x003};
  static constexpr std::string_view entity = "$batpak/keys";
  static constexpr std::string_view kind_name = "batpak.key";

  std::array<std::byte, 32> key{};                             // Ed25519 public key
  std::optional<std::array<std::byte, 32>> recovery_key_hash;  // of the key that alone can revoke, if there is one
};

// What a salvaged store was made from and what is missing: its first event after the genesis.
struct SalvageRecord {
  static constexpr EventKind kind{0x0, 0x004};
  static constexpr std::string_view entity = "$batpak/salvage";
  static constexpr std::string_view kind_name = "batpak.salvage";

  struct Range {
    std::uint64_t first_sequence = 0;
    std::uint64_t next_sequence = 0;
    std::string reason;
  };

  std::uint64_t events_lost = 0;
  std::vector<Range> lost;
  std::string source_origin;
  std::array<std::byte, 16> source_store_id{};
};

// The last event of every stream, as of an earlier size of the log: what proofs that nothing was left out stand on.
struct HeadsDeclaration {
  static constexpr EventKind kind{0x0, 0x005};
  static constexpr std::string_view entity = "$batpak/heads";
  static constexpr std::string_view kind_name = "batpak.heads";
  // How many events it may come after the size that it speaks of: a verifier that reads forward remembers so many changes.
  static constexpr std::uint64_t behind_max = 1U << 20;

  std::uint64_t log_size = 0;        // of the events whose sequences are below this
  std::array<std::byte, 32> root{};  // of the tree over their streams; see docs/FORMAT.md
  std::uint64_t streams = 0;         // its leaves

  // Whether it may stand at this sequence. Each stream has an event, so there are no more of them than events.
  [[nodiscard]] bool may_stand_at(std::uint64_t sequence) const noexcept {
    return log_size >= 1 && log_size <= sequence && sequence - log_size <= behind_max && streams >= 1 && streams <= log_size;
  }
};

// Another key signs from here on; the checkpoint over this event is signed by both.
struct KeyRotation {
  static constexpr EventKind kind{0x0, 0x006};
  static constexpr std::string_view entity = "$batpak/keys";
  static constexpr std::string_view kind_name = "batpak.key_rotation";

  std::array<std::byte, 32> key{};           // the new one
  std::array<std::byte, 32> previous_key{};  // the one in force
};

// What a key signed from a place on does not count, nor what those did that were declared after it; another one signs. The
// recovery key says so, to whose hash the first declaration commits.
struct KeyRevocation {
  static constexpr EventKind kind{0x0, 0x007};
  static constexpr std::string_view entity = "$batpak/keys";
  static constexpr std::string_view kind_name = "batpak.key_revocation";

  std::uint64_t from = 0;                    // sequence
  std::array<std::byte, 32> key{};           // the successor
  std::array<std::byte, 32> recovery_key{};  // public
  std::array<std::byte, 32> revoked_key{};
  std::array<std::byte, 64> signature{};  // by the recovery key: proof/revocation.hpp has the bytes
};

// That whoever opened the store knew it to be put back: the checkpoint, as a note, that the witness file remembered and that
// the log before this event does not go on to.
struct Restore {
  static constexpr EventKind kind{0x0, 0x008};
  static constexpr std::string_view entity = "$batpak/restores";
  static constexpr std::string_view kind_name = "batpak.restore";

  std::string given_up;
};

// "batpak.genesis" and so on; empty for a kind that is not the store's own.
[[nodiscard]] std::string_view store_event_name(EventKind kind) noexcept;
// Where alone events of this kind stand: "$batpak/store" and so on; empty for a kind that is not the store's own.
[[nodiscard]] std::string_view store_event_entity(EventKind kind) noexcept;

// What the payload of an event of the store's own says. Decoding passes over fields that are missing or unknown; but of these
// events there is one form each, and a payload is what T is encoded to. Errors: damaged.
template <class T>
[[nodiscard]] Result<T> read_store_event(ByteView payload) {
  auto decoded = decode_payload<T>(payload);
  if (!decoded) {
    return base::fail(ErrorCode::damaged,
                      "a " + std::string(T::kind_name) + " cannot be read: " + std::move(decoded).error().message);
  }
  Bytes written;
  BATPAK_CHECK(encode_payload(written, *decoded));
  if (!std::ranges::equal(written, payload)) {
    return base::fail(ErrorCode::damaged, "a " + std::string(T::kind_name) + " has not the form of one");
  }
  return decoded;
}
// Whether a payload is one of this kind, as far as it alone can tell. Errors: damaged, also for a kind that is none of them.
[[nodiscard]] Result<void> check_store_event(EventKind kind, ByteView payload);
// What FORMAT says of a declaration beyond its form: of a kind of applications, under a name that can be one, with its fields in
// the order of their names. Errors: damaged.
[[nodiscard]] Result<void> check_declaration(const TypeDeclaration& declaration);

// Extension 0x8001 of a salvaged event's header: its old sequence (8 bytes) and event hash (32 bytes).
inline constexpr std::uint16_t extension_salvaged_from = 0x8001;
inline constexpr std::size_t salvaged_from_bytes = 8 + 32;
// Extension 0x8002 of one whose time or id did not grow in the old log, or left no room for more: both as they were. Microseconds
// (8 bytes) and counter (4), id (16).
inline constexpr std::uint16_t extension_salvaged_time = 0x8002;
inline constexpr std::size_t salvaged_time_bytes = 8 + 4 + 16;

}  // namespace batpak::event
