#include "index/mapped_segments.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "segment/commit.hpp"

namespace batpak::index {

namespace {

using base::fail;

// A copy that stands for a mapping.
class KeptBytes final : public platform::Mapping {
 public:
  explicit KeptBytes(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::span<const std::byte> bytes() const noexcept override { return bytes_; }

 private:
  Bytes bytes_;
};

}  // namespace

void MappedSegments::add(std::string name, std::uint64_t length) {
  const base::Lock lock(mutex_);
  segments_.push_back({.name = std::move(name), .length = length, .mapping = nullptr, .retired = {}});
}

void MappedSegments::keep(std::uint32_t number, Bytes bytes) {
  const base::Lock lock(mutex_);
  Segment& segment = segments_.at(number);
  if (segment.mapping) segment.retired.push_back(std::move(segment.mapping));
  segment.mapping = std::make_shared<const KeptBytes>(std::move(bytes));
}

std::string MappedSegments::name(std::uint32_t segment) const {
  const base::Lock lock(mutex_);
  return segment < segments_.size() ? segments_[segment].name : std::string();
}

Result<ByteView> MappedSegments::bytes_of(std::uint32_t number, std::uint64_t needed) const {
  const base::Lock lock(mutex_);
  Segment& segment = segments_.at(number);
  if (!segment.mapping || segment.mapping->bytes().size() < needed) {
    if (segment.mapping) {
      segment.retired.push_back(std::move(segment.mapping));
      segment.length = std::max(needed, 2 * segment.length);
    }
    BATPAK_TRY(const auto file, directory_->open_file(segment.name, platform::OpenMode::read));
    BATPAK_TRY(segment.mapping, file->map(std::max(needed, segment.length)));
  }
  return segment.mapping->bytes();
}

Result<ByteView> MappedSegments::frame(FramePlace place, std::uint64_t sequence) const {
  if (place.is_damaged()) {
    return fail(Error(ErrorCode::corrupt, "the event is lost in a damaged part of the log").at_sequence(sequence));
  }
  BATPAK_TRY(const ByteView bytes, bytes_of(place.segment, std::uint64_t{place.offset} + place.length));
  const auto frame = segment::frame_at(bytes.subspan(place.offset, place.length));
  if (frame && frame->size() == place.length && segment::frame_crc_matches(*frame)) return *frame;
  return fail(Error(ErrorCode::corrupt, "the event's frame does not match its CRC")
                  .at_path(name(place.segment))
                  .at_offset(place.offset)
                  .at_sequence(sequence));
}

}  // namespace batpak::index
