// Small stores, and what accidents and forgers make of them: files changed as the bytes of an input say.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "batpak/signing_key.hpp"
#include "corruption/test_log.hpp"
#include "fuzz/choices.hpp"
#include "segment/log_point.hpp"

namespace batpak::fuzz {

using Files = std::map<std::string, Bytes>;  // paths below the store's directory

// One store as it was before anything happened to it.
struct Specimen {
  struct Commit {
    std::string path;
    segment::CommitHeader header;
  };
  struct Event {
    std::string path;
    std::size_t commit = 0;  // index in `commits`
    Bytes frame;
  };

  std::string_view name;
  std::shared_ptr<const SigningKey> key;  // null: not signed
  Files files;
  std::vector<Commit> commits;  // in the order of the log, whole ones only
  std::vector<Event> events;    // their index is their sequence
  // The largest durable-through that any commit states, whole or torn: behind it nothing was acknowledged for all that the
  // log says.
  segment::LogPoint known_durable;
  [[nodiscard]] const std::string& last_segment() const;
};

// Stores of each kind: several segments or one, signed or not, closed well, left behind, torn.
[[nodiscard]] const std::vector<Specimen>& specimens();

// A store in which something may have changed.
struct MutatedStore {
  const Specimen* original = nullptr;
  Files files;
  std::vector<std::pair<std::string, std::uint64_t>> spoiled;  // sectors that the device cannot read
  bool mended = false;  // CRCs were computed anew, so that only hashes tell what was changed
};

[[nodiscard]] MutatedStore mutate(Choices& choices);

// Whether the path is of a file that is truth: store.meta or a segment.
[[nodiscard]] bool is_truth(std::string_view path);

}  // namespace batpak::fuzz
