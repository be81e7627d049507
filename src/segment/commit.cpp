#include "segment/commit.hpp"

#include <algorithm>
#include <cassert>

#include "base/crc32c.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"

namespace batpak::segment {
namespace {

using base::fail;
using base::load_le;
using base::store_le;

constexpr std::uint32_t magic = 0x436B7062;  // "bpkC" as bytes
constexpr std::size_t at_commit_crc = 4;
constexpr std::size_t at_magic = 8;
constexpr std::size_t at_type = 12;
constexpr std::size_t at_segment = 16;
constexpr std::size_t at_offset = 24;
constexpr std::size_t at_first_sequence = 32;
constexpr std::size_t at_count = 40;
constexpr std::size_t at_length = 44;
constexpr std::size_t at_session = 48;
constexpr std::size_t at_durable_segment = 56;
constexpr std::size_t at_durable_offset = 64;
constexpr std::size_t at_durable_sequence = 72;
constexpr std::size_t at_previous_crc = 80;
constexpr std::size_t at_reserved = 84;

constexpr std::size_t end_root = 8;
constexpr std::size_t end_signed_size = 40;
constexpr std::size_t end_list_length = 48;
constexpr std::size_t end_reserved = 52;
constexpr std::size_t end_list = 56;
constexpr std::size_t trailer_bytes = 8;
constexpr std::size_t signature_prefix_bytes = 4;

std::size_t list_size(const std::vector<StoredSignature>& signatures) noexcept {
  std::size_t size = 0;
  for (const StoredSignature& signature : signatures) {
    size += signature_prefix_bytes + signature.name.size() + signature.signature.size();
  }
  return size;
}

Result<std::vector<StoredSignature>> decode_signatures(ByteView list) {
  std::vector<StoredSignature> signatures;
  while (!list.empty()) {
    if (signatures.size() == limits::signature_list_max)
      return fail(ErrorCode::malformed, "the commit has too many signatures");
    if (list.size() < signature_prefix_bytes) return fail(ErrorCode::malformed, "a signature in the commit is cut off");
    const std::size_t name_length = load_le<std::uint16_t>(list.data());
    const std::size_t length = load_le<std::uint16_t>(list.data() + 2);
    if (name_length > limits::origin_bytes_max || length < 4 || length > limits::signature_bytes_max ||
        name_length + length > list.size() - signature_prefix_bytes) {
      return fail(ErrorCode::malformed, "a signature in the commit has an impossible length");
    }
    const ByteView signature = list.subspan(signature_prefix_bytes + name_length, length);
    signatures.push_back({.name = std::string(base::as_text(list.subspan(signature_prefix_bytes, name_length))),
                          .signature = Bytes(signature.begin(), signature.end())});
    list = list.subspan(signature_prefix_bytes + name_length + length);
  }
  return signatures;
}

Result<CommitEnd> decode_end(ByteView end) {
  assert(end.size() >= commit_end_bytes_min);
  const std::size_t length = load_le<std::uint32_t>(end.data() + end_list_length);
  if (length > end.size() || base::align_up(end_list + length, 8) + trailer_bytes != end.size()) {
    return fail(ErrorCode::malformed, "the end of the commit contradicts its length");
  }
  const ByteView padding = end.subspan(end_list + length, end.size() - 4 - end_list - length);
  if (load_le<std::uint32_t>(end.data() + end_reserved) != 0 || !base::all_zero(padding)) {
    return fail(ErrorCode::malformed, "reserved bytes of the commit are not zero");
  }
  CommitEnd decoded;
  decoded.tree_size = load_le<std::uint64_t>(end.data());
  std::copy_n(end.data() + end_root, Hash::bytes_size, decoded.root.bytes.begin());
  decoded.signed_size = load_le<std::uint64_t>(end.data() + end_signed_size);
  BATPAK_TRY(decoded.signatures, decode_signatures(end.subspan(end_list, length)));
  if ((decoded.signed_size == 0) != decoded.signatures.empty()) {
    return fail(ErrorCode::malformed, "the commit contradicts itself about signatures");
  }
  return decoded;
}

// Of the frame at the start of `bytes`, if one lies within them by its length; else 0.
std::size_t frame_length(ByteView bytes) noexcept {
  if (bytes.size() < frame_prefix_bytes) return 0;
  const std::size_t length = load_le<std::uint32_t>(bytes.data() + 4);
  return length <= frame_prefix_bytes || length % 8 != 0 || length > bytes.size() ? 0 : length;
}

// Where the body of a commit ends. Frames say it themselves; marks and seals have bodies of fixed size.
Result<std::size_t> body_size(ByteView after_header, const CommitHeader& header) {
  if (header.type == CommitType::idle_mark) return std::size_t{0};
  if (header.type == CommitType::seal) return seal_body_bytes;
  std::size_t size = 0;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    BATPAK_TRY(const ByteView frame, frame_at(after_header.subspan(size)));
    size += frame.size();
  }
  return size;
}

}  // namespace

