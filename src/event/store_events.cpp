#include "event/store_events.hpp"

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace batpak::event {
namespace {

template <class T>
Result<void> check(ByteView payload) {
  BATPAK_TRY(const T decoded, read_store_event<T>(payload));
  if constexpr (std::is_same_v<T, TypeDeclaration>) return check_declaration(decoded);
  return {};
}

}  // namespace

Result<void> check_store_event(EventKind kind, ByteView payload) {
  if (kind == Genesis::kind) return check<Genesis>(payload);
  if (kind == TypeDeclaration::kind) return check<TypeDeclaration>(payload);
  if (kind == KeyDeclaration::kind) return check<KeyDeclaration>(payload);
  if (kind == SalvageRecord::kind) return check<SalvageRecord>(payload);
  if (kind == HeadsDeclaration::kind) return check<HeadsDeclaration>(payload);
  if (kind == KeyRotation::kind) return check<KeyRotation>(payload);
  if (kind == KeyRevocation::kind) return check<KeyRevocation>(payload);
  if (kind == Restore::kind) return check<Restore>(payload);
  return base::fail(ErrorCode::damaged, "kind " + to_string(kind) + " is none of the store's own");
}

Result<void> check_declaration(const TypeDeclaration& declaration) {
  const EventKind kind = EventKind::from_value(declaration.declares);
  const std::string& name = declaration.name;
  if (kind.is_system()) return base::fail(ErrorCode::damaged, "a declaration is of a kind that is the store's own");
  if (name.empty() || name.size() > limits::event_name_bytes_max || !base::is_plain_text(name)) {
    return base::fail(ErrorCode::damaged, "kind " + to_string(kind) + " is declared under what can be no name");
  }
  const auto is_out_of_order = [](const TypeDeclaration::Field& a, const TypeDeclaration::Field& b) {
    return a.name >= b.name;
  };
  if (std::ranges::adjacent_find(declaration.fields, is_out_of_order) != declaration.fields.end()) {
    return base::fail(ErrorCode::damaged,
                      "the fields of kind " + to_string(kind) + " are not declared in the order of their names, each once");
  }
  return {};
}

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
