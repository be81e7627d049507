// What `batpak import` and `append --json` read: a stream taken apart into lines, and an event in each of them.
#include <algorithm>
#include <clocale>

#include "batpak/json.hpp"
#include "byte_source.hpp"
#include "event_line.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/target.hpp"
#include "json_object.hpp"
#include "line_reader.hpp"
#include "payload_span.hpp"

namespace batpak::fuzz {
namespace {

// Gives its text in pieces of any sizes, as a pipe does.
class PieceSource : public cli::ByteSource {
 public:
  PieceSource(std::string_view text, std::size_t piece) : text_(text), piece_(piece) {}

  Result<std::size_t> read(std::span<char> into) override {
    const std::size_t size = std::min({into.size(), piece_, text_.size() - taken_});
    std::copy_n(text_.data() + taken_, size, into.data());
    taken_ += size;
    return size;
  }
  [[nodiscard]] std::uint64_t bytes_taken() const override { return taken_; }

 private:
  std::string_view text_;
  std::size_t piece_;
  std::size_t taken_ = 0;
};

// A line of the command's own making that says the same.
std::string line_of(const cli::EventLine& event) {
  cli::JsonObject line;
  line.text("entity", event.where.entity()).text("scope", event.where.scope()).text("kind", event.kind);
  if (event.options.correlation) line.text("correlation", to_string(*event.options.correlation));
  if (event.options.causation) line.text("causation", to_string(*event.options.causation));
  cli::JsonObject metadata;
  for (const auto& [name, value] : event.options.metadata)
    metadata.json(name, json_from_value(value, JsonStyle::compact).value());
  return line.json("meta", metadata.finish()).json("payload", event.payload).finish();
}

void check_same(const cli::EventLine& event, const cli::EventLine& again) {
  require(again.where == event.where && again.kind == event.kind && again.payload == event.payload &&
              again.options.correlation == event.options.correlation && again.options.causation == event.options.causation &&
              again.options.metadata == event.options.metadata,
          "an event that is written as a line is read as the same");
}

// A metadata map with one of JSON's special forms as its only name cannot be told from that form, and is not written here.
bool can_be_written(const cli::EventLine& event) {
  return event.options.metadata.size() != 1 || !event.options.metadata.begin()->first.starts_with('$');
}

// The payload is cut out of the line before JSON is read: it must be the one that a reader of the whole line sees.
void check_against_whole(std::string_view line, const cli::EventLine& event, ByteView payload) {
  const auto whole = value_from_json(line);
  if (!whole) {
    require(whole.error().code == ErrorCode::too_deep || whole.error().code == ErrorCode::payload_too_large ||
                whole.error().code == ErrorCode::too_large,
            "a line whose parts are JSON is JSON");
    return;
  }
  const auto text = [&](const char* name) {
    const Value* const member = whole->find(name);
    require(member != nullptr && member->if_text() != nullptr, "an event's names are in its line");
    return *member->if_text();
  };
  require(text("entity") == event.where.entity() && text("scope") == event.where.scope() && text("kind") == event.kind,
          "an event has the names of its line");
  const Value* const member = whole->find("payload");
  require(member != nullptr, "an event's payload is in its line");
  const auto bytes = messagepack_from_value(*member);
  require(bytes.has_value() && same_bytes(*bytes, payload), "an event has the payload of its line");
}

void check_line(std::string_view line) {
  if (const auto span = cli::find_payload(line)) {
    require(span->begin <= line.size() && span->size <= line.size() - span->begin, "a payload lies within its line");
  }
  static_cast<void>(cli::parse_metadata_argument(line));
  const auto event = cli::parse_event_line(line);
  if (!event) return;
  const auto payload = messagepack_from_json(event->payload);
  Batch batch;
  const auto added = cli::add_to(batch, *event);
  require(!added || payload.has_value(), "only JSON becomes a payload");
  require(batch.size() == (added ? 1U : 0U), "a line is one event or none");
  if (!payload) return;
  check_against_whole(line, *event, *payload);
  if (!can_be_written(*event)) return;
  const auto again = cli::parse_event_line(line_of(*event));
  require(again.has_value(), "an event can be written as a line");
  check_same(*event, *again);
}

void check_string(std::string_view text) {
  const auto value = value_from_json(cli::json_string(text));
  require(value.has_value() && value->if_text() != nullptr, "every text is a JSON string");
}

// The first byte is the size of the pieces in which the rest arrives.
// Witness: decoder_stays_in_bounds
const Target import_line("import_line", [](ByteView input) {
  static const char* const locale = std::setlocale(LC_CTYPE, "C.UTF-8");
  require(locale != nullptr, "there is a UTF-8 locale");
  Choices choices(input);
  const std::size_t piece = choices.byte() + std::size_t{1};
  const std::string_view text = base::as_text(choices.rest());
  cli::LineReader reader(std::make_unique<PieceSource>(text, piece));
  std::string_view rest = text;
  std::uint64_t count = 0;
  while (true) {
    const auto line = reader.next();
    require(line.has_value(), "short lines can be read");
    if (!*line) break;
    require(!rest.empty(), "no line is made up");
    require(**line == rest.substr(0, rest.find('\n')), "a line is what stands before its end");
    rest.remove_prefix(std::min(rest.size(), (*line)->size() + 1));
    require(reader.line_number() == ++count, "lines are counted");
    check_line(**line);
  }
  require(rest.empty(), "every line is given");
  check_string(text);
});

}  // namespace
}  // namespace batpak::fuzz
