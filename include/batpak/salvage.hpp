// Going on after damage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "batpak/open_options.hpp"

namespace [[gnu::visibility("default")]] batpak {

struct SalvageReport {
  std::uint64_t events_copied = 0;
  // Sequences of the source that could not be read, or not be copied without breaking a law, as far as they can be counted:
  // `damage` has the reasons.
  std::uint64_t events_lost = 0;
  // The store's own that speak of the source alone: its genesis event, keys and heads. The new store has its own.
  std::uint64_t events_left = 0;
  // Of those copied, with another time or id, for their own did not grow or left no room for more. Both stand in the header.
  std::uint64_t events_mended = 0;
  // Of those copied, covered in the source by a stored checkpoint that verifies with the key that was in force there. Of the
  // others nothing tells whether they are as the store wrote them. Nothing where the source declares no key.
  std::optional<std::uint64_t> events_signed;
  // Behind the last whole commit, of a write that did not finish and of which nobody was told that it had: not copied, not lost.
  std::uint64_t unfinished_bytes = 0;
  std::vector<DamagedRange> damage;
  std::string source_origin;
  std::string destination_origin;
  std::optional<PublicKey> source_key;  // that the source declared last, as far as it can be read; none where it has no key
};

// Copies every event of `source` that is whole, whose hashes hold and that, of the store's own, has the form of its kind, into a new
// store at `destination`, which must not exist yet or be an empty directory. Until it is whole and durable, the copy is called
// `destination`.unfinished. The new store has its own identity and chain; its first event after the genesis records the source, the
// damage and what was lost, and every copied event keeps its id, times and content, and names its old sequence and event hash in an
// extension of its header. What would break a law of the new store is left out, and counted as lost. A branch begins at the copy of
// the event that it began at, or, where that is lost, at the newest one of its entity before it that was copied. The source is not
// changed. Where `key` is given the new store is signed with it, whichever key the source declares; its recovery key is
// invalid_argument, and a key that it revoked wrong_key, as far as its keys can be read. Without `key` the new store is not signed,
// though the source was.
// A witness file is one of the new store's own: it must not be there, and WhenMissing::create makes it; one that is there is
// that of another store, the source's too, and witness_foreign.
// Errors: as Store::open, of the source too; invalid_argument for a destination or a witness file inside of the source's directory;
// when it fails, nothing but empty directories is left, or the whole copy where only its name could not be made durable. A process
// that ends in the middle leaves the unfinished copy, and perhaps the witness file: both are to be removed before the next try. What
// is left is no store, and can be neither read nor written as one.
[[nodiscard]] Result<SalvageReport> salvage(const std::string& source, const std::string& destination,
                                            const OpenOptions& options = {});

}  // namespace batpak
