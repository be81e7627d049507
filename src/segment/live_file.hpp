// <dir>/live: what a live writer has made durable, for readers in other processes. Not truth, never synced.
//
//   offset  size  field
//   0       4     CRC-32C of bytes 4..64
//   4       4     length, 64
//   8       8     "batpakL1"
//   16      16    store id
//   32      8     session of the writer
//   40      24    durable-through: segment (8), offset (8), sequence (8)
#pragma once

#include "platform/file_system.hpp"
#include "segment/log_point.hpp"
#include "segment/segment_header.hpp"

namespace batpak::segment {

inline constexpr std::string_view live_file_name = "live";
inline constexpr std::size_t live_bytes = 64;

struct LiveRecord {
  StoreId store_id{};
  std::uint64_t session = 0;
  LogPoint durable_through;

  friend bool operator==(const LiveRecord&, const LiveRecord&) = default;

  [[nodiscard]] std::array<std::byte, live_bytes> encode() const;
  // Errors: malformed, also for a record that is being overwritten at this moment: read again.
  [[nodiscard]] static Result<LiveRecord> decode(ByteView bytes);
};

// Errors: not_found when there is none.
[[nodiscard]] Result<LiveRecord> read_live(platform::Directory& directory);

}  // namespace batpak::segment
