// What batpak costs beside what the device and the hashes cost alone, in one run: the workloads take turns, round by round,
// and each is reported as the median of its rounds.
//
//   bench_store DIRECTORY [ROUNDS]     DIRECTORY is emptied first; it must lie on the device to be measured
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <batpak/batpak.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench.hpp"
#include "event/frame_view.hpp"
#include "proof/merkle.hpp"

namespace {

using bench::median;
using bench::need;
using bench::seconds_of;

constexpr int entities = 100;
constexpr std::size_t text_bytes = 240;  // so that the encoded payload is 256 bytes

struct Sample {
  static constexpr batpak::EventType event_type{.category = 0xB, .type_id = 1, .name = "bench.sample"};
  std::string data;
  std::uint32_t n = 0;
};

Sample sample(std::uint32_t n) {
  Sample value{.data = std::string(text_bytes, 'x'), .n = 1'000'000 + n};
  for (std::size_t i = 0; i < 16; ++i) value.data[i] = static_cast<char>('a' + (n >> (i % 8 * 4) & 15U));
  return value;
}

std::vector<batpak::Coordinate> coordinates() {
  std::vector<batpak::Coordinate> all;
  for (int i = 0; i < entities; ++i) {
    all.push_back(need(batpak::Coordinate::make("entity:" + std::to_string(1000 + i), "scope:bench")));
  }
  return all;
}

// Events per second of each workload, by round.
std::map<std::string, std::vector<double>> results;
std::vector<std::string> order;

void record(const std::string& name, double per_second) {
  if (!results.contains(name)) order.push_back(name);
  results[name].push_back(per_second);
}

// The same bytes in the same places, with nothing but the system calls.
void bare_loop(const std::string& path, std::size_t bytes, std::size_t count, bool sync, const std::string& name) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || ::posix_fallocate(file, 0, static_cast<off_t>(bytes * count)) != 0) std::exit(3);
  const std::vector<char> block(bytes, 'b');
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < count; ++i) {
      if (::pwrite(file, block.data(), bytes, static_cast<off_t>(i * bytes)) != static_cast<ssize_t>(bytes)) std::exit(3);
      if (sync && ::fdatasync(file) != 0) std::exit(3);
    }
  });
  ::close(file);
  ::unlink(path.c_str());
  record(name, static_cast<double>(count) / seconds);
}

struct OpenedStore {
  std::string path;
  batpak::Store store;
};

OpenedStore fresh(const std::string& directory, const std::string& name,
                  std::shared_ptr<const batpak::SigningKey> key = {}) {
  const std::string path = directory + "/" + name;
  std::filesystem::remove_all(path);
  batpak::OpenOptions options;
  options.key = std::move(key);
  return {path, need(batpak::Store::open(path, options))};
}

std::uint64_t log_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path + "/log")) bytes += entry.file_size();
  return bytes;
}

void appends(OpenedStore opened, const std::vector<batpak::Coordinate>& where, std::size_t count,
             batpak::Durability durability, const std::string& name) {
  batpak::AppendOptions options;
  options.durability = durability;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < count; ++i) {
      static_cast<void>(need(opened.store.append(where[i % where.size()], sample(static_cast<std::uint32_t>(i)), options)));
    }
  });
  record(name, static_cast<double>(count) / seconds);
  need(opened.store.close());
}

void threaded_appends(OpenedStore opened, const std::vector<batpak::Coordinate>& where, std::size_t threads,
                      std::size_t each, const std::string& name) {
  const double seconds = seconds_of([&] {
    std::vector<std::thread> pool;
    for (std::size_t t = 0; t < threads; ++t) {
      pool.emplace_back([&, t] {
        for (std::size_t i = 0; i < each; ++i) {
          static_cast<void>(need(opened.store.append(where[(t + i) % where.size()], sample(static_cast<std::uint32_t>(i)))));
        }
      });
    }
    for (std::thread& thread : pool) thread.join();
  });
  record(name, static_cast<double>(threads * each) / seconds);
  need(opened.store.close());
}

std::string batches(OpenedStore opened, const std::vector<batpak::Coordinate>& where, std::size_t batch_events,
                    std::size_t count, const std::string& name) {
  const double seconds = seconds_of([&] {
    for (std::size_t b = 0; b < count; ++b) {
      batpak::Batch batch;
      for (std::size_t i = 0; i < batch_events; ++i) {
        need(batch.add(where[i % where.size()], sample(static_cast<std::uint32_t>(b * batch_events + i))));
      }
      static_cast<void>(need(opened.store.append_batch(std::move(batch))));
    }
  });
  record(name, static_cast<double>(batch_events * count) / seconds);
  need(opened.store.close());
  return opened.path;
}

void reads(const std::string& path) {
  auto store = need(batpak::Store::open_read_only(path));
  const auto snapshot = need(store.snapshot());
  std::uint64_t events = 0;
  std::uint64_t sum = 0;
  const double scan = seconds_of([&] {
    for (const auto& event : snapshot.read()) {
      if (!event) std::exit(3);
      ++events;
      sum += event->payload().size() + event->sequence();
    }
  });
  if (sum == 0) std::exit(3);
  record("(d) sequential read, CRC checked", static_cast<double>(events) / scan);
  std::uint64_t typed_sum = 0;
  const double typed = seconds_of([&] {
    for (const auto& event : snapshot.read()) {
      if (!event) std::exit(3);
      typed_sum += need(event->as<Sample>()).n;
    }
  });
  if (typed_sum == 0) std::exit(3);
  record("    sequential read, decoded to structs", static_cast<double>(events) / typed);
}

