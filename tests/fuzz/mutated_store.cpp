#include "fuzz/mutated_store.hpp"

#include <algorithm>
#include <array>

#include "batpak/batpak.hpp"
#include "fuzz/mended_frames.hpp"
#include "fuzz/test_key.hpp"
#include "platform/sim_clock.hpp"
#include "segment/live_file.hpp"

namespace batpak::fuzz {
namespace {

using segment::CommitHeader;
using test::TestLog;

constexpr std::size_t changes_max = 12;
constexpr std::size_t file_bytes_max = 200'000;

// A log whose last commits no durable-through covers, with space allocated behind them.
TestLog open_log() {
  TestLog log;
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = TestLog::metadata()}});
  log.rotate();
  log.commit({{.entity = "door:2", .payload = TestLog::note("opened")}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("a"), .batch_index = 0, .batch_size = 2},
              {.entity = "door:1", .payload = TestLog::note("b"), .batch_index = 1, .batch_size = 2}});
  log.preallocate(6000);
  return log;
}

// One segment, for a commit that only ends another would store the same checkpoint again, which the format does not allow.
TestLog signed_log(SigningPolicy signing) {
  TestLog log({.key = test_key().get(), .sign_events = signing == SigningPolicy::each_event});
  log.declare_notes();
  log.commit({{.entity = "door:1", .payload = TestLog::note("opened"), .metadata = TestLog::metadata()}});
  log.commit({{.entity = "door:1", .payload = TestLog::note("a"), .batch_index = 0, .batch_size = 2},
              {.entity = "door:2", .payload = TestLog::note("b"), .batch_index = 1, .batch_size = 2}});
  return log;
}

Files closed_and_signed() {
  TestLog log = signed_log(SigningPolicy::each_event);
  log.idle_mark();
  return log.files();
}

Files open_and_signed() {
  TestLog log = signed_log(SigningPolicy::each_commit);
  log.preallocate(6000);
  return log.files();
}

// Three segments, and a fourth commit of the last one in the middle of its write.
Files torn_files() {
  TestLog log = test::small_log();
  log.commit({{.entity = "door:4", .payload = TestLog::note("never acknowledged")}});
  Files files = log.files();
  Bytes& last = files[log.last_path()];
  last.resize(last.size() - 100);
  last.resize(last.size() + 5000);
  return files;
}

// Written by the store itself, closed and opened again, and then left by a process that was killed.
Files written_files(const std::shared_ptr<const SigningKey>& key) {
  platform::SimFs disk;
  platform::SimClock clock;
  platform::SeededEntropy entropy(1);
  OpenOptions options;
  options.origin = "example.com/written";
  options.key = key;
  if (key) options.signing = SigningPolicy::each_event;
  options.segment_bytes = std::uint64_t{64} << 10;
  options.file_system = &disk;
  options.clock = &clock;
  options.entropy = &entropy;
  options.housekeeping = OpenOptions::Housekeeping::by_hand;
  const Coordinate where = Coordinate::make("sensor:1", "hall").value();
  {
    Store store = Store::open("store", options).value();
    store.append(where, test::Note{"typed"}).value();
    store
        .append_json(where, "reading", R"({"celsius":21.5,"tags":["a",{"$bytes":"AAEC"}]})",
                     {.metadata = {{"by", Value("alice")}, {"try", Value(2)}}})
        .value();
    store.close().value();
  }
  Store store = Store::open("store", options).value();
  Batch batch;
  for (int i = 0; i < 3; ++i) batch.add_json(where, "reading", R"({"celsius":22})").value();
  store.append_batch(std::move(batch)).value();
  store.append(where, test::Note{"last"}, {.causation = store.at(2).value().id()}).value();
  disk.kill();
  Files files;
  for (const std::string& path : disk.list_files()) {
    const std::string name = path.substr(path.find("store/") + 6);
    if (name != "LOCK") files[name] = disk.read_file(path).value();
  }
  return files;
}

