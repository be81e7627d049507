// What tests of the whole store begin with: payload types, a store on a simulated disk, and results that must be there.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "batpak/batpak.hpp"
#include "platform/sim_clock.hpp"
#include "platform/sim_fs.hpp"

namespace batpak::test {

struct Moved {
  static constexpr EventType event_type{.category = 0xF, .type_id = 0x001, .name = "moved"};
  std::int32_t x = 0;
  std::int32_t y = 0;
};

struct Said {  // by its name alone
  std::string text;
};

// The value, or the end of the test with the error in words.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(to_string(result.error()));
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The code of an error that must be there.
template <class T>
std::string error_of(const Result<T>& result) {
  return result ? "none" : std::string(to_string(result.error().code));
}

inline Coordinate at(std::string_view entity, std::string_view scope = "tests") {
  return must(Coordinate::make(entity, scope));
}

inline std::shared_ptr<const SigningKey> new_key() {
  return std::make_shared<const SigningKey>(must(SigningKey::generate()));
}

// Every element of a range; one that cannot be read ends the test.
inline std::vector<EventView> all(EventRange range) {
  std::vector<EventView> events;
  for (const Result<EventView>& event : range) events.push_back(must(event));
  return events;
}

inline std::vector<std::uint64_t> sequences(EventRange range) {
  std::vector<std::uint64_t> numbers;
  for (const Result<EventView>& event : range) numbers.push_back(must(event).sequence());
  return numbers;
}

// A disk, a clock and chance of its own: what opens on it does the same every time and starts no thread.
class SimMachine {
 public:
  OpenOptions options() {
    OpenOptions options;
    options.segment_bytes = 256U << 10;
    options.file_system = &files;
    options.clock = &clock;
    options.entropy = &entropy;
    options.housekeeping = OpenOptions::Housekeeping::by_hand;
    return options;
  }
  Store open() { return open(options()); }
  static Store open(const OpenOptions& options) { return must(Store::open("store", options)); }
  Result<Store> try_open() { return try_open(options()); }
  static Result<Store> try_open(const OpenOptions& options) { return Store::open("store", options); }
  VerifyReport verify(const std::optional<PublicKey>& key = {}) {
    VerifyOptions options;
    options.key = key;
    options.threads = 1;
    options.file_system = &files;
    return must(verify_directory("store", options));
  }
  // Of each file of the log and store.meta: what a second look must find the same.
  std::vector<std::pair<std::string, Bytes>> truth() const {
    std::vector<std::pair<std::string, Bytes>> found;
    for (const std::string& path : files.list_files()) {
      if (path.ends_with(".seg") || path.ends_with("store.meta")) found.emplace_back(path, must(files.read_file(path)));
    }
    return found;
  }

  platform::SimFs files;
  platform::SimClock clock;
  platform::SeededEntropy entropy{1};
};

// What verify found, in words; empty when it found nothing.
inline std::string findings(const VerifyReport& report) {
  std::string text;
  for (const Finding& finding : report.findings) text += std::string(to_string(finding.law)) + ": " + finding.message + "\n";
  return text;
}

}  // namespace batpak::test
