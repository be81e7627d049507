#include <fmt/core.h>

#include <filesystem>
#include <utility>

#include "batpak/store.hpp"
#include "commands.hpp"
#include "complaint.hpp"
#include "event_line.hpp"
#include "interruption.hpp"
#include "json_object.hpp"
#include "line_reader.hpp"
#include "output.hpp"
#include "progress_bar.hpp"
#include "quantity.hpp"
#include "source_digest.hpp"
#include "store_opening.hpp"

namespace batpak::cli {
namespace {

// How a file looked, to notice that it changed meanwhile.
struct FileState {
  std::uintmax_t size = 0;
  std::filesystem::file_time_type written_at;

  [[nodiscard]] static FileState of(const std::string& path) {
    std::error_code ignored;
    return {.size = std::filesystem::file_size(path, ignored),
            .written_at = std::filesystem::last_write_time(path, ignored)};
  }
  friend bool operator==(const FileState&, const FileState&) = default;
};

Result<std::string> digest_of_file(const std::string& path, std::uint64_t size) {
  Result<std::unique_ptr<ByteSource>> source = open_source_file(path);
  if (!source) return std::unexpected(std::move(source).error());
  ProgressBar bar("reading", "bytes");
  return digest_of(**source,
                   [&](std::uint64_t taken) { bar.show({.bytes_done = taken, .bytes_total = size, .units = taken}); });
}

// The last line of this source that the store holds, 0 for none. Lines go into the log in their order and in whole commits,
// so the newest event from the source tells.
Result<std::uint64_t> last_line_imported(const Store& store, const std::string& digest) {
  Result<EventRange> events = store.read({.direction = Direction::backwards});
  if (!events) return std::unexpected(std::move(events).error());
  const Value source(digest);
  for (const Result<EventView>& event : *events) {
    // What cannot be read could be the newest line; guessing would import lines twice.
    if (!event) return std::unexpected(event.error());
    const Result<Metadata> metadata = event->metadata();
    if (!metadata) return std::unexpected(metadata.error());
    const auto found = metadata->find(import_source_name);
    if (found == metadata->end() || found->second != source) continue;
    const auto line = metadata->find(import_line_name);
    if (line != metadata->end()) return line->second.to_uint64().value_or(0);
  }
  return 0;
}

class Import {
 public:
  Import(const ImportArguments& arguments, Store& store, std::unique_ptr<ByteSource> source, std::string digest)
      : arguments_(arguments), store_(store), lines_(std::move(source)), digest_(std::move(digest)) {}

  ExitCode run(std::uint64_t resumed_after, std::uint64_t file_size) {
    const std::uint64_t first_line = std::max(resumed_after + 1, arguments_.from_line);
    ExitCode code = ExitCode::fine;
    ProgressBar bar("importing", "events");
    while (code == ExitCode::fine && !interruption()) {
      const Result<std::optional<std::string_view>> line = lines_.next();
      if (line && !*line) break;
      if (line && lines_.line_number() < first_line) continue;
      const Result<void> added = line ? add(**line) : std::unexpected(line.error());
      if (!added) {
        code = stop_at_line(bar, added.error());
      } else if (batch_.size() >= arguments_.batch) {
        code = commit(bar);
        bar.show({.bytes_done = lines_.bytes_taken(), .bytes_total = file_size, .units = imported_});
      }
    }
    if (code == ExitCode::fine) code = commit(bar);
    return code;
  }

  [[nodiscard]] std::uint64_t imported() const noexcept { return imported_; }
  [[nodiscard]] std::uint64_t commits() const noexcept { return commits_; }
  [[nodiscard]] std::uint64_t last_line() const noexcept { return last_line_; }
  [[nodiscard]] const std::optional<Receipt>& last_receipt() const noexcept { return last_receipt_; }

 private:
  Result<void> add(std::string_view line) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (lines_.line_number() == 1 && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    Result<EventLine> event = parse_event_line(line);
    if (!event) return std::unexpected(std::move(event).error());
    event->options.metadata.emplace(import_source_name, digest_);
    event->options.metadata.emplace(import_line_name, lines_.line_number());
    Result<void> added = add_to(batch_, *event);
    if (!added && added.error().code == ErrorCode::batch_too_large && !batch_.empty()) {
      if (Result<void> committed = commit_batch(); !committed) return committed;
      added = add_to(batch_, *event);
    }
    if (added) line_in_batch_ = lines_.line_number();
    return added;
  }

