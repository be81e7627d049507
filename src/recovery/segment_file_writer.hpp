// Making the files of a log durable in the order the protocol asks for.
#pragma once

#include "platform/clock.hpp"
#include "recovery/log_state.hpp"

namespace batpak::recovery {

inline constexpr std::string_view next_segment_name = "log/next.tmp";

// Writes `bytes` to `<name>.tmp`, syncs, renames over `name`, which is of the directory itself, and syncs that. Errors: as the
// calls'.
[[nodiscard]] Result<void> replace_file(platform::Directory& directory, const std::string& name, ByteView bytes);

// Makes a segment durable under its name: sync, rename, directory sync. Precondition: `file`, which stands as `temporary`,
// has its space and its header.
[[nodiscard]] Result<void> publish_segment(platform::Directory& directory, platform::File& file,
                                           const std::string& temporary, std::uint64_t first_sequence);

// Creates `temporary` with space for `bytes`, where the file system can reserve it. Errors: no_space, io_error.
[[nodiscard]] Result<std::unique_ptr<platform::File>> allocate_segment(platform::Directory& directory,
                                                                       const std::string& temporary, std::uint64_t bytes);

// A header for the segment that follows `link`. The salt is fresh.
[[nodiscard]] segment::SegmentHeader successor_header(const segment::StoreId& store_id, std::uint64_t number,
                                                      std::uint64_t first_sequence, const proof::RightEdge& tree,
                                                      platform::Entropy& entropy);

// The seal that ends the segment where `link` stands.
struct SealedCommit {
  Bytes bytes;
  segment::CommitHeader header;
};
[[nodiscard]] SealedCommit make_seal(const segment::LinkState& link, std::uint64_t session,
                                     const segment::LogPoint& durable_through, const segment::SegmentSalt& salt,
                                     const proof::RightEdge& tree, const segment::SegmentHeader& successor,
                                     std::uint64_t signed_size, std::vector<segment::StoredSignature> signatures);

}  // namespace batpak::recovery
