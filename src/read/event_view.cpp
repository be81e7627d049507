#include "base/try.hpp"
#include "batpak/event.hpp"
#include "event/frame_view.hpp"

namespace batpak {
namespace {

event::FrameView frame_of(const detail::FrameParts& parts) { return event::FrameView::from_parts(parts); }

}  // namespace

std::uint64_t EventView::sequence() const { return frame_of(parts_).header().sequence(); }
std::uint64_t EventView::stream_version() const { return frame_of(parts_).header().stream_version(); }
EventId EventView::id() const { return frame_of(parts_).header().id(); }
EventKind EventView::kind() const { return frame_of(parts_).header().kind(); }
std::string_view EventView::kind_name() const { return names_ == nullptr ? std::string_view{} : names_->name_of(kind()); }
std::uint16_t EventView::payload_version() const { return frame_of(parts_).header().payload_version(); }
std::string_view EventView::entity() const { return frame_of(parts_).header().entity(); }
std::string_view EventView::scope() const { return frame_of(parts_).header().scope(); }
std::uint32_t EventView::lane() const { return frame_of(parts_).header().lane(); }
Timestamp EventView::time() const { return frame_of(parts_).header().time(); }
std::int64_t EventView::wall_microseconds() const { return frame_of(parts_).header().wall_microseconds(); }
std::optional<CorrelationId> EventView::correlation() const { return frame_of(parts_).header().correlation(); }
std::optional<EventId> EventView::causation() const { return frame_of(parts_).header().causation(); }
std::uint32_t EventView::batch_index() const { return frame_of(parts_).header().batch_index(); }
std::uint32_t EventView::batch_size() const { return frame_of(parts_).header().batch_size(); }
std::uint64_t EventView::previous_sequence() const { return frame_of(parts_).header().previous_sequence(); }
Hash EventView::previous_hash() const { return frame_of(parts_).header().previous_hash(); }
Hash EventView::event_hash() const { return frame_of(parts_).event_hash(); }
Hash EventView::content_hash() const { return frame_of(parts_).header().content_hash(); }
Hash EventView::compute_content_hash() const { return frame_of(parts_).compute_content_hash(); }
std::optional<Position> EventView::salvaged_from() const { return frame_of(parts_).header().salvaged_from(); }
std::span<const std::byte> EventView::signature() const { return frame_of(parts_).signature(); }
bool EventView::payload_erased() const { return frame_of(parts_).payload_erased(); }
std::span<const std::byte> EventView::payload() const { return frame_of(parts_).payload(); }
std::span<const std::byte> EventView::header() const { return frame_of(parts_).header().bytes(); }

Result<Metadata> EventView::metadata() const {
  const ByteView bytes = frame_of(parts_).metadata();
  if (bytes.empty()) return Metadata{};
  return decode_payload<Metadata>(bytes);
}

bool EventView::is_type(const EventType& type) const {
  if (type.category != 0) return kind() == EventKind(type.category, type.type_id);
  return kind_name() == type.name;
}

Result<void> EventView::check_type(const EventType& type) const {
  if (!is_type(type)) {
    const std::string_view name = kind_name();
    return base::fail(Error(ErrorCode::kind_mismatch, "the event is a '" + std::string(name.empty() ? "?" : name) + "' (" +
                                                          to_string(kind()) + "), not a '" + std::string(type.name) + "'")
                          .at_sequence(sequence()));
  }
  if (payload_version() != type.version) {
    return base::fail(Error(ErrorCode::version_mismatch, "the payload has version " + std::to_string(payload_version()) +
                                                             ", '" + std::string(type.name) + "' is now version " +
                                                             std::to_string(type.version))
                          .at_sequence(sequence()));
  }
  if (payload_erased()) {
    return base::fail(Error(ErrorCode::not_found, "the event's payload was erased").at_sequence(sequence()));
  }
  return {};
}

}  // namespace batpak