Specimen examine(std::string_view name, Files files, std::shared_ptr<const SigningKey> key = {}) {
  Specimen specimen{
      .name = name, .key = std::move(key), .files = std::move(files), .commits = {}, .events = {}, .known_durable = {}};
  for (const auto& [path, bytes] : specimen.files) {
    if (!path.starts_with("log/")) continue;
    const auto header = segment::SegmentHeader::decode(bytes).value();
    for (auto found = segment::find_commit_header(bytes, header.salt, header.number, 0); found;
         found = segment::find_commit_header(bytes, header.salt, header.number, found->offset + 8)) {
      specimen.known_durable = std::max(specimen.known_durable, found->durable_through);
    }
    segment::CommitWalker walker(bytes, header);
    for (auto step = walker.next(); step.commit; step = walker.next()) {
      specimen.commits.push_back({.path = path, .header = step.commit->header});
      if (step.commit->header.type != segment::CommitType::events) continue;
      segment::FrameSplitter frames(step.commit->body);
      for (ByteView frame = frames.next(); !frame.empty(); frame = frames.next()) {
        specimen.events.push_back(
            {.path = path, .commit = specimen.commits.size() - 1, .frame = Bytes(frame.begin(), frame.end())});
      }
    }
  }
  return specimen;
}

// Where something is to be changed: a file and an offset in it, mostly within the parts that mean something.
struct Place {
  std::string path;
  std::size_t offset = 0;
};

class Mutation {
 public:
  Mutation(Choices& choices, MutatedStore& store) : choices_(choices), store_(store) {}

  void run() {
    // Commits are moved about before bytes are changed, while the segments can still be taken apart.
    const std::uint8_t moves = choices_.byte() % 8;
    if (moves > 3) move_commits(moves - 3U);
    for (std::size_t i = 0; i < changes_max && !choices_.at_end(); ++i) change();
  }

 private:
  void move_commits(std::size_t count) {
    const auto meta = store_.files.find(std::string(event::store_meta_name));
    auto segments = test::take_apart(store_.files);
    for (std::size_t i = 0; i < count; ++i) move_one(segments);
    std::erase_if(segments, [](const test::SegmentParts& parts) { return parts.path.empty(); });
    Files files = test::put_together(std::move(segments), meta->second);
    for (auto& [path, bytes] : store_.files) {
      if (!is_truth(path)) files[path] = bytes;
    }
    store_.files = std::move(files);
    store_.mended = true;
  }

  void move_one(std::vector<test::SegmentParts>& segments) {
    auto& from = segments[choices_.below(segments.size())].commits;
    auto& to = segments[choices_.below(segments.size())].commits;
    if (from.empty()) return;
    const auto taken = from.begin() + static_cast<std::ptrdiff_t>(choices_.below(from.size()));
    const std::size_t where = choices_.below(to.size() + 1);
    switch (choices_.byte() % 5) {
      case 0: from.erase(taken); return;
      case 1: {
        const test::CommitParts copy = *taken;
        to.insert(to.begin() + static_cast<std::ptrdiff_t>(where), copy);
        return;
      }
      case 2:
        if (where < to.size()) std::swap(*taken, to[where]);
        return;
      case 3:
        if (!taken->frames.empty()) {
          taken->frames.erase(taken->frames.begin() + static_cast<std::ptrdiff_t>(choices_.below(taken->frames.size())));
        }
        return;
      default:
        if (where < to.size() && !taken->frames.empty() && !to[where].frames.empty()) {
          std::swap(taken->frames.front(), to[where].frames.back());
        }
    }
  }

  void change() {
    switch (choices_.byte() % 16) {
      case 0: return flip();
      case 1: return set<std::uint8_t>();
      case 2: return set<std::uint16_t>();
      case 3: return set<std::uint32_t>();
      case 4: return set<std::uint64_t>();
      case 5: return overwrite(choices_.take(choices_.byte() % 64U));
      case 6: return truncate();
      case 7: return extend();
      case 8: return insert();
      case 9: return erase();
      case 10: return copy();
      case 11: return exchange_files();
      case 12: return rename_file();
      case 13: return spoil();
      case 14: return write_live();
      default: return mend();
    }
  }

