// The bytes of one simulated file: as its readers see them, and as the device has them.
//
// A sector differs between the two for one of two reasons. It is dirty: written since the last sync, and the next sync will
// take it to the device. Or it is stale: a sync or write-back of it failed, the system has forgotten that it was ever dirty,
// no later sync will take it anywhere, and it still reads as written until it is evicted or the power fails.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "platform/file_system.hpp"
#include "platform/sim_crash.hpp"
#include "platform/sim_random.hpp"

namespace batpak::platform {

// Threads: one at a time. A copy shares nothing with what it was copied from; the mappings stay with the original.
class SimContent {
 public:
  static constexpr std::uint64_t sector_bytes = 512;
  static constexpr std::uint64_t file_bytes_max = 16ULL << 30;

  // What a sync is for: content and a grown size, or a cut size too. That fdatasync need not make a cut durable is harsher
  // than ext4 and XFS are, and within its manual page.
  enum class Sync : std::uint8_t { data, all };

  SimContent() = default;
  SimContent(const SimContent& other);
  SimContent(SimContent&&) = default;
  SimContent& operator=(const SimContent&) = delete;
  SimContent& operator=(SimContent&&) = default;
  ~SimContent() = default;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] Bytes bytes() const;

  // Precondition of the next three: nothing ends past file_bytes_max.
  void write(std::uint64_t offset, ByteView bytes);
  void resize(std::uint64_t size);
  // Bytes written or appended later show in the mapping, however much the file grows.
  [[nodiscard]] std::shared_ptr<const Mapping> map(std::uint64_t length);

  [[nodiscard]] std::size_t read(std::uint64_t offset, std::span<std::byte> out) const;
  // The first place in the range that a read fails on.
  [[nodiscard]] std::optional<std::uint64_t> find_unreadable(std::uint64_t offset, std::uint64_t length) const;

  void sync(Sync what);
  // A sync that fails: dirty sectors become stale, except those that the seed lets reach the device all the same.
  void fail_sync(std::optional<std::uint64_t> reached_seed);
  // The device has put the sectors of what was just written that many sectors from their place, or nowhere, and says nothing.
  void misdirect(std::uint64_t offset, std::uint64_t length, std::int64_t sectors_off);
  // What the system does by itself in the background, for some of the dirty sectors.
  void write_back(SimRandom& random);
  // The system drops what it need not keep: stale sectors read as the device has them.
  void evict();

  void crash(const SimCrash& crash, SimRandom& random);

  // Rot, in the cache and on the device alike. Precondition: offset < size(), bit < 8.
  void flip_bit(std::uint64_t offset, unsigned bit);
  // The sector can no longer be read, until it is written again.
  void spoil(std::uint64_t offset) { unreadable_.insert(offset / sector_bytes); }

 private:
  class Buffer;
  using Sector = std::array<std::byte, sector_bytes>;

  void reserve(std::uint64_t capacity);
  void put_seen(std::uint64_t offset, ByteView bytes);
  void clear_seen(std::uint64_t begin, std::uint64_t end);
  void mark_dirty(std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] Sector seen_sector(std::uint64_t index) const;
  [[nodiscard]] Sector durable_sector(std::uint64_t index) const;
  void put_durable(std::uint64_t index, const Sector& sector);
  void clear_durable(std::uint64_t begin, std::uint64_t end);
  void resize_durable(std::uint64_t size);
  void settle_sizes();
  void reload();

  std::shared_ptr<Buffer> seen_;                 // zero from size_ on; absent while nothing was written
  std::vector<std::weak_ptr<Buffer>> outgrown_;  // smaller buffers that mappings still show
  std::uint64_t size_ = 0;
  std::uint64_t touched_ = 0;                // the buffers are zero from here on: they need no clearing and no copying
  std::map<std::uint64_t, Sector> durable_;  // an absent sector is zero
  std::uint64_t durable_size_ = 0;
  std::vector<std::uint64_t> unsynced_sizes_;  // in the order they were set
  std::set<std::uint64_t> dirty_;
  std::set<std::uint64_t> stale_;
  std::set<std::uint64_t> unreadable_;
};

}  // namespace batpak::platform
