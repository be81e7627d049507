#include "audit/declared_types.hpp"

#include "base/try.hpp"
#include "batpak/coordinate.hpp"
#include "crypto/blake3.hpp"
#include "event/store_events.hpp"
#include "event/type_registry.hpp"
#include "proof/checkpoint.hpp"

namespace batpak::audit {
namespace {

std::uint32_t version_of_kind(EventKind kind, std::uint16_t version) {
  return static_cast<std::uint32_t>(kind.value()) << 16U | version;
}

}  // namespace

void DeclaredTypes::check(const event::FrameView& frame, const Place& place, Payload payload) {
  const EventKind kind = frame.header().kind();
  if (kind.is_system()) return check_store_event(frame, place, payload);
  if (frame.header().entity().starts_with(Coordinate::reserved_prefix)) {
    findings_.add(Law::declaration, place, "an event that is not the store's own stands in one of the store's own entities");
  }
  const std::uint16_t version = frame.header().payload_version();
  if (!declared_.insert(version_of_kind(kind, version)).second) return;  // from here on it is; once is enough
  findings_.add(Law::declaration, place,
                "version " + std::to_string(version) + " of kind " + to_string(kind) + " is not declared before this event");
}

void DeclaredTypes::check_store_event(const event::FrameView& frame, const Place& place, Payload payload) {
  const EventKind kind = frame.header().kind();
  if (event::store_event_name(kind).empty()) {
    return findings_.add(Law::declaration, place, "kind " + to_string(kind) + " is none of the store's own");
  }
  if (frame.header().entity() != event::store_event_entity(kind) || frame.header().scope() != event::store_scope ||
      frame.header().lane() != 0) {
    findings_.add(Law::declaration, place,
                  "an event of kind " + std::string(event::store_event_name(kind)) + " stands where it does not belong");
  }
  if (frame.header().payload_version() != 1) {
    findings_.add(Law::declaration, place, "an event of the store's own has another payload version than 1");
  }
  if (kind == event::Genesis::kind && frame.header().sequence() != 0) {
    findings_.add(Law::declaration, place, "there is a second genesis event");
  }
  if (payload == Payload::unknown) return;
  if (kind == event::TypeDeclaration::kind) return declare(frame, place);
  if (kind == event::Restore::kind) return check_restore(frame, place);
  if (kind == event::SalvageRecord::kind) return note_salvage(frame, place);
  // What is wrong with a change of keys or with heads is said where they are checked.
  if (kind != event::Genesis::kind) return;
  if (const auto has_form = event::check_store_event(kind, frame.payload()); !has_form) {
    findings_.add(Law::declaration, place, has_form.error().message);
  }
}

void DeclaredTypes::check_restore(const event::FrameView& frame, const Place& place) {
  const auto restore = event::read_store_event<event::Restore>(frame.payload());
  const auto given_up = restore ? proof::parse_checkpoint(restore->given_up) : base::fail(restore.error());
  if (given_up && restores_.size() < VerifyReport::restores_max) {
    restores_.push_back({.sequence = frame.header().sequence(), .given_up = given_up->checkpoint});
  } else if (given_up) {
    ++restores_omitted_;
  }
  if (given_up) return;
  findings_.add(Law::declaration, place, "the record of a restore cannot be read: " + given_up.error().message);
}

void DeclaredTypes::note_salvage(const event::FrameView& frame, const Place& place) {
  auto record = event::read_store_event<event::SalvageRecord>(frame.payload());
  if (!record) return findings_.add(Law::declaration, place, record.error().message);
  if (salvages_.size() == VerifyReport::salvages_max) {
    ++salvages_omitted_;
    return;
  }
  salvages_.push_back({.sequence = frame.header().sequence(),
                       .source_origin = std::move(record->source_origin),
                       .source_store_id = record->source_store_id,
                       .events_lost = record->events_lost});
}

void DeclaredTypes::declare(const event::FrameView& frame, const Place& place) {
  const auto type = event::read_store_event<event::TypeDeclaration>(frame.payload());
  if (!type) return findings_.add(Law::declaration, place, type.error().message);
  const EventKind kind = EventKind::from_value(type->declares);
  if (const auto checked = event::check_declaration(*type); !checked) {
    findings_.add(Law::declaration, place, checked.error().message);
  }
  if (!declarations_.insert(crypto::blake3(frame.payload())).second) {
    findings_.add(Law::declaration, place, "kind " + to_string(kind) + " is declared again just as before");
  }
  declared_.insert(version_of_kind(kind, type->version));
  const auto [name, name_is_new] = names_.try_emplace(type->declares, type->name);
  if (!name_is_new && event::is_lost_name(name->second)) {
    name->second = type->name;
  } else if (!name_is_new && name->second != type->name) {
    findings_.add(Law::declaration, place,
                  "kind " + to_string(kind) + " is declared as '" + type->name + "' and was '" + name->second + "'");
  }
  const auto [known, kind_is_new] = kinds_.try_emplace(type->name, type->declares);
  if (!kind_is_new && known->second != type->declares) {
    findings_.add(Law::declaration, place,
                  "'" + type->name + "' is declared as kind " + to_string(kind) + " and was kind " +
                      to_string(EventKind::from_value(known->second)));
  }
}

}  // namespace batpak::audit