// What verify cannot do without: content hash, event hash, leaf and nodes of every event, over frames already in memory.
void hashes_alone(const std::string& path) {
  auto store = need(batpak::Store::open_read_only(path));
  const auto snapshot = need(store.snapshot());
  std::vector<batpak::event::FrameView> frames;
  for (const auto& event : snapshot.read({.from = {}, .store_events = batpak::StoreEvents::include})) {
    frames.push_back(need(batpak::event::FrameView::parse(need(batpak::Result<batpak::EventView>(event)).frame_bytes())));
  }
  batpak::proof::RightEdge tree;
  std::size_t wrong = 0;
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < frames.size(); ++i) {
      const batpak::event::FrameView& frame = frames[i];
      const batpak::Hash event_hash = frame.header().compute_event_hash();
      wrong += (event_hash != frame.event_hash() ? 1U : 0U) +
               (frame.compute_content_hash() != frame.header().content_hash() ? 1U : 0U);
      tree.append(batpak::proof::leaf_hash(event_hash));
      if (i % 1000 == 0) wrong += tree.root().is_zero() ? 1U : 0U;
    }
  });
  if (wrong != 0) std::exit(1);
  record("    hashing alone, 1 thread, one at a time", static_cast<double>(frames.size()) / seconds);
}

void verifies(const std::string& path) {
  for (const unsigned threads : {1U, 2U}) {
    batpak::VerifyOptions options;
    options.threads = threads;
    batpak::VerifyReport report;
    const double seconds = seconds_of([&] { report = need(batpak::verify_directory(path, options)); });
    if (!report.clean()) std::exit(1);
    record("    verify, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads"),
           static_cast<double>(report.events) / seconds);
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count < 2) {
    std::fprintf(stderr, "usage: bench_store DIRECTORY [ROUNDS]\n");
    return 2;
  }
  const std::string directory = arguments[1];
  const int rounds = argument_count > 2 ? std::atoi(arguments[2]) : 5;
  std::filesystem::create_directories(directory);
  const auto where = coordinates();
  const auto key = std::make_shared<const batpak::SigningKey>(need(batpak::SigningKey::generate()));

  // How large a commit of one event is here, so that the bare loops write the same bytes.
  std::size_t commit_bytes = 0;
  {
    OpenedStore probe = fresh(directory, "probe");
    const auto first = need(probe.store.append(where[0], sample(0)));
    const auto before = need(probe.store.at(first.sequence));
    commit_bytes = before.frame_bytes().size() + 88 + 64;  // header and end of a commit, docs/FORMAT.md
    need(probe.store.close());
  }
  std::printf("one event of 256 bytes: a commit of %zu bytes; %d rounds\n\n", commit_bytes, rounds);

  constexpr std::size_t singles = 2000;
  constexpr std::size_t buffered = 100'000;
  constexpr std::size_t batches_of_1000 = 3000;  // 1.5 GB, so that what is paid once for a verify does not show
  std::string store_path;
  for (int round = 0; round < rounds; ++round) {
    bare_loop(directory + "/bare", commit_bytes, singles, true, "    bare pwrite+fdatasync, preallocated");
    appends(fresh(directory, "a"), where, singles, batpak::Durability::durable, "(a) 1 thread, durable, unsigned");
    appends(fresh(directory, "as", key), where, singles, batpak::Durability::durable, "    1 thread, durable, signed");
    threaded_appends(fresh(directory, "b"), where, 64, 500, "(b) 64 threads, durable, unsigned");
    threaded_appends(fresh(directory, "bs", key), where, 64, 500, "    64 threads, durable, signed");
    store_path = batches(fresh(directory, "c"), where, 1000, batches_of_1000, "(c) batches of 1000, durable, unsigned");
    batches(fresh(directory, "cs", key), where, 1000, batches_of_1000, "    batches of 1000, durable, signed");
    bare_loop(directory + "/bare", commit_bytes, buffered, false, "    bare pwrite, preallocated");
    appends(fresh(directory, "e"), where, buffered, batpak::Durability::buffered, "(e) 1 thread, buffered");
    reads(store_path);
    hashes_alone(store_path);
    verifies(store_path);
  }
  std::printf("%-44s %14s %14s %14s\n", "events per second", "median", "minimum", "maximum");
  for (const std::string& name : order) {
    const auto& values = results[name];
    std::printf("%-44s %14.0f %14.0f %14.0f\n", name.c_str(), median(values), *std::ranges::min_element(values),
                *std::ranges::max_element(values));
  }
  const auto ratio = [&](const std::string& a, const std::string& b) { return median(results[a]) / median(results[b]); };
  std::printf("\n(a) to bare pwrite+fdatasync   %.2f\n",
              ratio("(a) 1 thread, durable, unsigned", "    bare pwrite+fdatasync, preallocated"));
  std::printf("(b) to (a)                     %.2f\n",
              ratio("(b) 64 threads, durable, unsigned", "(a) 1 thread, durable, unsigned"));
  std::printf("(c) signed to unsigned         %.2f\n",
              ratio("    batches of 1000, durable, signed", "(c) batches of 1000, durable, unsigned"));
  std::printf("(d) verify to hashing alone    %.2f\n",
              ratio("    verify, 1 thread", "    hashing alone, 1 thread, one at a time"));
  std::printf("(e) to bare pwrite             %.2f\n", ratio("(e) 1 thread, buffered", "    bare pwrite, preallocated"));
  std::printf("bytes on disk per event, batches of 1000: %.0f\n",
              static_cast<double>(log_bytes(store_path)) / (1000.0 * batches_of_1000));
  return 0;
}
