#include "platform/sim_content.hpp"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace batpak::platform {
namespace {

constexpr std::uint64_t buffer_bytes_min = 4096;

// Old and new bytes of a sector in a mix that a device might leave: cut in two, or any byte from either.
template <class Sector>
Sector torn(const Sector& before, const Sector& after, SimRandom& random) {
  Sector mixed = before;
  const bool cut_in_two = random.coin();
  const std::uint64_t cut = random.below(mixed.size());
  const bool new_first = random.coin();
  for (std::size_t i = 0; i < mixed.size(); ++i) {
    if (cut_in_two ? (i < cut) == new_first : random.coin()) mixed[i] = after[i];
  }
  return mixed;
}

}  // namespace

// Zeroed by the allocator, so that the pages of a preallocated segment cost nothing before they are written.
class SimContent::Buffer {
 public:
  explicit Buffer(std::uint64_t capacity) : bytes_(static_cast<std::byte*>(std::calloc(capacity, 1))), capacity_(capacity) {
    if (bytes_ == nullptr) throw std::bad_alloc();
  }
  [[nodiscard]] std::byte* at(std::uint64_t offset) noexcept { return bytes_.get() + offset; }
  [[nodiscard]] std::uint64_t capacity() const noexcept { return capacity_; }

 private:
  struct Free {
    void operator()(std::byte* bytes) const noexcept { std::free(bytes); }
  };
  std::unique_ptr<std::byte, Free> bytes_;
  std::uint64_t capacity_;
};

SimContent::SimContent(const SimContent& other)
    : durable_(other.durable_),
      durable_size_(other.durable_size_),
      unsynced_sizes_(other.unsynced_sizes_),
      dirty_(other.dirty_),
      stale_(other.stale_),
      unreadable_(other.unreadable_) {
  reserve(other.size_);
  if (other.touched_ > 0 && other.size_ > 0) put_seen(0, {other.seen_->at(0), std::min(other.touched_, other.size_)});
  size_ = other.size_;
}

Bytes SimContent::bytes() const {
  Bytes all(size_);
  static_cast<void>(read(0, all));
  return all;
}

std::size_t SimContent::read(std::uint64_t offset, std::span<std::byte> out) const {
  if (offset >= size_ || out.empty()) return 0;
  const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size_ - offset));
  std::memcpy(out.data(), seen_->at(offset), length);
  return length;
}

std::optional<std::uint64_t> SimContent::find_unreadable(std::uint64_t offset, std::uint64_t length) const {
  const std::uint64_t end = std::min(offset + length, size_);
  const auto found = unreadable_.lower_bound(offset / sector_bytes);
  if (found == unreadable_.end() || *found * sector_bytes >= end) return std::nullopt;
  return std::max(offset, *found * sector_bytes);
}

void SimContent::write(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  const std::uint64_t end = offset + bytes.size();
  if (end > size_) resize(end);
  put_seen(offset, bytes);
  mark_dirty(offset, end);
}

void SimContent::resize(std::uint64_t size) {
  assert(size <= file_bytes_max);
  if (size == size_) return;
  if (size < size_) {
    clear_seen(size, size_);
    const std::uint64_t first_gone = (size + sector_bytes - 1) / sector_bytes;
    dirty_.erase(dirty_.lower_bound(first_gone), dirty_.end());
    stale_.erase(stale_.lower_bound(first_gone), stale_.end());
    if (size % sector_bytes != 0) mark_dirty(size, size + 1);
  } else {
    reserve(size);
    // Where the device still has bytes behind an unsynced cut, the zeros that took their place are news to it.
    if (size_ < durable_size_) mark_dirty(size_, std::min(size, durable_size_));
  }
  size_ = size;
  unsynced_sizes_.push_back(size);
}

