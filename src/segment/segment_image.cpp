#include "segment/segment_image.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "platform/large_pages.hpp"

namespace batpak::segment {
namespace {

constexpr std::uint64_t read_bytes = 1U << 20U;

}  // namespace

Result<void> check_segment_size(std::uint64_t bytes) {
  if (bytes <= limits::segment_file_bytes_max) return {};
  return base::fail(ErrorCode::damaged, "the segment has " + std::to_string(bytes) + " bytes, and none has more than " +
                                            std::to_string(limits::segment_file_bytes_max));
}

Result<SegmentImage> SegmentImage::load(const platform::File& file, std::uint64_t from, Bytes buffer) {
  BATPAK_TRY(const std::uint64_t size, file.size());
  BATPAK_CHECK(check_segment_size(size));
  if (buffer.capacity() < size) buffer = {};  // a larger one need not keep its content
  SegmentImage image{.bytes = std::move(buffer), .unreadable = {}};
  image.bytes.reserve(size);
  platform::prefer_large_pages({image.bytes.data(), image.bytes.capacity()});
  std::fill_n(image.bytes.begin(), std::min<std::uint64_t>(from, image.bytes.size()), std::byte{0});
  image.bytes.resize(size);
  std::uint64_t step = read_bytes;
  for (std::uint64_t at = from; at < size;) {
    const std::uint64_t length = std::min(step, size - at);
    const auto read = file.read_at(at, std::span(image.bytes).subspan(at, length));
    if (read) {
      if (*read == 0) {  // cut shorter meanwhile
        image.bytes.resize(at);
        break;
      }
      at += *read;
      // Back to large steps once past the sector that made them small.
      if (step < read_bytes && at % read_bytes == 0) step = read_bytes;
      continue;
    }
    if (length > limits::sector_bytes) {
      step = limits::sector_bytes;
      continue;
    }
    std::fill_n(image.bytes.begin() + static_cast<std::ptrdiff_t>(at), length, std::byte{0});
    image.unreadable.push_back({.offset = at, .length = length, .system_errno = read.error().system_errno});
    at += length;
  }
  return image;
}

}  // namespace batpak::segment
