#include "event/type_registry.hpp"

#include <algorithm>

#include "base/limits.hpp"
#include "base/try.hpp"
#include "base/utf8.hpp"

namespace batpak::event {
namespace {

using base::fail;

// Behind the prefix that names of applications may not have.
constexpr std::string_view lost_name_prefix = "batpak.lost.";

bool same_fields(const std::vector<DeclaredType::Field>& declared, std::span<const FieldDescription> asked) {
  return std::ranges::equal(declared, asked,
                            [](const auto& a, const auto& b) { return a.name == b.name && a.type == b.type; });
}

}  // namespace

Result<TypeAnswer> TypeRegistry::ask(const TypeRequest& request) const {
  const base::Lock lock(mutex_);
  const auto named = find_name(request.name);
  EventKind kind;
  if (request.category != 0) {
    kind = EventKind(request.category, request.type_id);
    const auto found = by_kind_.find(kind.value());
    if (found != by_kind_.end() && found->second.front()->name != request.name &&
        !is_lost_name(found->second.front()->name)) {
      return fail(ErrorCode::kind_collision, "kind " + to_string(kind) + " is declared as '" + found->second.front()->name +
                                                 "', not as '" + std::string(request.name) + "'");
    }
    if (named && *named != kind) {
      return fail(ErrorCode::kind_collision, "'" + std::string(request.name) + "' is declared as kind " + to_string(*named) +
                                                 ", not as " + to_string(kind));
    }
  } else if (named) {
    kind = *named;
  } else {
    BATPAK_TRY(kind, free_kind());
    return TypeAnswer{.kind = kind, .declared = false};
  }
  const auto found = by_kind_.find(kind.value());
  const bool declared = found != by_kind_.end() && std::ranges::any_of(found->second, [&](const DeclaredType* type) {
                          return type->version == request.version && type->name == request.name &&
                                 (!request.fields || same_fields(type->fields, *request.fields));
                        });
  return TypeAnswer{.kind = kind, .declared = declared};
}

Result<EventKind> TypeRegistry::free_kind() const {
  for (std::uint32_t id = next_named_id_; id <= EventKind::type_id_max; ++id) {
    const EventKind kind(EventKind::category_named, static_cast<std::uint16_t>(id));
    if (!by_kind_.contains(kind.value())) return kind;
  }
  return fail(ErrorCode::kinds_exhausted, "all 4096 kinds for events given by name are taken");
}

void TypeRegistry::add(DeclaredType type) {
  const base::Lock lock(mutex_);
  index(types_.emplace_back(std::move(type)));
}

void TypeRegistry::index(const DeclaredType& type) {
  kinds_by_name_.try_emplace(type.name, type.kind);
  // The first says what the kind is called.
  std::vector<const DeclaredType*>& same_kind = by_kind_[type.kind];
  const bool names_it = !same_kind.empty() && is_lost_name(same_kind.front()->name) && !is_lost_name(type.name);
  same_kind.insert(names_it ? same_kind.begin() : same_kind.end(), &type);
  const EventKind kind = EventKind::from_value(type.kind);
  if (kind.category() == EventKind::category_named && kind.type_id() == next_named_id_) ++next_named_id_;
}

std::size_t TypeRegistry::size() const {
  const base::Lock lock(mutex_);
  return types_.size();
}

void TypeRegistry::shrink(std::size_t size) {
  const base::Lock lock(mutex_);
  if (size >= types_.size()) return;
  types_.resize(size);
  kinds_by_name_.clear();
  by_kind_.clear();
  next_named_id_ = 0;
  for (const DeclaredType& type : types_) index(type);
}

std::optional<EventKind> TypeRegistry::find_name(std::string_view name) const {
  const auto found = kinds_by_name_.find(name);
  if (found == kinds_by_name_.end()) return std::nullopt;
  return EventKind::from_value(found->second);
}

std::string_view TypeRegistry::name_of(EventKind kind) const {
  if (kind.is_system()) return store_event_name(kind);
  const base::Lock lock(mutex_);
  const auto found = by_kind_.find(kind.value());
  return found == by_kind_.end() ? std::string_view{} : std::string_view(found->second.front()->name);
}

std::optional<EventKind> TypeRegistry::kind_named(std::string_view name) const {
  const base::Lock lock(mutex_);
  return find_name(name);
}

std::vector<DeclaredType> TypeRegistry::list() const {
  const base::Lock lock(mutex_);
  return {types_.begin(), types_.end()};
}

std::string lost_name(EventKind kind) { return std::string(lost_name_prefix) + to_string(kind); }
bool is_lost_name(std::string_view name) noexcept { return name.starts_with(lost_name_prefix); }

TypeDeclaration declaration_of(const DeclaredType& type) {
  TypeDeclaration declaration;
  for (const DeclaredType::Field& field : type.fields)
    declaration.fields.push_back({.name = field.name, .type = field.type});
  declaration.declares = type.kind;
  declaration.name = type.name;
  declaration.version = type.version;
  return declaration;
}

DeclaredType declared_type(const TypeDeclaration& declaration, std::uint64_t sequence) {
  DeclaredType type;
  type.kind = declaration.declares;
  type.version = declaration.version;
  type.name = declaration.name;
  for (const TypeDeclaration::Field& field : declaration.fields)
    type.fields.push_back({.name = field.name, .type = field.type});
  type.sequence = sequence;
  return type;
}

}  // namespace batpak::event

namespace batpak::detail {

namespace {

// As to_string(EventKind) writes it, in digits of either case.
bool looks_like_a_number(std::string_view name) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  return name.size() == 5 && name[1] == ':' && is_digit(name[0]) && std::ranges::all_of(name.substr(2), is_digit);
}

}  // namespace

Result<void> check_event_name(std::string_view name) {
  if (name.empty() || name.size() > limits::event_name_bytes_max || !base::is_plain_text(name)) {
    return base::fail(ErrorCode::invalid_name, "the name of an event is 1–255 bytes of UTF-8 without control characters");
  }
  if (name.starts_with(' ') || name.ends_with(' ')) {
    return base::fail(ErrorCode::invalid_name, "the name of an event neither begins nor ends with a space");
  }
  if (looks_like_a_number(name)) {
    return base::fail(ErrorCode::invalid_name, "the name of an event is not of the form of a kind's number, as 1:000");
  }
  if (name.starts_with("batpak."))
    return base::fail(ErrorCode::invalid_name, "names beginning 'batpak.' are the store's own");
  return {};
}

}  // namespace batpak::detail
