// What the log has declared: which kind has which name, versions and fields.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/sync.hpp"
#include "batpak/event.hpp"
#include "batpak/open_options.hpp"
#include "event/store_events.hpp"

namespace batpak::event {

// A type as an append asks for it.
struct TypeRequest {
  std::uint8_t category = 0;  // 0: only the name is given
  std::uint16_t type_id = 0;
  std::uint16_t version = 1;
  std::string_view name;
  // In byte order of their names; nothing for an event given by name alone, whose fields nobody states.
  std::optional<std::span<const FieldDescription>> fields;
};

// What the log says to it.
struct TypeAnswer {
  EventKind kind;
  bool declared = false;  // with this version and these fields: the event needs no declaration before it
};

// Grows with the log; nothing is ever taken out of it but what a refused batch had put in.
//
// Threads: any; the writer alone adds.
class TypeRegistry : public detail::KindNames {
 public:
  // Errors: kind_collision, kinds_exhausted, reserved_kind.
  [[nodiscard]] Result<TypeAnswer> ask(const TypeRequest& request) const BATPAK_EXCLUDES(mutex_);
  // Declarations in the order in which they were added.
  void add(DeclaredType type) BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] std::size_t size() const BATPAK_EXCLUDES(mutex_);
  // Forgets all but the first `size` declarations.
  void shrink(std::size_t size) BATPAK_EXCLUDES(mutex_);

  [[nodiscard]] std::string_view name_of(EventKind kind) const override BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] std::optional<EventKind> kind_named(std::string_view name) const BATPAK_EXCLUDES(mutex_);
  [[nodiscard]] std::vector<DeclaredType> list() const BATPAK_EXCLUDES(mutex_);

 private:
  [[nodiscard]] std::optional<EventKind> find_name(std::string_view name) const BATPAK_REQUIRES(mutex_);
  [[nodiscard]] Result<EventKind> free_kind() const BATPAK_REQUIRES(mutex_);
  void index(const DeclaredType& type) BATPAK_REQUIRES(mutex_);

  mutable base::Mutex mutex_;
  std::deque<DeclaredType> types_ BATPAK_GUARDED_BY(mutex_);  // a deque: names given out as views stay where they are
  std::unordered_map<std::string_view, std::uint16_t> kinds_by_name_ BATPAK_GUARDED_BY(mutex_);
  std::unordered_map<std::uint16_t, std::vector<const DeclaredType*>> by_kind_ BATPAK_GUARDED_BY(mutex_);
  std::uint16_t next_named_id_ BATPAK_GUARDED_BY(mutex_) = 0;
};

// What salvage calls a kind whose declaration was lost. The next declaration of the kind gives it its name again.
[[nodiscard]] std::string lost_name(EventKind kind);
[[nodiscard]] bool is_lost_name(std::string_view name) noexcept;

// The declaration of a type as the payload of an event, and back.
[[nodiscard]] TypeDeclaration declaration_of(const DeclaredType& type);
[[nodiscard]] DeclaredType declared_type(const TypeDeclaration& declaration, std::uint64_t sequence);

}  // namespace batpak::event
