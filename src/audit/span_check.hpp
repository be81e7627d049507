// What can be checked of a run of commits by itself, without the log around it: CRCs, form, and every hash recomputed.
//
// This is the part of the work that all cores share; History then takes the results in the order of the log.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "audit/finding_list.hpp"
#include "audit/hash_batch.hpp"
#include "audit/segment_reader.hpp"
#include "event/frame_view.hpp"
#include "segment/commit_walker.hpp"
#include "segment/segment_image.hpp"

namespace batpak::audit {

// A segment as it is being read. The image outlives everything that points into it; it is empty where every byte was found in
// whole commits.
struct OpenSegment {
  std::string path;
  std::uint64_t file_bytes = 0;  // when it was opened
  segment::SegmentHeader header;
  bool salt_known = true;  // false: no header and no seal names it, so no commit can be checked, only frames
  segment::SegmentImage image;
};

// A place of a segment where a commit should be and no whole one is.
struct FaultyRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;                       // where the next intact commit header is, or the image ends
  std::optional<std::uint64_t> next_sequence;  // what that one says to be its first sequence
  segment::CommitFault fault;
};

// A piece of work: whole commits that follow each other, or one faulty range.
struct Span {
  std::shared_ptr<const OpenSegment> segment;
  std::shared_ptr<const Window> window;  // has the commits' bytes; absent: the segment's image has them
  std::vector<segment::CommitView> commits;
  std::optional<FaultyRange> fault;
};

enum class SignatureState : std::uint8_t { none, not_checked, good, bad, other_key };

// An event as its own bytes have it.
struct EventFacts {
  std::optional<event::FrameView> frame;  // absent: a frame stands here whose fields cannot be read
  std::uint64_t offset = 0;               // of the frame in its segment
  Hash event_hash;                        // recomputed, as all of them
  Hash content_hash;
  Hash metadata_hash;
  Hash leaf;  // of the tree, from the hash that the frame states
  std::size_t entity_hash = 0;
  SignatureState signature = SignatureState::none;

  [[nodiscard]] bool states_its_hash() const { return frame->event_hash() == event_hash; }
};

struct CheckedCommit {
  std::optional<segment::CommitView> view;  // absent: only frames were found in a faulty range
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::optional<std::uint64_t> next_sequence;  // of a faulty range: where the sequences after it begin
  std::size_t first_event = 0;
  std::size_t events = 0;
};

struct CheckedSpan {
  std::vector<CheckedCommit> commits;
  std::vector<EventFacts> events;
  std::vector<Finding> findings;
  VerifyReport::Subjects subjects;
  std::vector<Bytes> mended;  // commits and frames as they were before one byte was changed; the views point into them
};

// Whose signatures are to be checked.
struct SignerIdentity {
  std::string origin;
  PublicKey key;
};

// Threads: one at a time; one for each thread.
class SpanChecker {
 public:
  explicit SpanChecker(const std::optional<SignerIdentity>& signer);
  [[nodiscard]] CheckedSpan check(const Span& span);

 private:
  struct FoundFrame {
    ByteView bytes;
    std::uint64_t offset = 0;
    bool crc_known_bad = false;
  };

  void split(const segment::CommitView& commit, std::uint64_t offset, CheckedSpan& out);
  void examine_fault(const Span& span, CheckedSpan& out);
  [[nodiscard]] bool mend_commit(const OpenSegment& segment, const FaultyRange& range, CheckedSpan& out);
  void search_frames(const OpenSegment& segment, std::uint64_t begin, std::uint64_t end, CheckedSpan& out);
  [[nodiscard]] bool mend_frame(const OpenSegment& segment, ByteView frame, std::uint64_t offset, CheckedSpan& out);
  void hash_frames(std::string_view path, CheckedSpan& out);
  void compare(std::string_view path, EventFacts& facts, std::vector<Finding>& findings) const;

  const std::optional<SignerIdentity>& signer_;
  std::array<std::byte, 4> key_id_{};
  std::vector<FoundFrame> frames_;
  HashBatch event_hashes_;
  HashBatch content_hashes_;
  HashBatch metadata_hashes_;
};

}  // namespace batpak::audit