Result<ByteView> frame_at(ByteView bytes) {
  if (bytes.size() < frame_prefix_bytes) return fail(ErrorCode::malformed, "a frame is cut off");
  const std::size_t length = frame_length(bytes);
  if (length == 0) return fail(ErrorCode::malformed, "a frame's length is impossible");
  return bytes.first(length);
}

bool frame_crc_matches(ByteView frame) noexcept {
  return load_le<std::uint32_t>(frame.data()) == base::crc32c(frame.subspan(4));
}

ByteView FrameSplitter::next() noexcept {
  const std::size_t length = frame_length(rest_);
  const ByteView frame = rest_.first(length);
  rest_ = rest_.subspan(length);
  return frame;
}

Result<CommitHeader> decode_commit_header(ByteView bytes, const SegmentSalt& salt) {
  if (bytes.size() < commit_header_bytes) return fail(ErrorCode::truncated, "the commit's header is cut off");
  const std::byte* const at = bytes.data();
  if (load_le<std::uint32_t>(at + at_magic) != magic) return fail(ErrorCode::malformed, "no commit begins here");
  const std::uint32_t crc =
      base::crc32c(bytes.subspan(at_commit_crc, commit_header_bytes - at_commit_crc), base::crc32c(salt));
  if (load_le<std::uint32_t>(at) != crc) return fail(ErrorCode::malformed, "the commit header's CRC does not match");
  const auto type = load_le<std::uint32_t>(at + at_type);
  if (type < 1 || type > 3) return fail(ErrorCode::newer_format, "the commit has a type that this version does not know");
  CommitHeader header;
  header.type = static_cast<CommitType>(type);
  header.segment = load_le<std::uint64_t>(at + at_segment);
  header.offset = load_le<std::uint64_t>(at + at_offset);
  header.first_sequence = load_le<std::uint64_t>(at + at_first_sequence);
  header.count = load_le<std::uint32_t>(at + at_count);
  header.length = load_le<std::uint32_t>(at + at_length);
  header.session = load_le<std::uint64_t>(at + at_session);
  header.durable_through = {load_le<std::uint64_t>(at + at_durable_segment), load_le<std::uint64_t>(at + at_durable_offset),
                            load_le<std::uint64_t>(at + at_durable_sequence)};
  header.previous_crc = load_le<std::uint32_t>(at + at_previous_crc);
  header.commit_crc = load_le<std::uint32_t>(at + at_commit_crc);
  if (load_le<std::uint32_t>(at + at_reserved) != 0 || header.length < commit_header_bytes + commit_end_bytes_min ||
      header.length > limits::commit_bytes_max || header.length % 8 != 0 ||
      (header.type == CommitType::events) != (header.count != 0)) {
    return fail(ErrorCode::malformed, "the commit header contradicts itself");
  }
  return header;
}

Result<CommitView> decode_commit(ByteView bytes, const SegmentSalt& salt, std::uint64_t segment, std::uint64_t offset) {
  CommitView commit;
  BATPAK_TRY(commit.header, decode_commit_header(bytes, salt));
  if (commit.header.segment != segment || commit.header.offset != offset) {
    return fail(ErrorCode::malformed, "the commit belongs to another place");
  }
  if (commit.header.length > bytes.size()) return fail(ErrorCode::truncated, "the commit is cut off");
  commit.bytes = bytes.first(commit.header.length);
  if (commit.header.commit_crc != base::crc32c(commit.bytes.subspan(at_magic), base::crc32c(salt))) {
    return fail(ErrorCode::malformed, "the commit's CRC does not match");
  }
  const ByteView after_header = commit.bytes.subspan(commit_header_bytes);
  BATPAK_TRY(const std::size_t size, body_size(after_header, commit.header));
  if (size + commit_end_bytes_min > after_header.size() ||
      load_le<std::uint32_t>(commit.bytes.data() + commit.bytes.size() - 4) != commit.header.length) {
    return fail(ErrorCode::malformed, "the commit's length contradicts its parts");
  }
  commit.body = after_header.first(size);
  BATPAK_TRY(commit.end, decode_end(after_header.subspan(size)));
  if (commit.header.type == CommitType::seal) {
    Seal seal;
    seal.segment_end = load_le<std::uint64_t>(commit.body.data());
    seal.successor = load_le<std::uint64_t>(commit.body.data() + 8);
    seal.first_sequence = load_le<std::uint64_t>(commit.body.data() + 16);
    std::copy_n(commit.body.data() + 24, seal.successor_salt.size(), seal.successor_salt.begin());
    commit.seal = seal;
  }
  return commit;
}

