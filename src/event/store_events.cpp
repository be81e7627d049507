#include "event/store_events.hpp"

namespace batpak::event {

std::string_view store_event_name(EventKind kind) noexcept {
  if (kind == Genesis::kind) return Genesis::kind_name;
  if (kind == TypeDeclaration::kind) return TypeDeclaration::kind_name;
  if (kind == KeyDeclaration::kind) return KeyDeclaration::kind_name;
  if (kind == SalvageRecord::kind) return SalvageRecord::kind_name;
  if (kind == HeadsDeclaration::kind) return HeadsDeclaration::kind_name;
  if (kind == KeyRotation::kind) return KeyRotation::kind_name;
  if (kind == KeyRevocation::kind) return KeyRevocation::kind_name;
  if (kind == Restore::kind) return Restore::kind_name;
  return {};
}

std::string_view store_event_entity(EventKind kind) noexcept {
  if (kind == Genesis::kind) return Genesis::entity;
  if (kind == TypeDeclaration::kind) return TypeDeclaration::entity;
  if (kind == KeyDeclaration::kind) return KeyDeclaration::entity;
  if (kind == SalvageRecord::kind) return SalvageRecord::entity;
  if (kind == HeadsDeclaration::kind) return HeadsDeclaration::entity;
  if (kind == KeyRotation::kind) return KeyRotation::entity;
  if (kind == KeyRevocation::kind) return KeyRevocation::entity;
  if (kind == Restore::kind) return Restore::entity;
  return {};
}

}  // namespace batpak::event
