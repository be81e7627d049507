// Commits: one by itself, and the walk over a segment of them. A fuzzer cannot guess a CRC, so it is mended wherever the
// input has the magic of a commit; what is behind the CRCs must hold whatever it finds.
#include <optional>

#include "base/crc32c.hpp"
#include "base/limits.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/mended_frames.hpp"
#include "fuzz/target.hpp"
#include "segment/commit_walker.hpp"
#include "segment/link_state.hpp"

namespace batpak::fuzz {
namespace {

constexpr segment::SegmentSalt salt{std::byte{0x70}, std::byte{0x71}};
constexpr std::uint64_t segment_number = 2;

segment::SegmentHeader header_of_image() {
  segment::SegmentHeader header;
  header.number = segment_number;
  header.salt = salt;
  return header;
}

// What a builder makes of the parts that were read; nothing where a frame's own CRC is not what a builder would write.
std::optional<Bytes> built_again(const segment::CommitView& commit) {
  segment::CommitBuilder builder;
  builder.begin();
  if (commit.seal) builder.add_seal(*commit.seal);
  if (commit.header.type == segment::CommitType::events) {
    segment::FrameSplitter frames(commit.body);
    std::size_t told_apart = 0;
    for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
      told_apart += frame.size();
      if (!segment::frame_crc_matches(frame)) return std::nullopt;
      std::ranges::copy(frame, builder.add_frame(frame.size()).begin());
    }
    require(told_apart == commit.body.size(), "the frames of a commit that is whole can be told apart");
  }
  builder.finish(commit.header, commit.end, salt);
  return Bytes(builder.bytes().begin(), builder.bytes().end());
}

void check_whole(const segment::CommitView& commit, ByteView image) {
  require(commit.header.offset + commit.bytes.size() <= image.size(), "a commit lies within its segment");
  require(commit.bytes.data() == image.data() + commit.header.offset, "a commit stands where it says");
  require(commit.bytes.size() == commit.header.length && commit.bytes.size() <= limits::commit_bytes_max,
          "a commit is as long as it says");
  require(commit.seal.has_value() == (commit.header.type == segment::CommitType::seal), "a seal has what a seal holds");
  const auto again = built_again(commit);
  require(!again || same_bytes(*again, commit.bytes), "a commit that is read is written the same way");
  require(segment::commit_size(commit.body.size(), commit.end.signatures) == commit.bytes.size(),
          "a commit's size is known");
}

void walk(ByteView image) {
  const segment::SegmentHeader header = header_of_image();
  segment::CommitWalker walker(image, header);
  segment::LinkState link = segment::LinkState::at_segment(header, {});
  std::uint64_t offset = walker.offset();
  bool at_fault = false;
  for (std::size_t steps = 0;; ++steps) {
    require(steps <= image.size() / 8, "a walk comes to its end");
    const segment::WalkStep step = walker.next();
    if (step.at_end()) {
      require(base::all_zero(image.subspan(std::min<std::size_t>(walker.offset(), image.size()))),
              "behind the end of a walk everything is zero");
      break;
    }
    if (step.commit) {
      require(step.commit->header.offset >= offset, "a walk goes forwards");
      check_whole(*step.commit, image);
      if (link.check(step.commit->header)) link.advance(step.commit->header);
      offset = walker.offset();
      require(offset == step.commit->header.offset + step.commit->header.length, "a walk goes on where a commit ends");
      at_fault = false;
      continue;
    }
    require(!at_fault || walker.offset() > offset, "a walk that was taken over a fault does not meet it again");
    offset = walker.offset();
    const auto next = segment::find_commit_header(image, salt, segment_number, offset);
    if (!walker.skip_fault()) break;
    require(next.has_value() && walker.offset() > offset, "a walk skips to a later header");
    at_fault = true;
    offset = walker.offset() - 1;
  }
  if (const auto seal = segment::seal_at_end(image, header)) {
    check_whole(*seal, image);
    require(seal->header.offset + seal->header.length == image.size(), "a seal ends its segment");
  }
}

// Wherever the magic of a commit stands: number, place and CRCs as they should be, inner ones first.
void mend(Bytes& image, bool places) {
  for (std::size_t at = segment::segment_header_bytes; at + segment::commit_header_bytes <= image.size(); at += 8) {
    std::byte* const commit = image.data() + at;
    if (base::as_text(ByteView(commit + 8, 4)) != "bpkC") continue;
    const std::size_t room = image.size() - at;
    if (places) {
      base::store_le(commit + 16, segment_number);
      base::store_le<std::uint64_t>(commit + 24, at);
    }
    const std::size_t length = base::load_le<std::uint32_t>(commit + 44);
    if (length >= segment::commit_header_bytes + segment::commit_end_bytes_min && length <= room) {
      mend_frames({commit, length});
      if (places) base::store_le(commit + length - 4, static_cast<std::uint32_t>(length));
      base::store_le(commit + 4, base::crc32c(ByteView(commit, length).subspan(8), base::crc32c(salt)));
    }
    base::store_le(commit, base::crc32c(ByteView(commit, segment::commit_header_bytes).subspan(4), base::crc32c(salt)));
  }
}

// The first byte: bit 0, mend the places too; the upper ones, how many zeros follow.
// Witness: decoder_stays_in_bounds, whole_commits_only
const Target commit("commit", [](ByteView input) {
  Choices choices(input);
  const std::uint8_t form = choices.byte();
  Bytes image(segment::segment_header_bytes);
  base::append(image, choices.rest());
  static_cast<void>(segment::decode_commit_header(choices.rest(), salt));
  static_cast<void>(segment::decode_commit(choices.rest(), salt, segment_number, segment::segment_header_bytes));
  walk(image);
  image.resize(image.size() + (form >> 1U) * std::size_t{64});
  mend(image, (form & 1U) != 0);
  walk(image);
});

}  // namespace
}  // namespace batpak::fuzz
