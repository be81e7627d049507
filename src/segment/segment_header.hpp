// The first 4096 bytes of a segment.
//
//   offset  size  field
//   0       4     CRC-32C of bytes 4..4096
//   4       4     length of the header, 4096
//   8       8     "batpakS1"
//   16      4     format version, 1
//   20      4     n, number of hashes in the right edge: the bits set in the first sequence
//   24      16    store id
//   40      8     segment number, dense from 0
//   48      8     first sequence, which is also the size of the Merkle tree where the segment begins
//   56      16    salt, random, under which the commits of this segment are checked
//   72      32·n  right edge of the tree: the roots of its perfect subtrees, largest first
//   …             zero
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/format_version.hpp"
#include "batpak/hash.hpp"

namespace batpak::segment {

inline constexpr std::size_t segment_header_bytes = 4096;

using StoreId = std::array<std::byte, 16>;
using SegmentSalt = std::array<std::byte, 16>;

struct SegmentHeader {
  StoreId store_id{};
  std::uint64_t number = 0;
  std::uint64_t first_sequence = 0;
  SegmentSalt salt{};
  std::vector<Hash> right_edge;

  [[nodiscard]] Bytes encode() const;
  // Errors: truncated, newer_format, malformed (also for a CRC that does not match). The store id is the caller's to compare.
  [[nodiscard]] static Result<SegmentHeader> decode(ByteView bytes);
};

// "00000000000000000042.seg": the first sequence in 20 digits.
[[nodiscard]] std::string segment_file_name(std::uint64_t first_sequence);
// "log/00000000000000000042.seg"
[[nodiscard]] std::string segment_path(std::uint64_t first_sequence);
// Errors: malformed for a name of another form.
[[nodiscard]] Result<std::uint64_t> parse_segment_file_name(std::string_view name);

}  // namespace batpak::segment
