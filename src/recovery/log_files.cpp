#include "recovery/log_files.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "segment/segment_image.hpp"

namespace batpak::recovery {
namespace {

using base::fail;

}  // namespace

Result<std::optional<event::StoreMeta>> read_store_meta(platform::Directory& directory) {
  BATPAK_TRY(const bool there, directory.exists(event::store_meta_name));
  if (!there) return std::optional<event::StoreMeta>{};
  BATPAK_TRY(const auto file, directory.open_file(event::store_meta_name, platform::OpenMode::read));
  Bytes bytes(event::store_meta_bytes_max + 1);
  BATPAK_TRY(const std::size_t size, file->read_at(0, bytes));
  bytes.resize(size);
  auto meta = event::StoreMeta::decode(bytes);
  if (!meta) return fail(std::move(meta).error().at_path(std::string(event::store_meta_name)));
  return std::optional(*std::move(meta));
}

Result<void> check_finished(platform::Directory& directory) {
  BATPAK_TRY(const bool there, directory.exists(event::unfinished_meta_name));
  if (there) return fail(ErrorCode::not_a_store, "a salvage that did not finish left this: remove it and salvage again");
  return {};
}

Result<std::vector<std::string>> list_segments(const platform::Directory& directory) {
  BATPAK_TRY(const bool there, directory.exists(log_directory));
  std::vector<std::string> names;
  if (!there) return names;
  BATPAK_TRY(const auto entries, directory.list(log_directory));
  for (const platform::DirectoryEntry& entry : entries) {
    if (!entry.name.ends_with(".seg")) continue;
    if (!segment::parse_segment_file_name(entry.name)) {
      return fail(Error(ErrorCode::damaged, "a file in log/ is named as no segment is").at_path("log/" + entry.name));
    }
    names.push_back(entry.name);
  }
  std::ranges::sort(names);  // 20 digits sort as numbers do
  return names;
}

Result<SegmentFile> read_segment_file(platform::Directory& directory, const std::string& name,
                                      const segment::StoreId& store_id) {
  SegmentFile segment;
  segment.path = std::string(log_directory) + "/" + name;
  const auto refuse = [&](ErrorCode code, std::string message) {
    return fail(Error(code, std::move(message)).at_path(segment.path).at_offset(0));
  };
  BATPAK_TRY(const auto file, directory.open_file(segment.path, platform::OpenMode::read));
  BATPAK_TRY(segment.size, file->size());
  if (segment.size == 0) return refuse(ErrorCode::damaged, "the segment is empty");
  if (const auto fits = segment::check_segment_size(segment.size); !fits)
    return refuse(fits.error().code, fits.error().message);
  Bytes bytes(segment::segment_header_bytes);
  BATPAK_TRY(const std::size_t size, file->read_at(0, bytes));
  bytes.resize(size);
  auto header = segment::SegmentHeader::decode(bytes);
  if (!header) {
    const ErrorCode code = header.error().code == ErrorCode::newer_format ? ErrorCode::newer_format : ErrorCode::damaged;
    return refuse(code, header.error().message);
  }
  segment.header = *std::move(header);
  if (segment.header.store_id != store_id) return refuse(ErrorCode::foreign_segment, "the segment belongs to another store");
  BATPAK_TRY(const std::uint64_t named_sequence, segment::parse_segment_file_name(name));
  if (named_sequence != segment.header.first_sequence) {
    return refuse(ErrorCode::damaged, "the segment's name is not that of its first sequence");
  }
  return segment;
}

}  // namespace batpak::recovery
