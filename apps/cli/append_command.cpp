#include <fmt/core.h>
#include <unistd.h>

#include <utility>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_line.hpp"
#include "interruption.hpp"
#include "line_reader.hpp"
#include "output.hpp"
#include "quantity.hpp"
#include "receipt_text.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

Result<EventOptions> options_of(const AppendArguments& arguments) {
  EventOptions options;
  if (arguments.correlation) {
    Result<CorrelationId> id = CorrelationId::from_string(*arguments.correlation);
    if (!id) return std::unexpected(Error(ErrorCode::malformed, "--correlation: " + id.error().message));
    options.correlation = *id;
  }
  if (arguments.causation) {
    Result<EventId> id = EventId::from_string(*arguments.causation);
    if (!id) return std::unexpected(Error(ErrorCode::malformed, "--causation: " + id.error().message));
    options.causation = *id;
  }
  for (const std::string& argument : arguments.metadata) {
    Result<std::pair<std::string, Value>> entry = parse_metadata_argument(argument);
    if (!entry) return std::unexpected(std::move(entry).error());
    if (!options.metadata.insert(std::move(*entry)).second) {
      return std::unexpected(Error(ErrorCode::invalid_metadata, "--meta " + argument + " gives a name twice"));
    }
  }
  return options;
}

Durability durability_of(const AppendArguments& arguments) {
  return arguments.sync == AppendArguments::Sync::buffered ? Durability::buffered : Durability::durable;
}

// One event, all of it given as arguments.
ExitCode append_one(const AppendArguments& arguments, EventOptions options) {
  if (!arguments.entity || !arguments.scope || !arguments.kind) {
    return complain_of_usage("append needs --entity, --scope and --kind for an event; see batpak append --help");
  }
  const Result<Coordinate> where = Coordinate::make(*arguments.entity, *arguments.scope);
  if (!where) return complain(where.error());
  Result<Store> store = open_to_write(arguments.directory, arguments.signing, arguments.witness);
  if (!store) return complain(store.error());
  const Result<Receipt> receipt = store->append_json(*where, *arguments.kind, *arguments.payload,
                                                     {.correlation = options.correlation,
                                                      .causation = options.causation,
                                                      .metadata = std::move(options.metadata),
                                                      .durability = durability_of(arguments)});
  if (!receipt) return complain(receipt.error());
  const std::string done = fmt::format("the event is in the log as number {}", receipt->sequence);
  Output output;
  output.did(done);
  if (arguments.format == Format::json) {
    output.line(receipt_json(*receipt, *arguments.kind));
  } else {
    output.write(receipt_description(*receipt, output));
  }
  output.flush();
  if (const ExitCode closed = close(*store, arguments.witness, done); closed != ExitCode::fine) return closed;
  return output.finish(ExitCode::fine);
}

// Lines from standard input, `batch` of them a commit.
class LineAppender {
 public:
  LineAppender(const AppendArguments& arguments, EventOptions options, Store& store)
      : arguments_(arguments),
        common_(std::move(options)),
        store_(store),
        lines_(standard_input()),
        table_(output_, receipt_columns()) {}

  ExitCode run() {
    ExitCode code = ExitCode::fine;
    while (code == ExitCode::fine && !interruption()) {
      const Result<std::optional<std::string_view>> line = lines_.next();
      if (line && !*line) break;
      if (interruption()) break;  // the end of the input may be the signal, in the middle of a line
      const Result<void> added = line ? add(**line) : std::unexpected(line.error());
      if (!added) code = complain_of_line(added.error());
      if (added && batch_.size() >= arguments_.batch) code = commit();
    }
    const ExitCode last = commit();
    if (code == ExitCode::fine) code = last;
    table_.flush();
    if (code == ExitCode::fine && note_ && arguments_.format == Format::table) {
      output_.write("checkpoint\n" + format_note(*note_));
    }
    if (code == ExitCode::fine) code = interruption().value_or(ExitCode::fine);
    output_.did(done());
    return output_.finish(code);
  }

  // What became of the lines.
  [[nodiscard]] std::string done() const {
    return fmt::format("{} {} in the log", counted(appended_, "event", "events"), appended_ == 1 ? "is" : "are");
  }

