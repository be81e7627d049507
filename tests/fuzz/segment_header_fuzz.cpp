// The first 4096 bytes of a segment, and its name.
#include <bit>

#include "base/crc32c.hpp"
#include "fuzz/target.hpp"
#include "proof/merkle.hpp"
#include "segment/segment_header.hpp"

namespace batpak::fuzz {
namespace {

constexpr std::size_t right_edge_at = 72;

void check_header(ByteView bytes) {
  const auto header = segment::SegmentHeader::decode(bytes);
  if (!header) return;
  require(same_bytes(header->encode(), bytes.first(segment::segment_header_bytes)),
          "a segment header that is read is written the same way");
  require(header->right_edge.size() == static_cast<std::size_t>(std::popcount(header->first_sequence)),
          "the right edge has a root for each bit of the first sequence");
  const auto edge = proof::RightEdge::from(header->first_sequence, header->right_edge);
  require(edge.has_value(), "a header's right edge is one");
  require(edge->size() == header->first_sequence, "a right edge knows its size");
  const std::string name = segment::segment_file_name(header->first_sequence);
  require(segment::parse_segment_file_name(name) == header->first_sequence,
          "the name of a segment gives its first sequence");
}

void check_name(std::string_view name) {
  const auto sequence = segment::parse_segment_file_name(name);
  if (sequence) require(segment::segment_file_name(*sequence) == name, "a segment has one name");
}

// A header has few fields and many zeros: the input is the fields, the zeros need not be guessed.
// Witness: decoder_stays_in_bounds
const Target segment_header("segment_header", [](ByteView input) {
  check_header(input);
  check_name(base::as_text(input));
  Bytes padded(input.begin(), input.end());
  padded.resize(std::max(input.size(), segment::segment_header_bytes));
  base::store_le(padded.data(), base::crc32c(ByteView(padded).subspan(4)));
  check_header(padded);
  // The number of roots and the length of the header as they must be, for whatever the first sequence is.
  const auto first_sequence = base::load_le<std::uint64_t>(padded.data() + 48);
  base::store_le<std::uint32_t>(padded.data() + 4, segment::segment_header_bytes);
  base::store_le(padded.data() + 20, static_cast<std::uint32_t>(std::popcount(first_sequence)));
  const std::size_t edge_end = right_edge_at + static_cast<std::size_t>(std::popcount(first_sequence)) * Hash::bytes_size;
  std::fill(padded.begin() + static_cast<std::ptrdiff_t>(edge_end), padded.end(), std::byte{0});
  base::store_le(padded.data(), base::crc32c(ByteView(padded).first(segment::segment_header_bytes).subspan(4)));
  check_header(padded);
});

}  // namespace
}  // namespace batpak::fuzz
