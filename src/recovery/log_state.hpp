// Everything the store knows of its log after opening it.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batpak/checkpoint.hpp"
#include "batpak/open_options.hpp"
#include "event/store_events.hpp"
#include "event/store_meta.hpp"
#include "event/type_registry.hpp"
#include "index/mapped_segments.hpp"
#include "index/tail_index.hpp"
#include "platform/file_system.hpp"
#include "proof/key_history.hpp"
#include "proof/merkle.hpp"
#include "segment/link_state.hpp"

namespace batpak::recovery {

struct SegmentFile {
  std::string path;  // "log/….seg"
  segment::SegmentHeader header;
  std::uint64_t size = 0;
};

// An event that changes the store's key.
struct KeyChange {
  std::string_view entity;
  EventKind kind;
  Bytes payload;
};

struct PlacedHeads {
  std::uint64_t sequence = 0;
  event::HeadsDeclaration declaration;
};

// The first event of another lane, at its place in the log.
struct PlacedBranch {
  std::uint64_t sequence = 0;
  std::string entity;
  std::uint64_t begins_at = 0;  // sequence
  Hash begins_at_hash;
};

// Where the log ends and what is in it, as the writer goes on from it and readers look things up.
//
// Threads: filled by one; index, types and maps are shared with readers afterwards.
struct LogState {
  std::shared_ptr<platform::Directory> directory;
  event::StoreMeta meta;
  std::vector<SegmentFile> segments;
  segment::LinkState link;
  proof::RightEdge tree;
  Timestamp last_time{};
  EventId last_id;
  Hash genesis_hash;
  proof::KeyHistory keys;
  std::optional<KeyChange> key_change;  // to be put into the log before anything else
  std::uint64_t session = 0;            // of this opening for writing: one more than any in the log
  bool ends_in_idle_mark = false;
  std::shared_ptr<index::TailIndex> index = std::make_shared<index::TailIndex>();
  std::shared_ptr<event::TypeRegistry> types = std::make_shared<event::TypeRegistry>();
  std::shared_ptr<index::MappedSegments> maps;
  // Lost events that may be the head of some stream, or one of the store's own: while there is one, nothing can be linked or
  // declared safely.
  std::set<std::uint64_t> unresolved;
  // The first whole thing that no batpak writes, or not this version: no writer goes on from there, in whichever segment it is,
  // and signs it. Errors: damaged, newer_format.
  std::optional<Error> refused;
  OpenReport report;
  // As the log states them, for readers: the root after the last commit taken in, and the newest stored signature.
  Checkpoint newest;
  std::optional<CheckpointNote> newest_signed;
  // The declarations of heads that no stored signature covers.
  std::vector<PlacedHeads> unsigned_heads;
  // The beginnings of lanes that none covers.
  std::vector<PlacedBranch> unsigned_branches;

  [[nodiscard]] const segment::StoreId& store_id() const noexcept { return meta.genesis.store_id; }
};

}  // namespace batpak::recovery
