#include "event_line.hpp"

#include <optional>

#include "batpak/json.hpp"
#include "payload_span.hpp"

namespace batpak::cli {
namespace {

constexpr std::string_view occurred_at_name = "occurred_at";
constexpr std::string_view reserved_prefix = "$batpak.";

std::unexpected<Error> malformed(std::string sentence) {
  return std::unexpected(Error(ErrorCode::malformed, std::move(sentence)));
}

Result<void> add_metadata(Metadata& metadata, const std::string& name, const Value& value) {
  if (name.starts_with(reserved_prefix)) {
    return std::unexpected(Error(ErrorCode::invalid_metadata, "the metadata name \"" + name + "\" is the store's own"));
  }
  if (!metadata.emplace(name, value).second) {
    return std::unexpected(Error(ErrorCode::invalid_metadata, "the metadata name \"" + name + "\" is given twice"));
  }
  return {};
}

// Collects the members of a line.
class Members {
 public:
  Result<void> take(const std::string& name, const Value& value) {
    if (name == "entity") return take_text(entity_, name, value);
    if (name == "scope") return take_text(scope_, name, value);
    if (name == "kind") return take_text(kind_, name, value);
    if (name == "payload" || value.is_nil()) return {};
    if (name == "correlation") return take_id(options_.correlation, name, value);
    if (name == "causation") return take_id(options_.causation, name, value);
    if (name == "meta") return take_metadata(value);
    if (name == occurred_at_name) {
      if (!value.to_int64() && !value.to_double()) return malformed("\"occurred_at\" is not a number of seconds");
      return add_metadata(options_.metadata, name, value);
    }
    return malformed("\"" + name + "\" is no member of an event; put it into \"meta\" or \"payload\"");
  }

  Result<EventLine> finish() && {
    if (entity_ == nullptr) return malformed("\"entity\" is missing");
    if (scope_ == nullptr) return malformed("\"scope\" is missing");
    if (kind_ == nullptr) return malformed("\"kind\" is missing");
    Result<Coordinate> where = Coordinate::make(*entity_, *scope_);
    if (!where) return std::unexpected(std::move(where).error());
    return EventLine{.where = std::move(*where), .kind = *kind_, .payload = {}, .options = std::move(options_)};
  }

 private:
  static Result<void> take_text(const std::string*& text, const std::string& name, const Value& value) {
    text = value.if_text();
    if (text == nullptr) return malformed("\"" + name + "\" is not a string");
    return {};
  }

  template <class Id>
  static Result<void> take_id(std::optional<Id>& id, const std::string& name, const Value& value) {
    const std::string* const text = value.if_text();
    if (text == nullptr) return malformed("\"" + name + "\" is not a string");
    Result<Id> parsed = Id::from_string(*text);
    if (!parsed) return malformed("\"" + name + "\": " + parsed.error().message);
    id = *parsed;
    return {};
  }

  Result<void> take_metadata(const Value& value) {
    const Value::Map* const entries = value.if_map();
    if (entries == nullptr) return malformed("\"meta\" is not an object");
    for (const Value::Entry& entry : *entries) {
      const std::string* const name = entry.key.if_text();
      if (name == nullptr) return malformed("a name in \"meta\" is not a string");
      if (Result<void> added = add_metadata(options_.metadata, *name, entry.value); !added) return added;
    }
    return {};
  }

  const std::string* entity_ = nullptr;
  const std::string* scope_ = nullptr;
  const std::string* kind_ = nullptr;
  EventOptions options_;
};

constexpr std::string_view placeholder = "null";

// An error met in the line with the placeholder for its payload, as one of the line itself.
Error placed_in_line(Error error, const PayloadSpan& payload) {
  if (error.offset && *error.offset >= payload.begin + placeholder.size())
    *error.offset += payload.size - placeholder.size();
  return error;
}

}  // namespace

Result<EventLine> parse_event_line(std::string_view line) {
  // The members without the payload, which is most of the line and need not be taken apart twice.
  const std::optional<PayloadSpan> payload = find_payload(line);
  std::string rest(line);
  if (payload) rest.replace(payload->begin, payload->size, placeholder);
  const Result<Value> value = value_from_json(rest);
  if (!value) return std::unexpected(payload ? placed_in_line(value.error(), *payload) : value.error());
  const Value::Map* const entries = value->if_map();
  if (entries == nullptr) return malformed("an event is a JSON object");
  Members members;
  for (const Value::Entry& entry : *entries) {
    const std::string* const name = entry.key.if_text();
    if (name == nullptr) return malformed("an event is a JSON object");
    if (Result<void> taken = members.take(*name, entry.value); !taken) return std::unexpected(std::move(taken).error());
  }
  Result<EventLine> event = std::move(members).finish();
  if (!event) return event;
  if (payload) {
    event->payload = line.substr(payload->begin, payload->size);
    event->payload_begin = payload->begin;
    return event;
  }
  const Value* const written_otherwise = value->find("payload");
  if (written_otherwise == nullptr) return malformed("\"payload\" is missing");
  Result<std::string> text = json_from_value(*written_otherwise, JsonStyle::compact);
  if (!text) return std::unexpected(std::move(text).error());
  event->payload = std::move(*text);
  return event;
}

Result<void> add_to(Batch& batch, const EventLine& event) {
  Result<void> added = batch.add_json(event.where, event.kind, event.payload, event.options);
  if (!added && added.error().offset) *added.error().offset += event.payload_begin;
  return added;
}

Result<std::pair<std::string, Value>> parse_metadata_argument(std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return malformed("--meta \"" + std::string(argument) + "\" is neither NAME=TEXT nor NAME:=JSON");
  }
  const std::string_view text = argument.substr(equals + 1);
  std::string name(argument.substr(0, equals));
  Value value(text);
  if (name.ends_with(':')) {
    name.pop_back();
    Result<Value> parsed = value_from_json(text);
    if (!parsed) return malformed("--meta " + name + ": " + parsed.error().message);
    value = std::move(*parsed);
  }
  Metadata checked;
  if (Result<void> added = add_metadata(checked, name, value); !added) return std::unexpected(std::move(added).error());
  return std::pair(std::move(name), std::move(value));
}

}  // namespace batpak::cli