std::shared_ptr<const Mapping> SimContent::map(std::uint64_t length) {
  class View : public Mapping {
   public:
    View(std::shared_ptr<Buffer> buffer, std::uint64_t length) : buffer_(std::move(buffer)), length_(length) {}
    std::span<const std::byte> bytes() const noexcept override { return {buffer_->at(0), length_}; }

   private:
    std::shared_ptr<Buffer> buffer_;
    std::uint64_t length_;
  };
  reserve(std::max<std::uint64_t>(length, 1));
  return std::make_shared<const View>(seen_, length);
}

void SimContent::sync(Sync what) {
  if (size_ >= durable_size_ || what == Sync::all) {
    settle_sizes();
  } else if (!unsynced_sizes_.empty()) {
    clear_durable(std::ranges::min(unsynced_sizes_), size_);
    unsynced_sizes_.assign(1, size_);
  }
  for (const std::uint64_t index : dirty_) put_durable(index, seen_sector(index));
  dirty_.clear();
}

void SimContent::fail_sync(std::optional<std::uint64_t> reached_seed) {
  if (reached_seed) {
    SimRandom random(*reached_seed);
    write_back(random);
  }
  stale_.merge(dirty_);
  dirty_.clear();
}

void SimContent::misdirect(std::uint64_t offset, std::uint64_t length, std::int64_t sectors_off) {
  if (length == 0) return;
  settle_sizes();
  const std::uint64_t sectors = (size_ + sector_bytes - 1) / sector_bytes;
  for (std::uint64_t index = offset / sector_bytes; index * sector_bytes < offset + length; ++index) {
    dirty_.erase(index);
    stale_.insert(index);
    // A distance before the file's beginning wraps around to far behind its end.
    const std::uint64_t there = index + static_cast<std::uint64_t>(sectors_off);
    if (sectors_off == 0 || there >= sectors) continue;
    put_durable(there, seen_sector(index));
    if (!dirty_.contains(there)) stale_.insert(there);
  }
}

void SimContent::write_back(SimRandom& random) {
  settle_sizes();
  std::erase_if(dirty_, [&](std::uint64_t index) {
    if (!random.coin()) return false;
    put_durable(index, seen_sector(index));
    return true;
  });
}

void SimContent::evict() {
  for (const std::uint64_t index : stale_) {
    const Sector sector = durable_sector(index);
    const std::uint64_t begin = index * sector_bytes;
    put_seen(begin, std::span(sector).first(std::min(sector_bytes, size_ - begin)));
  }
  stale_.clear();
}

void SimContent::crash(const SimCrash& crash, SimRandom& random) {
  std::uint64_t sizes_kept = crash.sizes == SimCrash::Order::kept ? unsynced_sizes_.size() : 0;
  if (crash.sizes == SimCrash::Order::any) sizes_kept = random.below(unsynced_sizes_.size() + 1);
  for (std::size_t i = 0; i < sizes_kept; ++i) resize_durable(unsynced_sizes_[i]);

  for (const std::uint64_t index : dirty_) {
    std::uint64_t fate = 0;  // lost, kept, torn
    switch (crash.sectors) {
      case SimCrash::Sectors::lost: break;
      case SimCrash::Sectors::kept: fate = 1; break;
      case SimCrash::Sectors::any: fate = random.below(2); break;
      case SimCrash::Sectors::any_or_torn: fate = random.below(3); break;
    }
    if (fate == 1) put_durable(index, seen_sector(index));
    if (fate == 2) put_durable(index, torn(durable_sector(index), seen_sector(index), random));
  }
  reload();
}

void SimContent::flip_bit(std::uint64_t offset, unsigned bit) {
  assert(offset < size_ && bit < 8);
  const std::byte flip{static_cast<unsigned char>(1U << bit)};
  const std::byte seen = *seen_->at(offset) ^ flip;
  put_seen(offset, {&seen, 1});
  Sector sector = durable_sector(offset / sector_bytes);
  sector[offset % sector_bytes] ^= flip;
  put_durable(offset / sector_bytes, sector);
}

