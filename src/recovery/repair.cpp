#include "recovery/repair.hpp"

#include "base/try.hpp"
#include "recovery/log_files.hpp"
#include "recovery/segment_file_writer.hpp"

namespace batpak::recovery {
namespace {

using segment::LogPoint;

class Repair {
 public:
  Repair(LogState& state, const Tail& tail, const RecoverOptions& options)
      : state_(state), directory_(*state.directory), tail_(tail), options_(options) {}

  Result<void> run() {
    if (state_.link.durable_through == LogPoint{.segment = 0, .offset = segment::segment_header_bytes, .sequence = 0}) {
      BATPAK_CHECK(rewrite_identity());
    }
    BATPAK_CHECK(rewrite_commits());
    BATPAK_CHECK(cut_behind(tail_.segment, tail_.image.bytes, tail_.torn_bytes));
    if (tail_.rotation_interrupted) {
      BATPAK_CHECK(complete_rotation());
    } else if (tail_.segment + 1 < state_.segments.size()) {
      BATPAK_CHECK(trim_sealed());
      enter_successor();
      // Nothing of it is written again and synced, so a cut of an earlier opening may still not have reached the device.
      if (tail_.blank_torn_bytes == 0) BATPAK_CHECK(sync(state_.segments[tail_.segment + 1]));
      BATPAK_CHECK(cut_behind(tail_.segment + 1, tail_.blank.bytes, tail_.blank_torn_bytes));
    }
    return remove_leftovers();
  }

 private:
  // Nothing says yet that the store was ever synced whole.
  Result<void> rewrite_identity() {
    BATPAK_CHECK(replace_file(directory_, std::string(event::store_meta_name), state_.meta.encode()));
    BATPAK_CHECK(directory_.sync_directory(log_directory));
    return directory_.sync_parent();
  }

  // After a kill or a failed sync the page cache may show bytes that the device never got: write them again, then sync.
  Result<void> rewrite_commits() {
    const std::uint64_t end = state_.link.end.offset;
    if (tail_.rewrite_from >= end) return {};
    BATPAK_TRY(const auto file, directory_.open_file(state_.segments[tail_.segment].path, platform::OpenMode::write));
    BATPAK_CHECK(file->write_at(tail_.rewrite_from,
                                ByteView(tail_.image.bytes).subspan(tail_.rewrite_from, end - tail_.rewrite_from)));
    BATPAK_CHECK(file->sync_all());
    state_.report.commits_rewritten = tail_.commits_to_rewrite;
    return {};
  }

  // Cuts off what stands behind the end of the log, so that it can never be met again.
  Result<void> cut_behind(std::uint32_t number, ByteView image, std::uint64_t torn_bytes) {
    if (torn_bytes == 0) return {};
    SegmentFile& segment = state_.segments[number];
    const std::uint64_t end = state_.link.end.offset;
    state_.report.torn_bytes = torn_bytes;
    state_.report.torn_path = segment.path;
    if (options_.torn_tail == TornTail::quarantine) BATPAK_CHECK(quarantine(segment, image.subspan(end, torn_bytes)));
    return truncate(segment, end);
  }

  Result<void> truncate(SegmentFile& segment, std::uint64_t end) {
    BATPAK_TRY(const auto file, directory_.open_file(segment.path, platform::OpenMode::write));
    BATPAK_CHECK(file->truncate(end));
    BATPAK_CHECK(file->sync_all());
    segment.size = end;
    return {};
  }

  Result<void> sync(const SegmentFile& segment) {
    BATPAK_TRY(const auto file, directory_.open_file(segment.path, platform::OpenMode::write));
    return file->sync_all();
  }

  // A sealed segment ends with its seal; a crash may have come between the two.
  Result<void> trim_sealed() {
    SegmentFile& segment = state_.segments[tail_.segment];
    if (segment.size <= state_.link.end.offset) return {};
    return truncate(segment, state_.link.end.offset);
  }

  Result<void> quarantine(const SegmentFile& segment, ByteView bytes) {
    BATPAK_CHECK(directory_.make_directory(quarantine_directory));
    const std::string stem = std::string(quarantine_directory) + segment.path.substr(log_directory.size()) + "." +
                             std::to_string(state_.link.end.offset) + ".";
    for (std::uint64_t number = 1;; ++number) {
      std::string path = stem + std::to_string(number);
      BATPAK_TRY(const bool taken, directory_.exists(path));
      if (taken) continue;
      BATPAK_TRY(const auto file, directory_.open_file(path, platform::OpenMode::create_new));
      BATPAK_CHECK(file->write_at(0, bytes));
      BATPAK_CHECK(file->sync_all());
      BATPAK_CHECK(directory_.sync_directory(quarantine_directory));
      BATPAK_CHECK(directory_.sync_directory("."));
      state_.report.quarantine_path = std::move(path);
      return {};
    }
  }

  // A successor without a seal that names it: the successor is made anew, since its name or header may not have reached the
  // device; then the seal.
  Result<void> complete_rotation() {
    SegmentFile& segment = state_.segments[tail_.segment];
    SegmentFile& next = state_.segments[tail_.segment + 1];
    const std::string temporary(next_segment_name);
    next.header =
        successor_header(state_.store_id(), next.header.number, state_.link.end.sequence, state_.tree, *options_.entropy);
    BATPAK_TRY(const auto next_file, allocate_segment(directory_, temporary, next.size));
    BATPAK_CHECK(next_file->write_at(0, next.header.encode()));
    BATPAK_CHECK(publish_segment(directory_, *next_file, temporary, next.header.first_sequence));
    const SealedCommit seal =
        make_seal(state_.link, state_.session, state_.link.end, segment.header.salt, state_.tree, next.header, 0, {});
    BATPAK_TRY(const auto file, directory_.open_file(segment.path, platform::OpenMode::write));
    BATPAK_CHECK(file->truncate(state_.link.end.offset + seal.bytes.size()));
    BATPAK_CHECK(file->write_at(state_.link.end.offset, seal.bytes));
    BATPAK_CHECK(file->sync_all());
    segment.size = state_.link.end.offset + seal.bytes.size();
    state_.link.advance(seal.header);
    state_.ends_in_idle_mark = false;
    state_.report.rotation_completed = true;
    enter_successor();
    return {};
  }

  void enter_successor() { state_.link.enter_segment(tail_.segment + 1); }

  // What an interrupted preparation left behind; not part of the log.
  Result<void> remove_leftovers() {
    BATPAK_CHECK(directory_.remove(std::string(event::store_meta_name) + ".tmp"));
    return directory_.remove(next_segment_name);
  }

  LogState& state_;
  platform::Directory& directory_;
  const Tail& tail_;
  const RecoverOptions& options_;
};

}  // namespace

Result<void> repair(LogState& state, const Tail& tail, const RecoverOptions& options) {
  return Repair(state, tail, options).run();
}

}  // namespace batpak::recovery
