// Events to be appended together: all or none, in one commit.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "batpak/append_options.hpp"
#include "batpak/coordinate.hpp"
#include "batpak/payload_type.hpp"

namespace [[gnu::visibility("default")]] batpak {

// Collects events, encoded and hashed as they are added, in the thread that adds them.
//
//   batpak::Batch batch;
//   if (auto added = batch.add(where, PlayerMoved{.x = 1, .y = 2}); !added) …
//   auto receipts = store->append_batch(std::move(batch));
//
// Limits: 1,048,576 events and 32 MiB of frames, less where the store's segments are smaller.
// Threads: one at a time.
class Batch {
 public:
  Batch();
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) noexcept;
  ~Batch();

  // Errors: of encoding; payload_too_large, batch_too_large, invalid_metadata. A refused event leaves the batch as it was.
  template <class T>
  [[nodiscard]] Result<void> add(const Coordinate& where, const T& payload, const EventOptions& options = {}) {
    return add_encoded(where, detail::payload_type<T>(), detail::PayloadSource(payload), options);
  }
  // An event given by name, its payload as JSON text; see docs/PAYLOADS.md. Errors also: malformed, duplicate_key,
  // invalid_name.
  [[nodiscard]] Result<void> add_json(const Coordinate& where, std::string_view name, std::string_view json,
                                      const EventOptions& options = {});

  [[nodiscard]] std::uint32_t size() const noexcept;        // events
  [[nodiscard]] std::uint64_t bytes_size() const noexcept;  // of their frames
  [[nodiscard]] bool empty() const noexcept { return size() == 0; }

  struct Impl;
  [[nodiscard]] Impl& impl() noexcept { return *impl_; }

 private:
  [[nodiscard]] Result<void> add_encoded(const Coordinate& where, const detail::PayloadType& type,
                                         const detail::PayloadSource& payload, const EventOptions& options);

  std::unique_ptr<Impl> impl_;
};

}  // namespace batpak
