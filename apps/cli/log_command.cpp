#include <algorithm>
#include <limits>
#include <vector>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_filter.hpp"
#include "event_text.hpp"
#include "interruption.hpp"
#include "live_watch.hpp"
#include "output.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

constexpr std::uint64_t events_before_following = 10;
constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

class LogPrinter {
 public:
  explicit LogPrinter(const LogArguments& arguments)
      : arguments_(arguments),
        filter_{.entity = arguments.entity, .scope = arguments.scope, .kind = arguments.kind},
        table_(output_, event_columns()) {}

  // The events of a range that pass, as they come.
  void print(EventRange events, std::uint64_t durable_size, std::uint64_t limit) {
    std::uint64_t printed = 0;
    if (limit == 0) return;
    for (const Result<EventView>& event : events) {
      if (output_.closed() || interruption()) break;
      if (!passes(event)) continue;
      print(*event, durable_size);
      if (++printed == limit) break;
    }
  }

  // The last `limit` events that pass, oldest first.
  void print_last(EventRange backwards, std::uint64_t durable_size, std::uint64_t limit) {
    std::vector<EventView> last;
    if (limit == 0) return;
    for (const Result<EventView>& event : backwards) {
      if (interruption()) break;
      if (!passes(event)) continue;
      last.push_back(*event);
      if (last.size() == limit) break;
    }
    std::ranges::reverse(last);
    for (const EventView& event : last) print(event, durable_size);
  }

  // Shows what was printed so far.
  void flush() {
    table_.flush();
    output_.flush();
  }

  ExitCode finish() {
    flush();
    return output_.finish(code_);
  }

  [[nodiscard]] const EventFilter& filter() const noexcept { return filter_; }
  [[nodiscard]] bool closed() const noexcept { return output_.closed(); }
  void fail(const Error& error) { code_ = complain(error); }

 private:
  bool passes(const Result<EventView>& event) {
    if (event) return event->sequence() >= arguments_.from.value_or(0) && filter_.lets_pass(*event);
    complain(event.error());
    code_ = ExitCode::finding;
    return false;
  }

  void print(const EventView& event, std::uint64_t durable_size) {
    if (arguments_.format == Format::json) {
      output_.line(event_json(event, durable_size));
    } else {
      table_.add(event_cells(event, durable_size));
    }
  }

  const LogArguments& arguments_;
  EventFilter filter_;
  Output output_;
  Table table_;
  ExitCode code_ = ExitCode::fine;
};

EventRange range_of(const Snapshot& snapshot, const LogArguments& arguments, const EventFilter& filter,
                    Direction direction) {
  if (filter.names_one_stream()) return snapshot.stream(filter.entity, {.direction = direction});
  return snapshot.read(
      {.from = arguments.from,
       .direction = direction,
       .store_events = arguments.own == LogArguments::Own::include ? StoreEvents::include : StoreEvents::skip});
}

ExitCode follow(const LogArguments& arguments, const Store& store, LogPrinter& printer) {
  LiveWatch watch(arguments.directory);  // before the first look, so that nothing falls between
  const StoreEvents store_events = arguments.own == LogArguments::Own::include ? StoreEvents::include : StoreEvents::skip;
  std::uint64_t next = arguments.from.value_or(0);
  bool first = true;
  while (!printer.closed()) {
    const Result<Snapshot> snapshot = store.snapshot();
    if (!snapshot) {
      printer.fail(snapshot.error());
      break;
    }
    const std::uint64_t size = snapshot->size();
    if (first && !arguments.from) {
      printer.print_last(range_of(*snapshot, arguments, printer.filter(), Direction::backwards), size,
                         arguments.limit.value_or(events_before_following));
    } else if (size > next) {
      printer.print(snapshot->read({.from = next, .store_events = store_events}), size, no_limit);
    }
    first = false;
    next = std::max(next, size);
    printer.flush();
    const LiveWatch::Woken woken = watch.wait();
    if (woken == LiveWatch::Woken::by_signal || woken == LiveWatch::Woken::by_closed_output) break;
  }
  return printer.finish();
}

}  // namespace

ExitCode run(const LogArguments& arguments) {
  const bool follows = arguments.end == LogArguments::End::follow;
  Result<Store> store =
      open_to_read(arguments.directory, follows ? ReadOnlyOptions::Undurable::hide : ReadOnlyOptions::Undurable::show);
  if (!store) return complain(store.error());
  LogPrinter printer(arguments);
  if (follows) return follow(arguments, *store, printer);
  const Result<Snapshot> snapshot = store->snapshot();
  if (!snapshot) return complain(snapshot.error());
  const Direction direction = arguments.from ? Direction::forwards : Direction::backwards;
  printer.print(range_of(*snapshot, arguments, printer.filter(), direction), snapshot->durable_size(),
                arguments.limit.value_or(no_limit));
  return printer.finish();
}

}  // namespace batpak::cli