void SimContent::reserve(std::uint64_t capacity) {
  if (capacity == 0 || (seen_ != nullptr && seen_->capacity() >= capacity)) return;
  const std::uint64_t doubled = seen_ == nullptr ? buffer_bytes_min : 2 * seen_->capacity();
  auto larger = std::make_shared<Buffer>(std::max(capacity, doubled));
  if (seen_ != nullptr) {
    if (touched_ > 0) std::memcpy(larger->at(0), seen_->at(0), touched_);
    outgrown_.push_back(seen_);
  }
  seen_ = std::move(larger);
}

void SimContent::put_seen(std::uint64_t offset, ByteView bytes) {
  if (bytes.empty()) return;
  std::memcpy(seen_->at(offset), bytes.data(), bytes.size());
  touched_ = std::max(touched_, offset + bytes.size());
  std::erase_if(outgrown_, [](const auto& buffer) { return buffer.expired(); });
  for (const auto& weak : outgrown_) {
    const auto buffer = weak.lock();
    if (buffer == nullptr || buffer->capacity() <= offset) continue;
    std::memcpy(buffer->at(offset), bytes.data(), std::min<std::uint64_t>(bytes.size(), buffer->capacity() - offset));
  }
}

void SimContent::clear_seen(std::uint64_t begin, std::uint64_t end) {
  end = std::min(end, touched_);
  if (begin >= end) return;
  put_seen(begin, Bytes(end - begin));
  if (end == touched_) touched_ = begin;
}

void SimContent::mark_dirty(std::uint64_t begin, std::uint64_t end) {
  for (std::uint64_t index = begin / sector_bytes; index * sector_bytes < end; ++index) {
    dirty_.insert(index);
    stale_.erase(index);
    unreadable_.erase(index);
  }
}

// What lies past the end of the file reads as zeros.
SimContent::Sector SimContent::seen_sector(std::uint64_t index) const {
  Sector sector{};
  static_cast<void>(read(index * sector_bytes, sector));
  return sector;
}

SimContent::Sector SimContent::durable_sector(std::uint64_t index) const {
  const auto found = durable_.find(index);
  return found == durable_.end() ? Sector{} : found->second;
}

void SimContent::put_durable(std::uint64_t index, const Sector& sector) {
  if (base::all_zero(sector)) {
    durable_.erase(index);
  } else {
    durable_.insert_or_assign(index, sector);
  }
}

void SimContent::clear_durable(std::uint64_t begin, std::uint64_t end) {
  for (auto at = durable_.lower_bound(begin / sector_bytes); at != durable_.end() && at->first * sector_bytes < end; ++at) {
    const std::uint64_t start = at->first * sector_bytes;
    const std::uint64_t from = std::max(begin, start) - start;
    const std::uint64_t to = std::min(end, start + sector_bytes) - start;
    std::ranges::fill(std::span(at->second).subspan(from, to - from), std::byte{0});
  }
  std::erase_if(durable_, [](const auto& entry) { return base::all_zero(entry.second); });
}

void SimContent::resize_durable(std::uint64_t size) {
  if (size < durable_size_) clear_durable(size, durable_size_);
  durable_size_ = size;
}

void SimContent::settle_sizes() {
  for (const std::uint64_t size : unsynced_sizes_) resize_durable(size);
  unsynced_sizes_.clear();
}

// Starts over from the device. Mappings of before keep their last bytes: whoever held them is dead.
void SimContent::reload() {
  clear_durable(durable_size_, ~std::uint64_t{0});
  seen_.reset();
  touched_ = 0;
  outgrown_.clear();
  unsynced_sizes_.clear();
  dirty_.clear();
  stale_.clear();
  size_ = 0;
  reserve(durable_size_);
  size_ = durable_size_;
  for (const auto& [index, sector] : durable_) {
    const std::uint64_t begin = index * sector_bytes;
    put_seen(begin, std::span(sector).first(std::min(sector_bytes, size_ - begin)));
  }
}

}  // namespace batpak::platform
