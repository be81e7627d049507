#include "segment/commit_walker.hpp"

#include <cassert>

#include "base/limits.hpp"
#include "base/try.hpp"

namespace batpak::segment {
namespace {

using base::fail;

constexpr std::uint64_t commit_alignment = 8;

}  // namespace

Result<CommitView> CommitWalker::commit_at(std::uint64_t offset) const {
  BATPAK_TRY(CommitView commit, decode_commit(from(offset), salt_, segment_, offset));
  if (commit.header.type == CommitType::idle_mark && offset % limits::sector_bytes != 0) {
    return fail(ErrorCode::malformed, "an idle mark does not begin at a sector of its own");
  }
  return commit;
}

WalkStep CommitWalker::next() {
  if (offset_ >= end()) return {};
  Result<CommitView> here = commit_at(offset_);
  if (here) {
    offset_ += here->header.length;
    return {.commit = *std::move(here), .fault = std::nullopt};
  }
  // An idle mark keeps to a sector of its own; the gap in front of it is zero.
  const std::uint64_t sector = base::align_up(offset_, limits::sector_bytes);
  bool crcs_match = commit_crcs_match(from(offset_), salt_, segment_, offset_);
  if (sector != offset_ && sector < end() && base::all_zero(from(offset_).first(sector - offset_))) {
    Result<CommitView> mark = commit_at(sector);
    if (mark && mark->header.type == CommitType::idle_mark) {
      offset_ = sector + mark->header.length;
      return {.commit = *std::move(mark), .fault = std::nullopt};
    }
    // What stands where a mark would, and is of a type from the future, is no tail.
    if (!mark && mark.error().code == ErrorCode::newer_format) {
      return {.commit = std::nullopt,
              .fault = CommitFault{.offset = offset_, .error = std::move(mark).error(), .header = {}}};
    }
    if (commit_crcs_match(from(sector), salt_, segment_, sector)) crcs_match = true;
  }
  if (base::all_zero(from(offset_))) return {};
  CommitFault fault{.offset = offset_, .error = std::move(here).error(), .header = std::nullopt, .crcs_match = crcs_match};
  fault.error.offset = offset_;
  if (auto header = decode_commit_header(from(offset_), salt_);
      header && header->segment == segment_ && header->offset == offset_) {
    fault.header = *header;
  }
  return {.commit = std::nullopt, .fault = std::move(fault)};
}

std::optional<CommitHeader> CommitWalker::skip_fault() {
  assert(begin_ == 0);
  const auto header = find_commit_header(part_, salt_, segment_, offset_ + commit_alignment);
  if (header) offset_ = header->offset;
  return header;
}

std::optional<CommitHeader> find_commit_header(ByteView image, const SegmentSalt& salt, std::uint64_t segment,
                                               std::uint64_t from) {
  for (std::uint64_t at = base::align_up(from, commit_alignment); at + commit_header_bytes <= image.size();
       at += commit_alignment) {
    const auto header = decode_commit_header(image.subspan(at), salt);
    if (header && header->segment == segment && header->offset == at) return *header;
  }
  return std::nullopt;
}

Result<CommitView> seal_at_end(ByteView image, const SegmentHeader& header) {
  if (image.size() < segment_header_bytes + 4) return fail(ErrorCode::truncated, "the segment holds no seal");
  const std::uint64_t length = base::load_le<std::uint32_t>(image.data() + image.size() - 4);
  if (length > image.size() - segment_header_bytes || length % commit_alignment != 0 || length < commit_header_bytes) {
    return fail(ErrorCode::malformed, "the segment does not end in a seal");
  }
  const std::uint64_t offset = image.size() - length;
  BATPAK_TRY(CommitView commit, decode_commit(image.subspan(offset), header.salt, header.number, offset));
  if (!commit.seal || commit.seal->segment_end != image.size()) {
    return fail(ErrorCode::malformed, "the segment does not end in a seal");
  }
  return commit;
}

}  // namespace batpak::segment
