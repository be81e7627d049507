#include "base/hex.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"
#include "batpak/checkpoint.hpp"
#include "batpak/codec.hpp"
#include "event/draft.hpp"
#include "event/hybrid_clock.hpp"
#include "event/id_source.hpp"
#include "recovery/log_files.hpp"
#include "recovery/recover.hpp"
#include "recovery/segment_file_writer.hpp"
#include "segment/commit_walker.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {
namespace {

using base::fail;

template <class T>
T random_bytes(platform::Entropy& entropy) {
  T bytes;
  entropy.fill(std::as_writable_bytes(std::span(&bytes, 1)));
  return bytes;
}

// Whether the segment holds nothing but a genesis, whole or not.
Result<bool> holds_at_most_genesis(platform::Directory& directory, const std::string& name) {
  BATPAK_TRY(const auto file, directory.open_file("log/" + name, platform::OpenMode::read));
  BATPAK_TRY(const segment::SegmentImage image, segment::SegmentImage::load(*file));
  const auto header = segment::SegmentHeader::decode(image.bytes);
  // A header is durable before its segment has a name, so one that is broken is not what an interruption leaves.
  if (!header) return base::all_zero(image.bytes);
  if (header->number != 0) return false;
  segment::CommitWalker walker(image.bytes, *header);
  const segment::WalkStep genesis = walker.next();
  // A torn genesis may have an intact header; one that stands behind it is of another commit.
  if (!genesis.commit) return !walker.skip_fault();
  if (genesis.commit->header.count > 1) return false;
  return walker.next().at_end();
}

// The commit that holds the genesis event alone.
Bytes genesis_commit(const event::StoreMeta& meta, const segment::SegmentHeader& header, Timestamp time,
                     std::int64_t wall_microseconds, platform::Entropy& entropy) {
  event::DraftFrame draft = event::DraftFrame::begin({.entity = event::Genesis::entity,
                                                      .scope = event::store_scope,
                                                      .kind = event::Genesis::kind,
                                                      .payload_version = 1,
                                                      .correlation = {},
                                                      .causation = {},
                                                      .idempotency_key = {},
                                                      .metadata = {},
                                                      .extensions = {}},
                                                     {});
  base::append(draft.payload_buffer(), meta.genesis_payload);
  static_cast<void>(draft.finish(random_bytes<event::Salt>(entropy)));  // neither empty nor large
  segment::CommitHeader commit;
  commit.offset = segment::segment_header_bytes;
  commit.durable_through = {.segment = 0, .offset = segment::segment_header_bytes, .sequence = 0};
  segment::CommitBuilder builder;
  builder.begin();
  event::IdSource ids({});
  const Hash hash = draft.complete(
      {.sequence = 0,
       .stream_version = 0,
       .time = time,
       .wall_microseconds = wall_microseconds,
       .id = ids.next(time.microseconds, random_bytes<std::uint64_t>(entropy), random_bytes<std::uint64_t>(entropy)),
       .previous_sequence = 0,
       .previous_hash = {}},
      builder.add_frame(draft.frame_size()));
  proof::RightEdge tree;
  tree.append(proof::leaf_hash(hash));
  builder.finish(commit, {.tree_size = 1, .root = tree.root(), .signed_size = 0, .signatures = {}}, header.salt);
  return {builder.bytes().begin(), builder.bytes().end()};
}

}  // namespace

Result<Found> look_for_store(platform::Directory& directory) {
  BATPAK_TRY(const auto meta, read_store_meta(directory));
  if (meta) return Found::store;
  BATPAK_CHECK(check_finished(directory));
  BATPAK_TRY(const auto entries, directory.list("."));
  for (const platform::DirectoryEntry& entry : entries) {
    const bool ours = entry.name == log_directory || entry.name == "LOCK" || entry.name == "live" ||
                      entry.name == std::string(event::store_meta_name) + ".tmp" || entry.name == quarantine_directory;
    if (!ours) return fail(ErrorCode::not_a_store, "the directory holds other files and no store");
  }
  if (entries.empty()) return Found::nothing;
  BATPAK_TRY(const bool half_made, is_half_made(directory));
  if (!half_made) {
    return fail(Error(ErrorCode::damaged, "the log has no store.meta").at_path(std::string(event::store_meta_name)));
  }
  return Found::interrupted;
}

Result<bool> is_half_made(platform::Directory& directory) {
  BATPAK_TRY(const auto segments, list_segments(directory));
  if (segments.empty()) return true;
  if (segments.size() > 1) return false;
  return holds_at_most_genesis(directory, segments.front());
}

Result<void> create_store(platform::Directory& directory, const NewStore& options) {
  platform::Entropy& entropy = *options.entropy;
  event::Genesis genesis;
  genesis.created = options.created;
  genesis.format = format_version;
  genesis.key = options.key;
  if (options.recovery_key_hash) genesis.recovery_key_hash = options.recovery_key_hash->bytes;
  genesis.store_id = random_bytes<segment::StoreId>(entropy);
  genesis.origin = options.origin.empty() ? "batpak.invalid/" + base::to_hex(genesis.store_id) : options.origin;
  BATPAK_TRY(const event::StoreMeta meta, event::StoreMeta::make(genesis));

  // Its name before that of store.meta: a store.meta without a log is damage.
  BATPAK_CHECK(directory.make_directory(log_directory));
  BATPAK_CHECK(directory.sync_directory("."));
  BATPAK_TRY(const auto leftovers, list_segments(directory));
  for (const std::string& name : leftovers) BATPAK_CHECK(directory.remove("log/" + name));
  const segment::SegmentHeader header = successor_header(genesis.store_id, 0, 0, {}, entropy);
  const std::string temporary(next_segment_name);
  BATPAK_TRY(const auto file, allocate_segment(directory, temporary, 2 * segment::segment_header_bytes));
  BATPAK_CHECK(file->write_at(0, header.encode()));
  BATPAK_CHECK(publish_segment(directory, *file, temporary, header.first_sequence));
  const Timestamp time = options.first_time.value_or(Timestamp{.microseconds = options.created, .counter = 0});
  BATPAK_CHECK(file->write_at(segment::segment_header_bytes, genesis_commit(meta, header, time, options.created, entropy)));
  BATPAK_CHECK(file->sync_data());
  BATPAK_CHECK(replace_file(directory, std::string(event::store_meta_name), meta.encode()));
  return directory.sync_parent();
}

}  // namespace batpak::recovery
