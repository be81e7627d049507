#include "event_filter.hpp"

#include "event_text.hpp"

namespace batpak::cli {

bool EventFilter::lets_pass(const EventView& event) const {
  if (entity.ends_with('*')) {
    if (!event.entity().starts_with(std::string_view(entity).substr(0, entity.size() - 1))) return false;
  } else if (!entity.empty() && event.entity() != entity) {
    return false;
  }
  if (!scope.empty() && event.scope() != scope) return false;
  return kind.empty() || event.kind_name() == kind || to_string(event.kind()) == kind;
}

}  // namespace batpak::cli
