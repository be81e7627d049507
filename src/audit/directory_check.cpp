#include "audit/directory_check.hpp"

#include <algorithm>
#include <utility>

#include "audit/byte_name.hpp"
#include "audit/changed_byte.hpp"
#include "base/limits.hpp"
#include "base/try.hpp"

namespace batpak::audit {
namespace {

using segment::CommitView;
using segment::CommitWalker;
using segment::segment_header_bytes;
using segment::SegmentHeader;

// Few enough bytes to stay in a cache while they are walked and hashed; and room for half a megabyte that the window before
// left over, since a batch of a thousand small events is one commit.
constexpr std::size_t window_bytes = 1U << 19U;
constexpr std::size_t window_room = 1U << 19U;
constexpr std::uint64_t span_bytes = 1U << 18U;  // of commits that one task checks
constexpr std::string_view log_name = "log";

std::string number(std::uint64_t value) { return std::to_string(value); }

// Offset of the first byte that is not zero, or the size.
std::uint64_t first_non_zero(ByteView bytes) {
  return static_cast<std::uint64_t>(std::ranges::find_if(bytes, [](std::byte b) { return b != std::byte{0}; }) -
                                    bytes.begin());
}

// How many bytes there are up to the last one that is not zero.
std::uint64_t size_without_zeros(ByteView bytes) {
  while (!bytes.empty() && bytes.back() == std::byte{0}) bytes = bytes.first(bytes.size() - 1);
  return bytes.size();
}

// Goes on behind a fault: at the end of a commit whose header is intact, if another one begins there, else wherever one does.
// Returns the header of that one.
std::optional<segment::CommitHeader> skip(CommitWalker& walker, ByteView view, const OpenSegment& segment,
                                          const segment::CommitFault& fault) {
  if (fault.header && fault.header->length < view.size() - fault.offset) {
    const std::uint64_t end = fault.offset + fault.header->length;
    const auto next = segment::decode_commit_header(view.subspan(end), segment.header.salt);
    if (next && next->segment == segment.header.number && next->offset == end) {
      walker.resume_at(end);
      return *next;
    }
  }
  return walker.skip_fault();
}

}  // namespace

DirectoryCheck::DirectoryCheck(platform::Directory& directory, const VerifyOptions& options)
    : directory_(directory), options_(options), findings_(options.findings_max), pool_(options.threads) {}

Result<VerifyReport> DirectoryCheck::run() {
  BATPAK_TRY(has_owner_, directory_.has_owner());
  if (has_owner_) {
    if (auto live = segment::read_live(directory_)) live_ = *live;
  }
  BATPAK_CHECK(list_files());
  read_meta();
  if (meta_) store_id_ = meta_->genesis.store_id;
  if (live_ && meta_ && live_->store_id != meta_->genesis.store_id) live_.reset();
  const std::optional<std::string> origin = find_origin();
  check_origin(origin);
  if (options_.key && origin) signer_ = SignerIdentity{.origin = *origin, .key = *options_.key};
  for (unsigned i = 0; i < pool_.threads(); ++i) checkers_.push_back(std::make_unique<SpanChecker>(signer_));
  history_.emplace(findings_, signer_, meta_ ? ByteView(meta_->genesis_payload) : ByteView{}, options_.against);
  if (!files_.empty()) start_loading(0);
  for (std::size_t i = 0; i < files_.size() && !reached_live_; ++i) BATPAK_CHECK(check_segment(i));
  take_all();
  if (seal_before_ && !reached_live_) {
    findings_.add(Law::segment_set, {.path = files_.back().path},
                  "the segment is sealed, and its successor, number " + number(seal_before_->successor) + " in '" +
                      segment::segment_path(seal_before_->first_sequence) + "', is missing");
  }
  if (!files_.empty() && history_->next_sequence() == 0) {
    findings_.add(Law::commit_whole, {.path = files_.front().path, .offset = segment_header_bytes, .sequence = 0},
                  "the log has no genesis event");
  }
  check_branches();
  history_->finish();
  report_.segments = files_.size();
  report_.origin = meta_ ? meta_->genesis.origin : std::string();
  history_->report(report_);
  check_known_signatures(findings_, options_, report_);
  explain_known(findings_, options_, store_id_, report_);
  report_.bytes = bytes_done_;
  report_.findings = findings_.take_sorted();
  report_.findings_omitted = findings_.omitted();
  return std::move(report_);
}

Result<void> DirectoryCheck::list_files() {
  BATPAK_TRY(const bool has_log, directory_.exists(log_name));
  BATPAK_TRY(const bool has_meta, directory_.exists(event::store_meta_name));
  if (has_log) {
    BATPAK_TRY(const auto entries, directory_.list(log_name));
    for (const platform::DirectoryEntry& entry : entries) {
      const std::string path = std::string(log_name) + "/" + entry.name;
      const auto first_sequence = segment::parse_segment_file_name(entry.name);
      if (entry.is_directory || !first_sequence) {
        if (entry.name.ends_with(".tmp")) continue;  // a preparation, under way or interrupted; not part of the log
        findings_.add(Law::stray_file, {.path = path}, "the file does not belong among the segments");
        continue;
      }
      SegmentFile file{.path = path, .first_sequence = *first_sequence};
      if (const auto opened = directory_.open_file(path, platform::OpenMode::read)) {
        if (const auto size = (*opened)->size()) file.size = *size;
      } else if (opened.error().code == ErrorCode::permission_denied) {
        return base::fail(opened.error());
      }
      bytes_total_ += file.size;
      files_.push_back(std::move(file));
    }
  }
  if (files_.empty() && !has_meta) {
    return base::fail(Error(ErrorCode::not_a_store, "the directory is not a store").at_path(directory_.path()));
  }
  if (files_.empty()) findings_.add(Law::segment_set, {.path = log_name}, "the store has no log");
  return {};
}

void DirectoryCheck::read_meta() {
  const Place place{.path = event::store_meta_name};
  const auto file = directory_.open_file(event::store_meta_name, platform::OpenMode::read);
  if (!file) return findings_.add(Law::store_meta, place, "store.meta cannot be read: " + file.error().message);
  Bytes bytes(event::store_meta_bytes_max + 1);
  const auto size = (*file)->read_at(0, bytes);
  if (!size) return findings_.add(Law::unreadable, place, "store.meta cannot be read: " + size.error().message);
  bytes.resize(*size);
  auto meta = event::StoreMeta::decode(bytes);
  if (meta) {
    meta_ = *std::move(meta);
    return;
  }
  if (bytes.size() >= 8) {
    for (const ChangedByte& change : explain_by_one_byte(bytes, {})) {
      Bytes mended = bytes;
      mended[change.offset] = change.was;
      auto decoded = event::StoreMeta::decode(mended);
      if (!decoded) continue;
      meta_ = *std::move(decoded);
      return findings_.add(Law::store_meta, {.path = place.path, .offset = change.offset},
                           "store.meta was changed: " + describe(change));
    }
  }
  findings_.add(Law::store_meta, place, meta.error().message);
}

std::optional<std::string> DirectoryCheck::find_origin() {
  if (meta_) return meta_->genesis.origin;
  if (files_.empty() || (!options_.key && options_.origin.empty())) return std::nullopt;
  const auto file = directory_.open_file(files_.front().path, platform::OpenMode::read);
  if (!file) return std::nullopt;
  const auto image = segment::SegmentImage::load(**file);
  if (!image) return std::nullopt;
  const auto header = SegmentHeader::decode(image->bytes);
  if (!header) return std::nullopt;
  const auto step = CommitWalker(image->bytes, *header).next();
  if (!step.commit) return std::nullopt;
  const auto frame = event::FrameView::parse(segment::FrameSplitter(step.commit->body).next());
  if (!frame) return std::nullopt;
  const auto genesis = event::read_genesis(frame->payload());
  if (!genesis) return std::nullopt;
  return genesis->origin;
}

void DirectoryCheck::check_origin(const std::optional<std::string>& origin) {
  if (options_.origin.empty() || origin == options_.origin) return;
  findings_.add(Law::unknown_origin, {.path = event::store_meta_name},
                origin ? "the log is '" + *origin + "', and the one that was asked for is '" + options_.origin + "'"
                       : "nothing says that the log is the one that was asked for, '" + options_.origin + "'");
}

void DirectoryCheck::start_loading(std::size_t index) {
  next_ = std::make_unique<Loading>();
  next_->segment = std::make_shared<OpenSegment>();
  next_->segment->path = files_[index].path;
  auto file = directory_.open_file(files_[index].path, platform::OpenMode::read);
  if (!file) {
    next_->error = std::move(file).error();
    return;
  }
  const auto size = (*file)->size();
  if (!size) {
    next_->error = size.error();
    return;
  }
  if (const auto fits = segment::check_segment_size(*size); !fits) {
    next_->error = fits.error();
    return;
  }
  next_->segment->file_bytes = *size;
  const bool is_small = *size <= window_bytes;  // whole in one window, so that nothing is left over for a next one
  const WindowSizes sizes{
      .bytes = is_small ? static_cast<std::size_t>(*size) : window_bytes,
      .room = is_small ? 0 : window_room,
      .ahead = pool_.threads() == 1 ? 0U : 2U};  // alone, this thread reads what it is about to walk over
  next_->reader = std::make_unique<SegmentReader>(pool_, *std::move(file), *size, sizes, spare_);
}

bool DirectoryCheck::load_image(const Loading& loaded, std::uint64_t from) {
  OpenSegment& segment = *loaded.segment;
  take_all();  // lets go of the image before
  auto image = segment::SegmentImage::load(loaded.reader->file(), from - from % limits::sector_bytes);
  if (!image) {
    findings_.add(Law::unreadable, {.path = segment.path}, "the segment cannot be read: " + image.error().message);
    return false;
  }
  segment.image = *std::move(image);
  for (const segment::UnreadableRange& range : segment.image.unreadable) {
    findings_.add(
        Law::unreadable, {.path = segment.path, .offset = range.offset},
        number(range.length) + " bytes cannot be read, errno " + number(static_cast<std::uint64_t>(range.system_errno)));
  }
  return true;
}

Result<void> DirectoryCheck::check_segment(std::size_t index) {
  const SegmentFile& file = files_[index];
  if (!next_) start_loading(index);
  const std::unique_ptr<Loading> loaded = std::move(next_);
  if (loaded->error && loaded->error->code == ErrorCode::permission_denied) return base::fail(*loaded->error);
  OpenSegment& segment = *loaded->segment;
  if (loaded->error && loaded->error->code == ErrorCode::damaged) {
    findings_.add(Law::segment_set, {.path = file.path, .offset = 0, .sequence = {}}, loaded->error->message);
    return {};
  }
  if (loaded->error) {
    findings_.add(Law::unreadable, {.path = file.path}, "the segment cannot be read: " + loaded->error->message);
    return {};
  }
  const std::uint64_t size = loaded->reader->size();
  if (size == 0) {
    findings_.add(Law::segment_set, {.path = file.path}, "the segment has no bytes");
    return {};
  }
  std::shared_ptr<const Window> window = loaded->reader->next();
  if (!window && !load_image(*loaded, 0)) return {};
  if (!identify(segment, window ? window->bytes() : ByteView(segment.image.bytes), file)) return {};
  if (live_ && segment.header.number > live_->durable_through.segment) {
    reached_live_ = true;
    report_.tail = TailState::in_flight;
    return {};
  }
  const bool is_live = live_ && segment.header.number == live_->durable_through.segment;
  reached_live_ = is_live;
  auto beginning = std::make_unique<Pending>();
  beginning->segment = loaded->segment;
  beginning->bytes = segment_header_bytes;
  pending_.push_back(std::move(beginning));
  if (index + 1 < files_.size() && !reached_live_) start_loading(index + 1);
  covered_until_.reset();
  WalkEnd end{.offset = segment_header_bytes, .sequence = segment.header.first_sequence};
  if (window && size >= segment_header_bytes && segment.salt_known && !is_live)
    walk_windows(*loaded, std::move(window), end);
  ByteView rest;
  if (end.offset != size && !end.is_blank_behind) {
    if (segment.image.bytes.empty() && !load_image(*loaded, end.offset)) return {};
    ByteView view = segment.image.bytes;
    if (is_live) {
      const std::uint64_t durable = live_->durable_through.offset;
      if (durable < segment_header_bytes || durable > view.size()) {
        findings_.add(Law::segment_set, {.path = file.path},
                      "the segment is shorter than what its live owner made durable, " + number(durable) + " bytes");
      } else {
        report_.tail_bytes = size_without_zeros(view.subspan(durable));
        if (report_.tail_bytes > 0) report_.tail = TailState::in_flight;
        view = view.first(durable);
      }
    }
    walk_image(loaded->segment, view, index, end);
    if (end.offset < view.size()) rest = view.subspan(end.offset);
  }
  check_end(segment, rest, end.is_blank_behind ? size : end.offset + rest.size(), end, index);
  walked_sequence_ = end.seal ? end.seal->first_sequence : end.sequence;
  seal_before_ = end.seal;
  number_ = segment.header.number + 1;
  return {};
}

bool DirectoryCheck::identify(OpenSegment& segment, ByteView beginning, const SegmentFile& file) {
  const Place place{.path = segment.path, .offset = 0, .sequence = {}};
  auto header = SegmentHeader::decode(beginning);
  if (!header && beginning.size() >= segment_header_bytes) {
    const ByteView there = beginning.first(segment_header_bytes);
    for (const ChangedByte& change : explain_by_one_byte(there, {})) {
      Bytes mended(there.begin(), there.end());
      mended[change.offset] = change.was;
      auto decoded = SegmentHeader::decode(mended);
      if (!decoded) continue;
      findings_.add(Law::segment_set, {.path = segment.path, .offset = change.offset, .sequence = {}},
                    name_of_segment_header_byte(change.offset) + " was changed: " + describe(change));
      header = *std::move(decoded);
      break;
    }
  }
  if (!header) {
    findings_.add(Law::segment_set, place, header.error().message);
    segment.header = {.number = number_, .first_sequence = file.first_sequence};
    segment.salt_known = seal_before_.has_value();
    if (seal_before_) segment.header.salt = seal_before_->successor_salt;
    return true;
  }
  segment.header = *std::move(header);
  if (!store_id_) store_id_ = segment.header.store_id;  // store.meta does not tell
  const bool salt_as_sealed = !seal_before_ || segment.header.salt == seal_before_->successor_salt;
  if (meta_ && segment.header.store_id != meta_->genesis.store_id) {
    findings_.add(Law::segment_set, place, "the segment belongs to another store");
    if (number_ > 0 && (!seal_before_ || !salt_as_sealed)) return false;
  } else if (!salt_as_sealed) {
    findings_.add(Law::segment_seal, place, "the segment's salt is not the one that the seal before it names");
    // Whose word counts, the commits say.
    const ByteView commits = beginning.subspan(segment_header_bytes);
    if (segment::decode_commit_header(commits, seal_before_->successor_salt)) {
      segment.header.salt = seal_before_->successor_salt;
    }
  }
  if (segment.header.first_sequence != file.first_sequence) {
    findings_.add(
        Law::segment_set, place,
        "the segment begins with sequence " + number(segment.header.first_sequence) + ", not with what its name says");
  }
  check_number(segment, beginning);
  return true;
}

void DirectoryCheck::check_number(OpenSegment& segment, ByteView beginning) {
  const Place place{.path = segment.path, .offset = 0, .sequence = segment.header.first_sequence};
  if (segment.header.number == number_) return;
  const auto commit = segment::decode_commit_header(beginning.subspan(segment_header_bytes), segment.header.salt);
  if (commit && commit->segment == number_) {
    findings_.add(Law::segment_set, place,
                  "the segment says to be number " + number(segment.header.number) + " and is number " + number(number_));
    segment.header.number = number_;
  } else if (segment.header.number == number_ + 1) {
    findings_.add(Law::segment_set, place, "segment number " + number(number_) + " is missing before this one");
  } else if (segment.header.number > number_) {
    findings_.add(
        Law::segment_set, place,
        "segments number " + number(number_) + " to " + number(segment.header.number - 1) + " are missing before this one");
  } else {
    findings_.add(Law::segment_set, place, "segment number " + number(segment.header.number) + " is there again");
  }
}

void DirectoryCheck::walk_windows(const Loading& loaded, std::shared_ptr<const Window> window, WalkEnd& end) {
  while (window) {
    Span span{.segment = loaded.segment, .window = window, .commits = {}, .fault = {}};
    std::uint64_t bytes = 0;
    CommitWalker walker(window->bytes(), window->begin(), loaded.segment->header, end.offset);
    while (!end.seal) {
      segment::WalkStep step = walker.next();
      if (!step.commit) break;
      end.offset = walker.offset();
      end.sequence = step.commit->header.next_sequence();
      end.seal = step.commit->seal;
      bytes += step.commit->header.length;
      span.commits.push_back(*std::move(step.commit));
      if (bytes < span_bytes) continue;
      push(std::exchange(span, {.segment = loaded.segment, .window = window, .commits = {}, .fault = {}}),
           std::exchange(bytes, 0));
    }
    if (!span.commits.empty()) push(std::move(span), bytes);
    if (end.seal) {
      const ByteView behind = window->bytes().subspan(end.offset - window->begin());
      end.is_blank_behind = is_blank(loaded, std::move(window), behind);
      return;
    }
    // What is left begins a commit that the window cuts off, or the gap before an idle mark; or it is something else.
    const ByteView rest = window->bytes().subspan(end.offset - window->begin());
    const auto cut_off = segment::decode_commit_header(rest, loaded.segment->header.salt);
    const std::uint64_t needed = cut_off ? cut_off->length : 2 * limits::sector_bytes;
    if (rest.size() >= needed) {
      end.is_blank_behind = is_blank(loaded, std::move(window), rest);
      return;
    }
    window = loaded.reader->next(rest, needed);
  }
}

// Whether only zeros are left: what was allocated ahead, or a hole, which may be long and is kept in no memory.
bool DirectoryCheck::is_blank(const Loading& loaded, std::shared_ptr<const Window> window, ByteView rest) {
  while (base::all_zero(rest)) {
    if (window->begin() + window->bytes().size() >= loaded.reader->size()) return true;
    window = loaded.reader->next();
    if (!window) return false;
    rest = window->bytes();
  }
  return false;
}

void DirectoryCheck::walk_image(const std::shared_ptr<const OpenSegment>& segment, ByteView view, std::size_t index,
                                WalkEnd& end) {
  Span span{.segment = segment, .window = {}, .commits = {}, .fault = {}};
  std::uint64_t bytes = 0;
  const auto flush = [&] {
    if (!span.commits.empty()) push(std::move(span), bytes);
    span = {.segment = segment, .window = {}, .commits = {}, .fault = {}};
    bytes = 0;
  };
  CommitWalker walker(view, segment->header, end.offset);
  if (!segment->salt_known) {
    span.fault =
        FaultyRange{.begin = segment_header_bytes,
                    .end = view.size(),
                    .next_sequence = {},
                    .fault = {.offset = segment_header_bytes,
                              .error = Error(ErrorCode::malformed, "without the segment's salt no commit can be checked"),
                              .header = {}}};
    push(std::move(span), view.size());
    end.offset = view.size();
    return;
  }
  while (!end.seal) {
    segment::WalkStep step = walker.next();
    if (step.at_end()) break;
    if (step.commit) {
      end.offset = walker.offset();
      end.sequence = step.commit->header.next_sequence();
      end.seal = step.commit->seal;
      bytes += step.commit->header.length;
      span.commits.push_back(*std::move(step.commit));
      if (bytes >= span_bytes) flush();
      continue;
    }
    // A mark behind a gap that is not zero.
    const std::uint64_t sector = base::align_up(walker.offset(), limits::sector_bytes);
    if (!step.fault->header && sector < view.size()) {
      const auto mark = segment::decode_commit(view.subspan(sector), segment->header.salt, segment->header.number, sector);
      if (mark && mark->header.type == segment::CommitType::idle_mark && mark->header.first_sequence == end.sequence &&
          !segment::find_commit_header(view.first(sector), segment->header.salt, segment->header.number, walker.offset())) {
        const std::uint64_t at = walker.offset() + first_non_zero(view.subspan(walker.offset()));
        findings_.add(Law::stray_bytes, {.path = segment->path, .offset = at}, "the gap before an idle mark is not zero");
        walker.resume_at(sector);
        continue;
      }
    }
    const bool is_known_form = !step.fault->crcs_match && step.fault->error.code != ErrorCode::newer_format;
    if (is_known_form && is_tail(*segment, view, walker.offset(), end.sequence, index)) {
      report_tail(segment, view, *step.fault);
      end.tail = true;
      break;
    }
    flush();
    // What is broken behind a gap of zeros is the idle mark that stood there, unless something else is whole there.
    if (sector < view.size() && base::all_zero(view.subspan(walker.offset(), sector - walker.offset())) &&
        !segment::decode_commit(view.subspan(sector), segment->header.salt, segment->header.number, sector)) {
      walker.resume_at(sector);
      step = walker.next();
    }
    FaultyRange range{.begin = walker.offset(), .end = view.size(), .next_sequence = {}, .fault = *std::move(step.fault)};
    const auto next = skip(walker, view, *segment, range.fault);
    if (next) {
      range.end = walker.offset();
      range.next_sequence = next->first_sequence;
    }
    end.offset = range.end;
    if (range.next_sequence) end.sequence = *range.next_sequence;
    // The seal that the fault may be hiding is found from the end of the file.
    if (!next && range.fault.header && range.fault.header->type == segment::CommitType::seal) {
      end.offset = std::min<std::uint64_t>(range.begin + range.fault.header->length, view.size());
    }
    const std::uint64_t length = range.end - range.begin;
    span.fault = std::move(range);
    push(std::move(span), length);
    span = {.segment = segment, .window = {}, .commits = {}, .fault = {}};
    if (!next) break;
  }
  flush();
}

bool DirectoryCheck::may_have_tail(std::size_t index) {
  if (index + 1 == files_.size() || reached_live_) return true;
  if (index + 2 != files_.size()) return false;
  // The one after it is the last. Only if that holds no whole commit can the log end here.
  if (next_->error) return true;
  if (!next_->begins_with_a_commit) {
    const auto image = segment::SegmentImage::load(next_->reader->file());
    const auto header = SegmentHeader::decode(image ? ByteView(image->bytes) : ByteView());
    next_->begins_with_a_commit = header && CommitWalker(image->bytes, *header).next().commit;
  }
  return !*next_->begins_with_a_commit;
}

bool DirectoryCheck::is_tail(const OpenSegment& segment, ByteView view, std::uint64_t offset, std::uint64_t sequence,
                             std::size_t index) {
  // Beside an owner the view ends where it says that everything is durable.
  if (reached_live_ || !may_have_tail(index)) return false;
  if (index + 1 < files_.size() && files_[index + 1].first_sequence > sequence) return false;
  if (!covered_until_) {
    covered_until_ = 0;
    std::uint64_t from = offset;
    while (const auto header = segment::find_commit_header(view, segment.header.salt, segment.header.number, from)) {
      if (header->durable_through.segment == segment.header.number) {
        covered_until_ = std::max(*covered_until_, header->durable_through.offset);
      }
      from = header->offset + segment::commit_header_bytes;
    }
  }
  return *covered_until_ <= offset;
}

void DirectoryCheck::report_tail(const std::shared_ptr<const OpenSegment>& segment, ByteView view,
                                 const segment::CommitFault& fault) {
  report_.tail_bytes = size_without_zeros(view.subspan(fault.offset));
  report_.tail = has_owner_ ? TailState::in_flight : TailState::unfinished;
  if (has_owner_) return;
  findings_.add(Law::unfinished, {.path = segment->path, .offset = fault.offset, .sequence = {}},
                number(report_.tail_bytes) + " bytes behind the last whole commit: " + fault.error.message);
  // A write that was cut off does not look like one changed byte.
  SpanChecker checker(signer_);
  const std::uint64_t sector = std::min<std::uint64_t>(base::align_up(fault.offset, limits::sector_bytes), view.size());
  const bool is_mark = first_non_zero(view.subspan(fault.offset)) >= sector - fault.offset;
  FaultyRange range{.begin = is_mark ? sector : fault.offset, .end = view.size(), .next_sequence = {}, .fault = fault};
  if (is_mark) {
    range.fault.header.reset();
    if (const auto header = segment::decode_commit_header(view.subspan(sector), segment->header.salt))
      range.fault.header = *header;
  }
  CheckedSpan checked = checker.check({.segment = segment, .window = {}, .commits = {}, .fault = std::move(range)});
  if (checked.commits.front().view) findings_.add_all(std::move(checked.findings));
}

void DirectoryCheck::check_end(const OpenSegment& segment, ByteView rest, std::uint64_t size, const WalkEnd& end,
                               std::size_t index) {
  const bool is_last = index + 1 == files_.size() || reached_live_;
  const Place place{.path = segment.path, .offset = end.offset, .sequence = end.sequence};
  if (end.seal) {
    const std::uint64_t stray = first_non_zero(rest);
    if (stray < rest.size()) {
      findings_.add(Law::stray_bytes, {.path = segment.path, .offset = end.offset + stray},
                    "bytes that are not zero follow the seal");
    } else if (end.seal->segment_end != size && has_owner_ && may_have_tail(index)) {
      report_.tail = TailState::in_flight;  // sealed, and not yet trimmed
    } else if (end.seal->segment_end != size) {
      findings_.add(
          Law::segment_seal, place,
          "the seal says that the segment has " + number(end.seal->segment_end) + " bytes, and it has " + number(size));
    }
    if (end.seal->successor != segment.header.number + 1) {
      findings_.add(Law::segment_seal, place, "the seal names segment " + number(end.seal->successor) + " as the next one");
    }
    if (!is_last && end.seal->first_sequence != files_[index + 1].first_sequence) {
      findings_.add(Law::segment_seal, place,
                    "the seal says that the next segment begins with sequence " + number(end.seal->first_sequence));
    }
    return;
  }
  if (is_last) return;
  if (may_have_tail(index) && has_owner_) {
    report_.tail = TailState::in_flight;
    return;
  }
  findings_.add(Law::segment_seal, place,
                may_have_tail(index) ? "the change to the next segment was interrupted: there is no seal"
                                     : "the segment does not end in a whole seal");
}

void DirectoryCheck::check_branches() {
  BranchCheck& branches = history_->branches();
  branches.sort();
  for (std::size_t i = 0; i < files_.size(); ++i) {
    const std::uint64_t next_sequence = i + 1 < files_.size() ? files_[i + 1].first_sequence : history_->next_sequence();
    if (!branches.asks_for(files_[i].first_sequence, next_sequence)) continue;
    // What cannot be read or is of another log was said.
    const auto file = directory_.open_file(files_[i].path, platform::OpenMode::read);
    if (!file) continue;
    const auto image = segment::SegmentImage::load(**file);
    if (!image) continue;
    const auto header = SegmentHeader::decode(image->bytes);
    if (!header || (meta_ && header->store_id != meta_->genesis.store_id)) continue;
    CommitWalker walker(image->bytes, *header);
    while (true) {
      const segment::WalkStep step = walker.next();
      if (step.at_end() || (step.fault && !walker.skip_fault())) break;
      if (step.commit) branches.look_at(*step.commit);
    }
  }
}

void DirectoryCheck::push(Span span, std::uint64_t bytes) {
  auto pending = std::make_unique<Pending>();
  pending->segment = span.segment;
  pending->window = span.window;
  pending->bytes = bytes;
  pending->task = pool_.submit([this, out = pending.get(), span = std::move(span)](unsigned thread) {
    out->checked = checkers_[thread]->check(span);
  });
  pending_.push_back(std::move(pending));
  // Alone, a thread checks what it has just walked over; others get enough to do ahead.
  const std::size_t pending_max = pool_.threads() == 1 ? 0 : 2 * pool_.threads() + 1;
  while (pending_.size() > pending_max) take_front();
}

void DirectoryCheck::take_front() {
  const std::unique_ptr<Pending> front = std::move(pending_.front());
  pending_.pop_front();
  if (front->task) {
    pool_.finish(front->task);
    findings_.add_all(std::move(front->checked.findings));
    report_.subjects.add(front->checked.subjects);
    history_->take(*front->segment, front->checked);
  } else {
    history_->enter_segment(*front->segment);
  }
  bytes_done_ += front->bytes;
  if (options_.progress) {
    options_.progress({.bytes_done = bytes_done_, .bytes_total = bytes_total_, .events = history_->next_sequence()});
  }
}

void DirectoryCheck::take_all() {
  while (!pending_.empty()) take_front();
}

}  // namespace batpak::audit
