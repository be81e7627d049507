// The files of a store's directory: what is there, and whether it can be a log.
#pragma once

#include <optional>
#include <vector>

#include "recovery/log_state.hpp"

namespace batpak::recovery {

inline constexpr std::string_view log_directory = "log";
inline constexpr std::string_view quarantine_directory = "quarantine";

// Reads store.meta; nothing where there is none. Errors: damaged, newer_format, io_error.
[[nodiscard]] Result<std::optional<event::StoreMeta>> read_store_meta(platform::Directory& directory);

// Errors: not_a_store for what a salvage left that did not finish, whose store.meta has another name yet.
[[nodiscard]] Result<void> check_finished(platform::Directory& directory);

// The names of the segments in log/, in the order of their first sequences; empty where there is no log/.
// Errors: damaged for a name ending in .seg that is no segment's.
[[nodiscard]] Result<std::vector<std::string>> list_segments(const platform::Directory& directory);

// Opens one segment and reads its header. Errors: damaged (empty, header broken, misnamed), newer_format, foreign_segment.
[[nodiscard]] Result<SegmentFile> read_segment_file(platform::Directory& directory, const std::string& name,
                                                    const segment::StoreId& store_id);

}  // namespace batpak::recovery