  Place place() {
    const std::uint8_t choice = choices_.byte();
    const std::size_t offset = choices_.number<std::uint16_t>();
    if (choice % 8 == 0) return {std::string(event::store_meta_name), offset};
    if (choice % 8 == 1) return {any_file(), offset};
    if (choice % 8 == 2) {
      const auto& commits = store_.original->commits;
      return {commits[(choice / 8U) % commits.size()].path, offset % 4096};
    }
    const auto& commit = store_.original->commits[(choice / 8U) % store_.original->commits.size()];
    return {commit.path, commit.header.offset + offset % commit.header.length};
  }
  std::string any_file() {
    if (store_.files.empty()) return {};
    return std::next(store_.files.begin(), static_cast<std::ptrdiff_t>(choices_.below(store_.files.size())))->first;
  }
  // The file at a place, and at most `size` bytes from there on; empty where the file is gone or shorter.
  std::span<std::byte> bytes_at(const Place& place, std::size_t size) {
    const auto file = store_.files.find(place.path);
    if (file == store_.files.end() || place.offset >= file->second.size()) return {};
    return std::span(file->second).subspan(place.offset, std::min(size, file->second.size() - place.offset));
  }

  void flip() {
    const std::span<std::byte> byte = bytes_at(place(), 1);
    const unsigned bit = choices_.byte() % 8U;
    if (!byte.empty()) byte[0] ^= static_cast<std::byte>(1U << bit);
  }
  // A number of the size of many fields: at its edges, next to what it was, or anything.
  template <std::unsigned_integral T>
  void set() {
    const Place at = place();
    const std::span<std::byte> bytes = bytes_at({at.path, at.offset / sizeof(T) * sizeof(T)}, sizeof(T));
    const std::uint8_t how = choices_.byte();
    if (bytes.size() < sizeof(T)) return;
    const T old = base::load_le<T>(bytes.data());
    const std::array<T, 8> values{T{0},
                                  static_cast<T>(~T{0}),
                                  static_cast<T>(old + 1),
                                  static_cast<T>(old - 1),
                                  static_cast<T>(old + 8),
                                  static_cast<T>(T{1} << (sizeof(T) * 8 - 1)),
                                  static_cast<T>(old ^ static_cast<T>(how)),
                                  how % 8 == 7 ? choices_.number<T>() : T{1}};
    base::store_le<T>(bytes.data(), values[how % 8]);
  }
  void overwrite(ByteView with) {
    const std::span<std::byte> bytes = bytes_at(place(), with.size());
    std::copy_n(with.begin(), bytes.size(), bytes.begin());
  }
  void truncate() {
    const Place at = place();
    const auto file = store_.files.find(at.path);
    if (file != store_.files.end()) file->second.resize(std::min(file->second.size(), at.offset));
  }
  void extend() {
    const std::string path = any_file();
    const ByteView with = choices_.take(choices_.byte() % 32U);
    const std::size_t zeros = choices_.below(5000);
    if (path.empty()) return;
    Bytes& bytes = store_.files[path];
    base::append(bytes, with);
    bytes.resize(std::min(bytes.size() + zeros, file_bytes_max));
  }
  void insert() {
    const Place at = place();
    const std::size_t size = choices_.below(200);
    const auto file = store_.files.find(at.path);
    if (file == store_.files.end() || at.offset > file->second.size()) return;
    file->second.insert(file->second.begin() + static_cast<std::ptrdiff_t>(at.offset), size, std::byte{0});
  }
  void erase() {
    const Place at = place();
    const std::span<std::byte> bytes = bytes_at(at, choices_.below(5000));
    if (bytes.empty()) return;
    const auto begin = store_.files[at.path].begin() + static_cast<std::ptrdiff_t>(at.offset);
    store_.files[at.path].erase(begin, begin + static_cast<std::ptrdiff_t>(bytes.size()));
  }
  void copy() {
    const std::span<std::byte> from = bytes_at(place(), choices_.below(1000));
    const Bytes taken(from.begin(), from.end());
    overwrite(taken);
  }
  void exchange_files() {
    const std::string left = any_file();
    const std::string right = any_file();
    if (!left.empty()) std::swap(store_.files[left], store_.files[right]);
  }
  void rename_file() {
    const std::string from = any_file();
    const std::uint8_t how = choices_.byte();
    if (from.empty()) return;
    Bytes bytes = store_.files[from];
    if (how % 2 == 0) store_.files.erase(from);
    if (how % 8 < 2) return;  // gone, or as it was
    store_.files[segment::segment_path(how / 8U)] = std::move(bytes);
  }
  void spoil() {
    const Place at = place();
    if (!bytes_at(at, 1).empty()) store_.spoiled.emplace_back(at.path, at.offset);
  }
  void write_live() {
    segment::LiveRecord live;
    std::ranges::copy(base::as_bytes("ZZZZZZZZZZZZZZZZ"), live.store_id.begin());
    live.session = choices_.byte();
    const auto& commits = store_.original->commits;
    const segment::LogPoint end = commits[choices_.byte() % commits.size()].header.end();
    live.durable_through = end;
    if (choices_.byte() % 4 == 0) live.durable_through.offset += choices_.byte();
    const auto encoded = live.encode();
    store_.files[std::string(segment::live_file_name)] = Bytes(encoded.begin(), encoded.end());
  }

