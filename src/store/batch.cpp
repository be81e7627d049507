#include "batpak/batch.hpp"

#include "base/limits.hpp"
#include "base/try.hpp"
#include "store/batch_items.hpp"

namespace batpak {

Batch::Batch() : impl_(std::make_unique<Impl>()) {}
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;
Batch::~Batch() = default;

std::uint32_t Batch::size() const noexcept { return static_cast<std::uint32_t>(impl_->items.size()); }
std::uint64_t Batch::bytes_size() const noexcept { return impl_->bytes; }

Result<void> Batch::Impl::add(engine::Item item) {
  const std::uint64_t size = item.draft.signed_frame_size();
  if (items.size() == limits::batch_events_max || bytes + size > limits::batch_bytes_max) {
    return base::fail(ErrorCode::batch_too_large, "a batch holds at most " + std::to_string(limits::batch_events_max) +
                                                      " events and " + std::to_string(limits::batch_bytes_max) + " bytes");
  }
  bytes += size;
  items.push_back(std::move(item));
  return {};
}

Result<void> Batch::add_encoded(const Coordinate& where, const detail::PayloadType& type,
                                const detail::PayloadSource& payload, const EventOptions& options) {
  BATPAK_TRY(engine::Item item, store::make_item(where, type, payload, options, platform::system_entropy()));
  return impl_->add(std::move(item));
}

Result<void> Batch::add_json(const Coordinate& where, std::string_view name, std::string_view json,
                             const EventOptions& options) {
  BATPAK_TRY(engine::Item item, store::make_json_item(where, name, json, options, platform::system_entropy()));
  return impl_->add(std::move(item));
}

}  // namespace batpak