 private:
  Result<void> add(std::string_view line) {
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    Result<EventLine> event = arguments_.kind ? payload_line(line) : parse_event_line(line);
    if (!event) return std::unexpected(std::move(event).error());
    if (common_.correlation) event->options.correlation = common_.correlation;
    if (common_.causation) event->options.causation = common_.causation;
    for (const auto& [name, value] : common_.metadata) event->options.metadata.insert_or_assign(name, value);
    Result<void> added = add_to(batch_, *event);
    if (!added && added.error().code == ErrorCode::batch_too_large && !batch_.empty()) {
      if (commit() != ExitCode::fine)
        return std::unexpected(Error(ErrorCode::not_written, "the events before it were not written"));
      added = add_to(batch_, *event);
    }
    if (added) kinds_.push_back(std::move(event->kind));
    return added;
  }

  Result<EventLine> payload_line(std::string_view line) const {
    Result<Coordinate> where = Coordinate::make(*arguments_.entity, *arguments_.scope);
    if (!where) return std::unexpected(std::move(where).error());
    return EventLine{.where = std::move(*where), .kind = *arguments_.kind, .payload = std::string(line), .options = {}};
  }

  ExitCode commit() {
    if (batch_.empty()) return ExitCode::fine;
    const Result<std::vector<Receipt>> receipts =
        store_.append_batch(std::exchange(batch_, Batch()), {.durability = durability_of(arguments_)});
    const std::vector<std::string> kinds = std::exchange(kinds_, {});
    if (!receipts) return complain(receipts.error());
    appended_ += receipts->size();
    remark_on_witness();
    for (std::size_t i = 0; i < receipts->size(); ++i) {
      const Receipt& receipt = (*receipts)[i];
      if (arguments_.format == Format::json) {
        output_.line(receipt_json(receipt, kinds[i]));
      } else {
        table_.add(receipt_cells(receipt));
      }
      note_ = receipt.checkpoint;
    }
    // Whoever feeds line after line waits for the receipts.
    if (arguments_.format == Format::table && (output_.terminal().present || arguments_.batch == 1)) table_.flush();
    output_.flush();
    return ExitCode::fine;
  }

  // Once for each failure: lines may come for days.
  void remark_on_witness() {
    const std::optional<Error> error = store_.witness_error();
    if (error && !witness_fails_) {
      remark(fmt::format("the witness file is behind, at {} of {} events, and is tried again: {}",
                         store_.frontier().witnessed, store_.frontier().durable, to_string(*error)));
    }
    witness_fails_ = error.has_value();
  }

  ExitCode complain_of_line(Error error) {
    if (error.path.empty()) error.path = "standard input";
    return complain(at_line(std::move(error), lines_.line_number()), "the lines before it are kept");
  }

  const AppendArguments& arguments_;
  EventOptions common_;
  Store& store_;
  LineReader lines_;
  Batch batch_;
  std::vector<std::string> kinds_;  // of the events in the batch
  Output output_;
  Table table_;
  std::shared_ptr<const CheckpointNote> note_;  // of the newest commit
  std::uint64_t appended_ = 0;
  bool witness_fails_ = false;
};

ExitCode append_lines(const AppendArguments& arguments, EventOptions options) {
  const int given = (arguments.entity ? 1 : 0) + (arguments.scope ? 1 : 0) + (arguments.kind ? 1 : 0);
  if (given != 0 && given != 3) {
    return complain_of_usage(
        "--entity, --scope and --kind go together: with all three each line is a payload, with none an event");
  }
  Result<Store> store = open_to_write(arguments.directory, arguments.signing, arguments.witness);
  if (!store) return complain(store.error());
  LineAppender appender(arguments, std::move(options), *store);
  const ExitCode code = appender.run();
  const ExitCode closed = close(*store, arguments.witness, appender.done());
  return code == ExitCode::fine ? closed : code;
}

}  // namespace

ExitCode run(const AppendArguments& arguments) {
  Result<EventOptions> options = options_of(arguments);
  if (!options) return complain(options.error());
  if (arguments.payload && *arguments.payload != "-") return append_one(arguments, std::move(*options));
  if (!arguments.payload && isatty(STDIN_FILENO) == 1) {
    return complain_of_usage("append needs the payload as JSON, or lines on standard input; see batpak append --help");
  }
  return append_lines(arguments, std::move(*options));
}

}  // namespace batpak::cli
