#include "read/stream_heads.hpp"

#include <algorithm>

#include "base/try.hpp"
#include "event/frame_layout.hpp"

namespace batpak::read {
namespace {

// Streams looked at while the writer waits: some 30 µs.
constexpr std::size_t streams_at_once = 256;

}  // namespace

Result<std::vector<proof::DeclaredHead>> stream_heads(const index::TailIndex& index, const index::MappedSegments& maps,
                                                      std::uint64_t size) {
  std::vector<proof::DeclaredHead> heads;
  // A stream that begins from now on has nothing below `size`.
  const std::uint64_t streams = index.streams();
  heads.reserve(streams);
  for (std::uint64_t first = 0; first < streams; first += streams_at_once) {
    for (const index::StreamEnd& end : index.stream_ends(first, streams_at_once, size)) {
      BATPAK_TRY(const ByteView frame, maps.frame(index.place(end.last), end.last));
      proof::DeclaredHead head{.entity = end.entity, .lane = end.lane, .events = end.events, .hash = {}};
      std::ranges::copy(frame.subspan(event::layout::event_hash, Hash::bytes_size), head.hash.bytes.begin());
      heads.push_back(head);
    }
  }
  std::vector<proof::DeclaredHead> sorted;
  sorted.reserve(heads.size());
  for (const std::uint64_t at : proof::leaf_order(heads)) sorted.push_back(heads[at]);
  return sorted;
}

}  // namespace batpak::read
