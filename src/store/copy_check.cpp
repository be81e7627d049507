#include "store/copy_check.hpp"

#include "base/limits.hpp"
#include "batpak/codec.hpp"
#include "batpak/coordinate.hpp"
#include "crypto/blake3.hpp"
#include "event/type_registry.hpp"
#include "proof/checkpoint.hpp"

namespace batpak::store {
namespace {

using Reason = std::optional<std::string>;

// The extension that a copy gets, and the one with what could not be kept.
constexpr std::size_t extension_room = std::size_t{2} * 4 + event::salvaged_from_bytes + event::salvaged_time_bytes;

bool is_map(ByteView bytes) {
  const auto first = std::to_integer<unsigned>(bytes.front());
  return (first & 0xF0U) == 0x80U || first == 0xDEU;  // one of more entries is too large for metadata
}

}  // namespace

Reason CopyCheck::judge(const event::FrameView& frame) {
  const event::HeaderView& header = frame.header();
  if (auto reason = judge_form(frame)) return reason;
  if (header.kind().is_system()) {
    if (auto reason = judge_store_event(frame)) return reason;
  } else {
    if (header.entity().starts_with(Coordinate::reserved_prefix)) {
      return "an event that is not the store's own stands in one of the store's own entities";
    }
    // A branch begins at an event of its entity; where none is copied it has nowhere to begin.
    if (header.lane() != 0 && !entities_.contains(header.entity())) {
      return "no event of the entity is left for its branch to begin at";
    }
    const Type type{header.kind().value(), header.payload_version()};
    if (!declared_.contains(type)) undeclared_.insert(type);
  }
  if (header.lane() != 0) branched_.emplace(header.entity());
  if (!entities_.contains(header.entity())) entities_.emplace(header.entity());
  return {};
}

Reason CopyCheck::judge_form(const event::FrameView& frame) const {
  if (!frame.gives_its_hashes()) return "the event's bytes do not give its hashes";
  if (frame.payload_erased()) return "the event's payload is erased";
  if (frame.metadata_erased()) return "the event's metadata is erased";
  if (!frame.rule().empty()) return "the event has a rule, which this version cannot write";
  if (!check_canonical(frame.payload())) return "the event's payload is not canonical MessagePack";
  if (!frame.metadata().empty() && (!is_map(frame.metadata()) || !check_canonical(frame.metadata()))) {
    return "the event's metadata is not a map in canonical MessagePack";
  }
  if (frame.header().extensions().size() + extension_room > limits::extension_bytes_max) {
    return "the event was salvaged too often, or has other extensions that leave no room";
  }
  return {};
}

Reason CopyCheck::judge_store_event(const event::FrameView& frame) {
  const event::HeaderView& header = frame.header();
  const EventKind kind = header.kind();
  if (event::store_event_name(kind).empty()) return "the event is of a kind that is none of the store's own";
  if (header.entity() != event::store_event_entity(kind) || header.scope() != event::store_scope || header.lane() != 0 ||
      header.payload_version() != 1 || (kind == event::Genesis::kind) != (header.sequence() == 0)) {
    return "an event of the store's own stands where it does not belong";
  }
  if (const auto form = event::check_store_event(kind, frame.payload()); !form) return form.error().message;
  if (kind == event::TypeDeclaration::kind) return judge_declaration(frame);
  if (kind == event::Restore::kind) {
    const auto restore = decode_payload<event::Restore>(frame.payload());
    if (!restore || !proof::parse_checkpoint(restore->given_up)) return "the record of a restore cannot be read";
  }
  return {};
}

Reason CopyCheck::judge_declaration(const event::FrameView& frame) {
  const auto type = decode_payload<event::TypeDeclaration>(frame.payload());
  if (!type) return "the type declaration cannot be read";
  const EventKind kind = EventKind::from_value(type->declares);
  if (event::is_lost_name(type->name) && type->name != event::lost_name(kind)) {
    return "the type declaration is under the name that another kind has where its own was lost";
  }
  const auto named = names_.find(type->declares);
  if (named != names_.end() && named->second != type->name && !event::is_lost_name(named->second)) {
    return "the type declaration gives its kind another name than an earlier one";
  }
  const auto known = kinds_.find(type->name);
  if (known != kinds_.end() && known->second != type->declares) {
    return "the type declaration gives its name to another kind than an earlier one";
  }
  if (!declarations_.try_emplace(crypto::blake3(frame.payload()), frame.header().sequence()).second) {
    return "the type is declared again just as before";
  }
  declared_.insert({type->declares, type->version});
  first_names_.try_emplace(type->declares, type->name);
  names_[type->declares] = type->name;
  kinds_.try_emplace(type->name, type->declares);
  return {};
}

std::vector<event::TypeDeclaration> CopyCheck::missing_declarations() const {
  std::vector<event::TypeDeclaration> missing;
  for (const auto& [kind, version] : undeclared_) {
    event::TypeDeclaration declaration;
    declaration.declares = kind;
    declaration.version = version;
    const auto named = first_names_.find(kind);
    declaration.name = named != first_names_.end() ? named->second : event::lost_name(EventKind::from_value(kind));
    missing.push_back(std::move(declaration));
  }
  return missing;
}

std::optional<std::uint64_t> CopyCheck::find_declared(const event::TypeDeclaration& declaration) const {
  Bytes payload;
  if (!encode_payload(payload, declaration)) return {};
  const auto found = declarations_.find(crypto::blake3(payload));
  return found == declarations_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace batpak::store
