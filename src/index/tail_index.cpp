#include "index/tail_index.hpp"

#include <algorithm>

namespace batpak::index {

Stream& TailIndex::add_stream(std::string_view entity, std::uint32_t lane) {
  const auto found = streams_.find(KeyView{entity, lane});
  if (found != streams_.end()) return found->second;
  const base::Lock lock(mutex_);
  const auto added = streams_.try_emplace(Key{std::string(entity), lane}).first;
  by_number_.push_back(&*added);
  return added->second;
}

void TailIndex::add_event(const EventId& id, FramePlace place, Stream* stream) {
  const std::uint64_t sequence = places_.size();
  if (stream != nullptr) unpublished_.push_back({.stream = stream, .sequence = sequence, .shown_with = sequence});
  places_.push_back(place);
  ids_.push_back(id);
}

void TailIndex::add_lost(std::uint64_t sequence, Stream& stream) {
  unpublished_.push_back({.stream = &stream, .sequence = sequence, .shown_with = places_.size()});
}

void TailIndex::publish(std::uint64_t size) {
  const auto end = std::ranges::lower_bound(unpublished_, size, {}, &Unpublished::shown_with);
  if (end != unpublished_.begin()) {
    const base::Lock lock(mutex_);
    for (auto event = unpublished_.begin(); event != end; ++event) event->stream->sequences.push_back(event->sequence);
    unpublished_.erase(unpublished_.begin(), end);
  }
  visible_.store(size, std::memory_order_release);
}

std::optional<std::uint64_t> TailIndex::find(const EventId& id, std::uint64_t size) const noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = size;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (ids_[middle] < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == size || ids_[low] != id) return std::nullopt;
  return low;
}

const Stream* TailIndex::find_stream(std::string_view entity, std::uint32_t lane) const {
  const auto found = streams_.find(KeyView{entity, lane});
  return found == streams_.end() ? nullptr : &found->second;
}

std::vector<std::uint64_t> TailIndex::stream_sequences(std::string_view entity, std::uint32_t lane, std::uint64_t version,
                                                       std::size_t count, std::uint64_t size) const {
  std::vector<std::uint64_t> sequences;
  const base::Lock lock(mutex_);
  const Stream* const stream = find_stream(entity, lane);
  if (stream == nullptr) return sequences;
  for (std::uint64_t at = version; at < stream->sequences.size() && sequences.size() < count; ++at) {
    if (stream->sequences[at] >= size) break;
    sequences.push_back(stream->sequences[at]);
  }
  return sequences;
}

std::uint64_t TailIndex::stream_size(std::string_view entity, std::uint32_t lane, std::uint64_t size) const {
  const base::Lock lock(mutex_);
  const Stream* const stream = find_stream(entity, lane);
  if (stream == nullptr) return 0;
  return static_cast<std::uint64_t>(std::ranges::lower_bound(stream->sequences, size) - stream->sequences.begin());
}

std::uint64_t TailIndex::streams() const {
  const base::Lock lock(mutex_);
  return streams_.size();
}

std::vector<StreamEnd> TailIndex::stream_ends(std::uint64_t first, std::size_t count, std::uint64_t size) const {
  std::vector<StreamEnd> ends;
  ends.reserve(count);
  const base::Lock lock(mutex_);
  for (std::uint64_t at = first; at < by_number_.size() && at - first < count; ++at) {
    const auto& [key, stream] = *by_number_[at];
    // Most streams have got nothing since.
    auto end = stream.sequences.end();
    if (end != stream.sequences.begin() && *std::prev(end) >= size) end = std::ranges::lower_bound(stream.sequences, size);
    if (end == stream.sequences.begin()) continue;
    ends.push_back({.entity = key.entity,
                    .lane = key.lane,
                    .events = static_cast<std::uint64_t>(end - stream.sequences.begin()),
                    .last = *std::prev(end)});
  }
  return ends;
}

}  // namespace batpak::index