  Result<void> commit_batch() {
    if (batch_.empty()) return {};
    Result<std::vector<Receipt>> receipts = store_.append_batch(std::exchange(batch_, Batch()));
    if (!receipts) return std::unexpected(std::move(receipts).error());
    imported_ += receipts->size();
    ++commits_;
    last_line_ = line_in_batch_;
    last_receipt_ = std::move(receipts->back());
    return {};
  }

  ExitCode commit(ProgressBar& bar) {
    const Result<void> committed = commit_batch();
    if (committed) return ExitCode::fine;
    bar.clear();
    return complain(committed.error());
  }

  // The lines before it are kept.
  ExitCode stop_at_line(ProgressBar& bar, Error error) {
    if (const ExitCode code = commit(bar); code != ExitCode::fine) return code;
    bar.clear();
    const std::uint64_t line = lines_.line_number();
    if (error.path.empty()) error.path = arguments_.file;
    return complain(at_line(std::move(error), line),
                    fmt::format("the lines before it are kept; mend it, then go on with --from-line {}", line));
  }

  const ImportArguments& arguments_;
  Store& store_;
  LineReader lines_;
  std::string digest_;
  Batch batch_;
  std::uint64_t line_in_batch_ = 0;  // the last one
  std::uint64_t imported_ = 0;
  std::uint64_t commits_ = 0;
  std::uint64_t last_line_ = 0;
  std::optional<Receipt> last_receipt_;
};

// What was done, whether to the end or not.
void summarize(Output& output, const ImportArguments& arguments, const Import& import, const std::string& digest,
               std::uint64_t resumed_after, std::chrono::microseconds elapsed) {
  const double seconds = std::chrono::duration<double>(elapsed).count();
  const double rate = seconds > 0 ? static_cast<double>(import.imported()) / seconds : 0;
  if (arguments.format == Format::json) {
    JsonObject object;
    object.text("file", arguments.file).text("source", digest).number("imported", import.imported());
    object.number("commits", import.commits()).number("resumed_after_line", resumed_after);
    object.number("last_line", std::max(resumed_after, import.last_line()));
    if (import.last_receipt()) object.number("last_sequence", import.last_receipt()->sequence);
    output.line(object.seconds("seconds", seconds).finish());
    return;
  }
  if (import.imported() == 0 && resumed_after > 0) {
    output.line(
        fmt::format("nothing to do: {} is imported up to its last line, {}", arguments.file, grouped(resumed_after)));
    return;
  }
  const std::string resumed = resumed_after > 0 ? fmt::format(", going on after line {}", grouped(resumed_after)) : "";
  output.line(fmt::format("imported {} in {} from {}{}: {} ({} events/s)", counted(import.imported(), "event", "events"),
                          counted(import.commits(), "commit", "commits"), arguments.file, resumed, duration_text(elapsed),
                          grouped(static_cast<std::uint64_t>(rate))));
}

}  // namespace

ExitCode run(const ImportArguments& arguments) {
  const auto started = std::chrono::steady_clock::now();
  if (arguments.file == "-") {
    return complain_of_usage("import reads its file twice; batpak append DIR takes events from standard input");
  }
  const FileState before = FileState::of(arguments.file);
  const Result<std::string> digest = digest_of_file(arguments.file, before.size);
  if (!digest) return complain(digest.error());
  if (interruption()) return *interruption();
  Result<Store> store = open_to_write(arguments.directory, arguments.signing, arguments.witness);
  if (!store) return complain(store.error());
  const Result<std::uint64_t> resumed_after = last_line_imported(*store, *digest);
  if (!resumed_after) return complain(resumed_after.error());
  Result<std::unique_ptr<ByteSource>> source = open_source_file(arguments.file);
  if (!source) return complain(source.error());

  Import import(arguments, *store, std::move(*source), *digest);
  ExitCode code = import.run(*resumed_after, before.size);
  const std::string done = fmt::format("{} imported", counted(import.imported(), "event was", "events were"));
  const ExitCode closed = close(*store, arguments.witness, done);
  if (code == ExitCode::fine) code = closed;
  Output output;
  output.did(done);
  const auto elapsed = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
  summarize(output, arguments, import, *digest, *resumed_after, elapsed);
  if (code == ExitCode::fine && FileState::of(arguments.file) != before) {
    code = complain(Error(ErrorCode::invalid_argument, "the file changed while it was imported").at_path(arguments.file),
                    "what was read is in the store; import a file that nobody writes to");
  }
  if (code == ExitCode::fine && interruption()) {
    remark("stopped by a signal; the same command goes on from here");
    code = *interruption();
  }
  return output.finish(code);
}

}  // namespace batpak::cli
