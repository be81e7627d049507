// A commit: the atomic unit on disk. One or more events made durable and visible together, or a mark that says something
// about those before.
//
//   offset  size  field                                          Commit header, 88 bytes
//   0       4     header CRC: CRC-32C of salt ‖ bytes 4..88
//   4       4     commit CRC: CRC-32C of salt ‖ bytes 8..length
//   8       4     "bpkC"
//   12      4     type: 1 events, 2 idle mark, 3 seal
//   16      8     segment number
//   24      8     offset of this commit in its segment
//   32      8     first sequence
//   40      4     number of events
//   44      4     length of the commit, a multiple of 8
//   48      8     session: one more at each writable open
//   56      24    durable-through: segment (8), offset (8), sequence (8)
//   80      4     commit CRC of the previous commit; 0 for the first of the log
//   84      4     zero
//   88            body: the frames one after the other; of a seal, 40 bytes:
//                   end of the segment (8), successor's number (8), first sequence (8), salt (16); of an idle mark, nothing
//                 end:
//   0       8     tree size
//   8       32    root
//   40      8     signed size: tree size of the checkpoint that the signatures are of; 0 where there are none
//   48      4     L, length of the signature list
//   52      4     zero
//   56      L     signatures: name length (2; 0 means the store's origin), length (2), name, key id and signature
//           0–7   zero
//           4     zero
//           4     length of the commit, again, so that a seal can be found from the end of its file
//
// Every CRC stands before the bytes it covers. A CRC-32C over bytes that end in their own CRC is a constant, so an outer
// CRC would be blind to them.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "batpak/hash.hpp"
#include "segment/log_point.hpp"
#include "segment/segment_header.hpp"

namespace batpak::segment {

inline constexpr std::size_t commit_header_bytes = 88;
inline constexpr std::size_t commit_end_bytes_min = 64;
inline constexpr std::size_t seal_body_bytes = 40;
inline constexpr std::size_t frame_prefix_bytes = 8;

enum class CommitType : std::uint32_t { events = 1, idle_mark = 2, seal = 3 };

struct CommitHeader {
  CommitType type = CommitType::events;
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  std::uint64_t first_sequence = 0;
  std::uint32_t count = 0;
  std::uint32_t length = 0;
  std::uint64_t session = 0;
  LogPoint durable_through;
  std::uint32_t previous_crc = 0;
  std::uint32_t commit_crc = 0;

  [[nodiscard]] std::uint64_t next_sequence() const noexcept { return first_sequence + count; }
  [[nodiscard]] LogPoint end() const noexcept { return {segment, offset + length, next_sequence()}; }
};

struct StoredSignature {
  std::string name;  // empty: the store's origin
  Bytes signature;   // key id (4 bytes) and what follows it in the base64 of a signed note's line
};

struct CommitEnd {
  std::uint64_t tree_size = 0;
  Hash root;
  std::uint64_t signed_size = 0;
  std::vector<StoredSignature> signatures;
};

struct Seal {
  std::uint64_t segment_end = 0;  // bytes
  std::uint64_t successor = 0;    // number of the next segment
  std::uint64_t first_sequence = 0;
  SegmentSalt successor_salt{};
};

// A commit read from bytes that hold it whole. Owner: whoever owns the bytes.
struct CommitView {
  CommitHeader header;
  ByteView bytes;  // the whole commit
  ByteView body;
  CommitEnd end;
  std::optional<Seal> seal;  // of a seal
};

// Only the header, if its CRC matches: nothing about the rest is checked. `bytes` starts at the commit and holds at least the
// header. Errors: malformed; newer_format for an intact header of an unknown type.
[[nodiscard]] Result<CommitHeader> decode_commit_header(ByteView bytes, const SegmentSalt& salt);

// The whole commit at the start of `bytes`, checked: both CRCs, its own number and offset, its parts. Frames are only split
// by split_frames(). Errors: malformed, truncated, newer_format; the offset in an error is that of the commit.
[[nodiscard]] Result<CommitView> decode_commit(ByteView bytes, const SegmentSalt& salt, std::uint64_t segment,
                                               std::uint64_t offset);

// Steps through the frames of a commit's body, by their lengths only.
//
//   FrameSplitter frames(commit.body);
//   for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) …
class FrameSplitter {
 public:
  explicit FrameSplitter(ByteView body) : rest_(body) {}
  // The next frame; empty after the last, and where none begins by its length, which in a decoded commit of events is the same.
  [[nodiscard]] ByteView next() noexcept;

 private:
  ByteView rest_;
};

// Whether the CRC in front of a frame matches it. Precondition: a frame as split_frames or frame_at gave it.
[[nodiscard]] bool frame_crc_matches(ByteView frame) noexcept;
// The frame at the start of `bytes` by its length field. Errors: malformed when it does not lie within.
[[nodiscard]] Result<ByteView> frame_at(ByteView bytes);

// Whether a commit of this place begins here and both its CRCs match, whatever else it says.
[[nodiscard]] bool commit_crcs_match(ByteView bytes, const SegmentSalt& salt, std::uint64_t segment,
                                     std::uint64_t offset) noexcept;

// Lays a commit out in one buffer that is used again for the next one.
//
//   builder.begin(); span = builder.add_frame(size); …fill…; builder.finish(header, end, salt);
//
// Threads: one.
class CommitBuilder {
 public:
  void begin();
  // Room for a frame of `size` bytes, a multiple of 8, all of which but its length and CRC the caller fills in. Valid until
  // the next add_frame().
  [[nodiscard]] std::span<std::byte> add_frame(std::size_t size);
  // The frame added last, with other room, to be filled in anew.
  [[nodiscard]] std::span<std::byte> resize_frame(std::size_t size);
  void add_seal(const Seal& seal);
  // Puts in the header and the end; lengths, count and CRCs are its own. Returns the header as written.
  CommitHeader finish(CommitHeader header, const CommitEnd& end, const SegmentSalt& salt);
  [[nodiscard]] ByteView bytes() const noexcept { return buffer_; }
  [[nodiscard]] std::uint32_t count() const noexcept { return static_cast<std::uint32_t>(frame_sizes_.size()); }
  // Where the frame added last begins, in bytes from the start of the commit.
  [[nodiscard]] std::size_t frame_offset() const noexcept { return frame_offset_; }
  void reserve(std::size_t bytes) { buffer_.reserve(bytes); }

 private:
  void finish_frames();

  Bytes buffer_;
  std::vector<std::uint32_t> frame_sizes_;
  std::size_t frame_offset_ = 0;
};

// The size of a commit whose body has `body_bytes` and whose end has these signatures.
[[nodiscard]] std::size_t commit_size(std::size_t body_bytes, const std::vector<StoredSignature>& signatures) noexcept;

}  // namespace batpak::segment