bool commit_crcs_match(ByteView bytes, const SegmentSalt& salt, std::uint64_t segment, std::uint64_t offset) noexcept {
  if (bytes.size() < commit_header_bytes || load_le<std::uint32_t>(bytes.data() + at_magic) != magic) return false;
  const std::uint32_t salt_crc = base::crc32c(salt);
  const ByteView header = bytes.first(commit_header_bytes);
  if (load_le<std::uint64_t>(header.data() + at_segment) != segment) return false;
  if (load_le<std::uint64_t>(header.data() + at_offset) != offset) return false;
  if (load_le<std::uint32_t>(header.data()) != base::crc32c(header.subspan(at_commit_crc), salt_crc)) return false;
  const std::size_t length = load_le<std::uint32_t>(header.data() + at_length);
  return length >= commit_header_bytes && length <= bytes.size() &&
         load_le<std::uint32_t>(header.data() + at_commit_crc) ==
             base::crc32c(bytes.first(length).subspan(at_magic), salt_crc);
}

std::size_t commit_size(std::size_t body_bytes, const std::vector<StoredSignature>& signatures) noexcept {
  return commit_header_bytes + body_bytes + base::align_up(end_list + list_size(signatures), 8) + trailer_bytes;
}

void CommitBuilder::begin() {
  frame_sizes_.clear();
  buffer_.clear();
  buffer_.resize(commit_header_bytes);
}

std::span<std::byte> CommitBuilder::add_frame(std::size_t size) {
  assert(size % 8 == 0 && size > frame_prefix_bytes);
  frame_offset_ = buffer_.size();
  buffer_.resize(frame_offset_ + size);
  frame_sizes_.push_back(static_cast<std::uint32_t>(size));
  return std::span(buffer_).subspan(frame_offset_);
}

std::span<std::byte> CommitBuilder::resize_frame(std::size_t size) {
  assert(!frame_sizes_.empty());
  frame_sizes_.pop_back();
  buffer_.resize(frame_offset_);
  return add_frame(size);
}

void CommitBuilder::finish_frames() {
  std::span<std::byte> rest = std::span(buffer_).subspan(commit_header_bytes);
  for (const std::uint32_t size : frame_sizes_) {
    const std::span<std::byte> frame = rest.first(size);
    store_le(frame.data() + 4, size);
    store_le(frame.data(), base::crc32c(frame.subspan(4)));
    rest = rest.subspan(size);
  }
}

void CommitBuilder::add_seal(const Seal& seal) {
  base::append_le(buffer_, seal.segment_end);
  base::append_le(buffer_, seal.successor);
  base::append_le(buffer_, seal.first_sequence);
  base::append(buffer_, seal.successor_salt);
}

CommitHeader CommitBuilder::finish(CommitHeader header, const CommitEnd& end, const SegmentSalt& salt) {
  finish_frames();
  header.count = count();
  base::append_le(buffer_, end.tree_size);
  base::append(buffer_, end.root.bytes);
  base::append_le(buffer_, end.signed_size);
  base::append_le(buffer_, static_cast<std::uint32_t>(list_size(end.signatures)));
  base::append_le<std::uint32_t>(buffer_, 0);
  for (const StoredSignature& signature : end.signatures) {
    base::append_le(buffer_, static_cast<std::uint16_t>(signature.name.size()));
    base::append_le(buffer_, static_cast<std::uint16_t>(signature.signature.size()));
    base::append(buffer_, base::as_bytes(signature.name));
    base::append(buffer_, signature.signature);
  }
  buffer_.resize(base::align_up(buffer_.size(), 8) + trailer_bytes);
  header.length = static_cast<std::uint32_t>(buffer_.size());
  std::byte* const at = buffer_.data();
  store_le(at + buffer_.size() - 4, header.length);
  store_le(at + at_magic, magic);
  store_le(at + at_type, static_cast<std::uint32_t>(header.type));
  store_le(at + at_segment, header.segment);
  store_le(at + at_offset, header.offset);
  store_le(at + at_first_sequence, header.first_sequence);
  store_le(at + at_count, header.count);
  store_le(at + at_length, header.length);
  store_le(at + at_session, header.session);
  store_le(at + at_durable_segment, header.durable_through.segment);
  store_le(at + at_durable_offset, header.durable_through.offset);
  store_le(at + at_durable_sequence, header.durable_through.sequence);
  store_le(at + at_previous_crc, header.previous_crc);
  store_le<std::uint32_t>(at + at_reserved, 0);
  const std::uint32_t salt_crc = base::crc32c(salt);
  header.commit_crc = base::crc32c(ByteView(buffer_).subspan(at_magic), salt_crc);
  store_le(at + at_commit_crc, header.commit_crc);
  store_le(at, base::crc32c(ByteView(buffer_).subspan(at_commit_crc, commit_header_bytes - at_commit_crc), salt_crc));
  return header;
}

}  // namespace batpak::segment
