#include <fmt/core.h>

#include <limits>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "display_text.hpp"
#include "event_text.hpp"
#include "interruption.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

// Draws events newest first, each with its hash, and between two of them the link: the hash that the newer one keeps of the
// older one.
//
//   ● 9f3a1c07  version 1  sequence 12  2026-01-02T03:04:05.000006Z  file.changed  repo:fmt
//   │ {"after":"…"}
//   │
//   ● 22bb77aa  version 0  sequence 3  …
//   │ {"after":"…"}
//   │
//   ◆ 5f0c0d11  sequence 0  the store's first event
class ChainDrawing {
 public:
  explicit ChainDrawing(Output& output) : output_(output) {}

  void draw(const EventView& event, std::uint64_t durable_size) {
    link_to(event.event_hash());
    const std::string mark = event.sequence() < durable_size ? "" : "  not yet durable";
    put(fmt::format("{} {}  version {}  sequence {}  {}  {}  {}{}", output_.paint(Style::green, "●"),
                    output_.paint(Style::yellow, short_hash(event.event_hash())), event.stream_version(), event.sequence(),
                    output_.paint(Style::dim, format_time(event.time().microseconds)),
                    output_.paint(Style::blue, printable(kind_text(event))), printable(event.scope()), mark));
    const std::size_t columns = output_.terminal().columns;
    const std::string payload = printable(payload_text(event));
    put("│ " + (columns > 2 ? shortened(payload, columns - 2) : payload));
    linked_hash_ = event.previous_hash();
    linked_sequence_ = event.previous_sequence();
  }

  // An event that cannot be read: the chain is drawn on behind it.
  void draw_gap() {
    put(output_.paint(Style::red, "✗ an event that cannot be read"));
    linked_hash_.reset();
  }

  // What the oldest event drawn links to.
  void end() {
    if (!linked_hash_) return;
    put("│");
    put(fmt::format("◆ {}  sequence {}{}", output_.paint(Style::yellow, short_hash(*linked_hash_)), linked_sequence_,
                    linked_sequence_ == 0 ? "  the store's first event" : "  …"));
  }

  [[nodiscard]] bool broken() const noexcept { return broken_; }

 private:
  void put(const std::string& line) { output_.line(line); }

  void link_to(const Hash& hash) {
    if (!linked_hash_) return;
    if (*linked_hash_ == hash) return put("│");
    broken_ = true;
    put(output_.paint(Style::red, fmt::format("✗ links to {}, not to the event below", short_hash(*linked_hash_))));
  }

  Output& output_;
  std::optional<Hash> linked_hash_;
  std::uint64_t linked_sequence_ = 0;
  bool broken_ = false;
};

// Draws the lanes of an entity one after the other, up to so many events in all.
class HistoryDrawing {
 public:
  HistoryDrawing(const Snapshot& snapshot, const HistoryArguments& arguments, Output& output)
      : snapshot_(snapshot),
        arguments_(arguments),
        output_(output),
        left_(arguments.limit.value_or(std::numeric_limits<std::uint64_t>::max())) {}

  void draw(std::uint32_t lane) {
    if (arguments_.format == Format::table) draw_title(lane);
    if (left_ == 0) return;
    ChainDrawing chain(output_);
    EventRange events = snapshot_.stream(arguments_.entity, {.lane = lane, .direction = Direction::backwards});
    for (const Result<EventView>& event : events) {
      if (output_.closed() || interruption()) break;
      if (!event) {
        complain(event.error());
        code_ = ExitCode::finding;
        if (arguments_.format == Format::table) chain.draw_gap();
      } else if (arguments_.format == Format::json) {
        output_.line(event_json(*event, snapshot_.durable_size()));
      } else {
        chain.draw(*event, snapshot_.durable_size());
      }
      if (--left_ == 0) break;
    }
    chain.end();
    if (chain.broken()) code_ = ExitCode::finding;
  }

  [[nodiscard]] ExitCode code() const noexcept { return code_; }

 private:
  void draw_title(std::uint32_t lane) {
    if (has_title_) output_.line("");
    has_title_ = true;
    // A head that cannot be read is no reason to show nothing: the chain below names the place.
    const Result<std::optional<StreamHead>> head = snapshot_.head(arguments_.entity, lane);
    output_.line(
        fmt::format("{}{}  {}", output_.paint(Style::bold, printable(arguments_.entity)),
                    lane == 0 ? "" : fmt::format("  lane {}", lane),
                    head && *head ? counted((*head)->version + 1, "event", "events") : "its last event cannot be read"));
    if (left_ > 0) output_.line("");
  }

  const Snapshot& snapshot_;
  const HistoryArguments& arguments_;
  Output& output_;
  std::uint64_t left_;
  ExitCode code_ = ExitCode::fine;
  bool has_title_ = false;
};

}  // namespace

ExitCode run(const HistoryArguments& arguments) {
  Result<Store> store = open_to_read(arguments.directory, ReadOnlyOptions::Undurable::show);
  if (!store) return complain(store.error());
  const Result<Snapshot> snapshot = store->snapshot();
  if (!snapshot) return complain(snapshot.error());
  const std::vector<std::uint32_t> lanes = snapshot->lanes(arguments.entity);
  if (lanes.empty()) {
    return complain(Error(ErrorCode::not_found, "no event of \"" + arguments.entity + "\"").at_path(arguments.directory),
                    "batpak stat DIR counts the entities; batpak log DIR --entity 'PREFIX*' finds them");
  }
  Output output;
  HistoryDrawing drawing(*snapshot, arguments, output);
  for (const std::uint32_t lane : lanes) {
    if (output.closed() || interruption()) break;
    drawing.draw(lane);
  }
  return output.finish(drawing.code());
}

}  // namespace batpak::cli
