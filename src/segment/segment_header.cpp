#include "segment/segment_header.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/crc32c.hpp"
#include "base/try.hpp"

namespace batpak::segment {
namespace {

using base::fail;
using base::load_le;
using base::store_le;

constexpr std::string_view magic = "batpakS1";
constexpr std::size_t at_length = 4;
constexpr std::size_t at_magic = 8;
constexpr std::size_t at_version = 16;
constexpr std::size_t at_edge_count = 20;
constexpr std::size_t at_store_id = 24;
constexpr std::size_t at_number = 40;
constexpr std::size_t at_first_sequence = 48;
constexpr std::size_t at_salt = 56;
constexpr std::size_t at_edge = 72;
constexpr std::size_t edge_hashes_max = 64;
static_assert(at_edge + edge_hashes_max * Hash::bytes_size <= segment_header_bytes);

constexpr std::string_view file_suffix = ".seg";
constexpr std::size_t file_digits = 20;

}  // namespace

Bytes SegmentHeader::encode() const {
  Bytes bytes(segment_header_bytes);
  std::byte* const at = bytes.data();
  store_le<std::uint32_t>(at + at_length, segment_header_bytes);
  std::ranges::copy(base::as_bytes(magic), at + at_magic);
  store_le(at + at_version, format_version);
  store_le(at + at_edge_count, static_cast<std::uint32_t>(right_edge.size()));
  std::ranges::copy(store_id, at + at_store_id);
  store_le(at + at_number, number);
  store_le(at + at_first_sequence, first_sequence);
  std::ranges::copy(salt, at + at_salt);
  std::byte* edge = at + at_edge;
  for (const Hash& hash : right_edge) edge = std::ranges::copy(hash.bytes, edge).out;
  store_le(at, base::crc32c(ByteView(bytes).subspan(at_length)));
  return bytes;
}

Result<SegmentHeader> SegmentHeader::decode(ByteView bytes) {
  if (bytes.size() < segment_header_bytes) return fail(ErrorCode::truncated, "the segment is shorter than its header");
  bytes = bytes.first(segment_header_bytes);
  if (!std::ranges::equal(bytes.subspan(at_magic, magic.size()), base::as_bytes(magic))) {
    return fail(ErrorCode::malformed, "the segment does not begin as one");
  }
  if (load_le<std::uint32_t>(bytes.data() + at_version) > format_version) {
    return fail(ErrorCode::newer_format, "the segment was written in a newer format");
  }
  if (load_le<std::uint32_t>(bytes.data()) != base::crc32c(bytes.subspan(at_length))) {
    return fail(ErrorCode::malformed, "the segment header's CRC does not match");
  }
  SegmentHeader header;
  const auto edge_count = load_le<std::uint32_t>(bytes.data() + at_edge_count);
  header.number = load_le<std::uint64_t>(bytes.data() + at_number);
  header.first_sequence = load_le<std::uint64_t>(bytes.data() + at_first_sequence);
  if (load_le<std::uint32_t>(bytes.data() + at_version) != format_version ||
      load_le<std::uint32_t>(bytes.data() + at_length) != segment_header_bytes ||
      edge_count != static_cast<std::uint32_t>(std::popcount(header.first_sequence))) {
    return fail(ErrorCode::malformed, "the segment header contradicts itself");
  }
  std::ranges::copy(bytes.subspan(at_store_id, header.store_id.size()), header.store_id.begin());
  std::ranges::copy(bytes.subspan(at_salt, header.salt.size()), header.salt.begin());
  header.right_edge.resize(edge_count);
  std::size_t at = at_edge;
  for (Hash& hash : header.right_edge) {
    std::ranges::copy(bytes.subspan(at, Hash::bytes_size), hash.bytes.begin());
    at += Hash::bytes_size;
  }
  if (!base::all_zero(bytes.subspan(at))) return fail(ErrorCode::malformed, "the segment header's padding is not zero");
  return header;
}

std::string segment_file_name(std::uint64_t first_sequence) {
  std::string digits = std::to_string(first_sequence);
  return std::string(file_digits - digits.size(), '0') + digits + std::string(file_suffix);
}

std::string segment_path(std::uint64_t first_sequence) { return "log/" + segment_file_name(first_sequence); }

Result<std::uint64_t> parse_segment_file_name(std::string_view name) {
  std::uint64_t first_sequence = 0;
  if (name.size() == file_digits + file_suffix.size() && name.ends_with(file_suffix)) {
    const auto [end, problem] = std::from_chars(name.data(), name.data() + file_digits, first_sequence);
    if (problem == std::errc{} && end == name.data() + file_digits) return first_sequence;
  }
  return fail(ErrorCode::malformed, "'" + std::string(name) + "' is not the name of a segment");
}

}  // namespace batpak::segment