  // Every CRC as a forger would leave it, also that by which a commit names the one before it. The hashes stay.
  void mend() {
    store_.mended = true;
    std::uint32_t previous_crc = 0;
    for (auto& [path, bytes] : store_.files) {
      if (path == event::store_meta_name && bytes.size() > 4)
        base::store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
      if (path.starts_with("log/") && bytes.size() >= segment::segment_header_bytes) mend_segment(bytes, previous_crc);
    }
  }

  static void mend_segment(Bytes& bytes, std::uint32_t& previous_crc) {
    base::store_le(bytes.data(), base::crc32c(ByteView(bytes).first(segment::segment_header_bytes).subspan(4)));
    const std::uint32_t salt_crc = base::crc32c(ByteView(bytes).subspan(56, 16));
    std::size_t at = segment::segment_header_bytes;
    while (at + segment::commit_header_bytes <= bytes.size()) {
      std::byte* const commit = bytes.data() + at;
      const std::size_t length = base::load_le<std::uint32_t>(commit + 44);
      const bool whole = base::as_text(ByteView(commit + 8, 4)) == "bpkC" &&
                         length >= segment::commit_header_bytes + segment::commit_end_bytes_min &&
                         length <= bytes.size() - at;
      if (!whole) {
        at += 8;
        continue;
      }
      mend_frames({commit, length});
      base::store_le(commit + 80, previous_crc);
      previous_crc = base::crc32c(ByteView(commit, length).subspan(8), salt_crc);
      base::store_le(commit + 4, previous_crc);
      base::store_le(commit, base::crc32c(ByteView(commit, segment::commit_header_bytes).subspan(4), salt_crc));
      at += base::align_up(length, 8);
    }
  }

  Choices& choices_;
  MutatedStore& store_;
};

}  // namespace

const std::string& Specimen::last_segment() const { return commits.back().path; }

const std::vector<Specimen>& specimens() {
  static const std::vector<Specimen> all = [] {
    std::vector<Specimen> made;
    made.push_back(examine("closed", test::small_log().files()));
    made.push_back(examine("signed", closed_and_signed(), test_key()));
    made.push_back(examine("open", open_log().files()));
    made.push_back(examine("open_signed", open_and_signed(), test_key()));
    made.push_back(examine("torn", torn_files()));
    made.push_back(examine("written", written_files({})));
    made.push_back(examine("written_signed", written_files(test_key()), test_key()));
    return made;
  }();
  return all;
}

MutatedStore mutate(Choices& choices) {
  const Specimen& original = specimens()[choices.byte() % specimens().size()];
  MutatedStore store{.original = &original, .files = original.files, .spoiled = {}, .mended = false};
  Mutation(choices, store).run();
  return store;
}

bool is_truth(std::string_view path) {
  return path == event::store_meta_name || (path.starts_with("log/") && path.ends_with(".seg"));
}

}  // namespace batpak::fuzz
