// What a declaration of heads costs in a store of many streams, and those who append meanwhile.
//
//   bench_heads DIRECTORY [STREAMS]     DIRECTORY is emptied first; it must lie on the device to be measured
#include <batpak/batpak.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "bench.hpp"

namespace {

using bench::need;

using Clock = std::chrono::steady_clock;

struct Sample {
  static constexpr batpak::EventType event_type{.category = 0xB, .type_id = 1, .name = "bench.sample"};
  std::uint64_t n = 0;
};

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// In no order, as names come: an odd factor takes each number below 2^24 to another one.
batpak::Coordinate where(std::uint64_t stream) {
  return need(batpak::Coordinate::make("account:" + std::to_string(10'000'000 + (stream * 7'654'321 & 0xFFFFFFU)), "bench"));
}

void fill(batpak::Store& store, std::uint64_t streams) {
  for (std::uint64_t first = 0; first < streams; first += 1000) {
    batpak::Batch batch;
    for (std::uint64_t i = first; i < std::min(streams, first + 1000); ++i) need(batch.add(where(i), Sample{.n = i}));
    need(store.append_batch(std::move(batch), {.durability = batpak::Durability::buffered}));
  }
  need(store.sync());
}

// One who appends without a pause, each event durable, and the longest time that one took.
class Appender {
 public:
  explicit Appender(batpak::Store& store) : thread_([this, &store] { run(store); }) {}
  void stop_and_print(const char* when) {
    stop_ = true;
    thread_.join();
    std::printf("  %-28s %7llu durable appends, the longest %.2f ms, %.3f ms on average\n", when,
                static_cast<unsigned long long>(count_), longest_, sum_ / static_cast<double>(count_));
  }

 private:
  void run(batpak::Store& store) {
    const batpak::Coordinate here = where(0);
    do {
      const auto begin = Clock::now();
      need(store.append(here, Sample{.n = count_}));
      const double took = milliseconds_since(begin);
      longest_ = std::max(longest_, took);
      sum_ += took;
      ++count_;
    } while (!stop_);
  }

  std::atomic<bool> stop_ = false;
  std::uint64_t count_ = 0;
  double longest_ = 0;
  double sum_ = 0;
  std::thread thread_;  // last: it uses the others
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 && count != 3) {
    std::fputs("usage: bench_heads DIRECTORY [STREAMS]\n", stderr);
    return 2;
  }
  const std::string directory = std::string(arguments[1]) + "/heads.batpak";
  const std::uint64_t streams = count == 3 ? std::strtoull(arguments[2], nullptr, 10) : 1'000'000;
  std::filesystem::remove_all(directory);
  batpak::OpenOptions options;
  options.key = std::make_shared<const batpak::SigningKey>(need(batpak::SigningKey::generate()));
  options.origin = "example.com/bench";
  const batpak::PublicKey key = options.key->public_key();
  {
    batpak::Store store = need(batpak::Store::open(directory, options));
    fill(store, streams);
    need(store.close());
  }
  const auto verify = [&](const char* what) {
    const auto begin = Clock::now();
    const batpak::VerifyReport report = need(batpak::verify_directory(directory, {.key = key}));
    const double took = milliseconds_since(begin);
    std::printf("%-30s %.0f ms for %llu events in %llu streams, %zu findings\n", what, took,
                static_cast<unsigned long long>(report.events), static_cast<unsigned long long>(report.streams),
                report.findings.size());
    return took;
  };
  verify("verify, nothing declared");
  batpak::Store store = need(batpak::Store::open(directory, options));
  for (int round = 0; round < 3; ++round) {
    Appender alone(store);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    alone.stop_and_print("nobody declares:");
    Appender beside(store);
    const auto begin = Clock::now();
    need(store.declare_heads());
    std::printf("declare heads of %llu streams   %.0f ms\n", static_cast<unsigned long long>(streams),
                milliseconds_since(begin));
    beside.stop_and_print("beside the declaration:");
  }
  auto begin = Clock::now();
  const batpak::StreamProof proof = need(store.prove_stream("account:10000001"));
  std::printf("prove, the first time          %.1f ms\n", milliseconds_since(begin));
  begin = Clock::now();
  for (int i = 0; i < 1000; ++i) need(store.prove_stream("account:" + std::to_string(10'000'000 + i * 7919)));
  std::printf("prove, then                    %.3f ms each\n", milliseconds_since(begin) / 1000);
  const auto verifier = need(batpak::VerifierKey::make("example.com/bench", key));
  begin = Clock::now();
  for (int i = 0; i < 1000; ++i) {
    if (!verify_stream_proof(proof, verifier)) return 3;
  }
  std::printf("verify a proof                 %.3f ms each, %zu bytes of text\n", milliseconds_since(begin) / 1000,
              format_stream_proof(proof).size());
  need(store.close());
  double before = verify("verify, heads declared 3 times");
  constexpr std::uint64_t declarations = 20;
  for (const std::uint64_t begun : {0U, 10U}) {
    store = need(batpak::Store::open(directory, options));
    for (std::uint64_t round = 0; round < declarations; ++round) {
      for (std::uint64_t i = 0; i < 100; ++i) {
        const std::uint64_t stream = i < begun ? streams + round * begun + i : round * 1000 + i;
        need(store.append(where(stream), Sample{.n = i}, {.durability = batpak::Durability::buffered}));
      }
      need(store.declare_heads());
    }
    need(store.close());
    const double after = verify("verify, 20 declarations more");
    std::printf("  %llu new streams before each:   %.1f ms each\n", static_cast<unsigned long long>(begun),
                (after - before) / declarations);
    before = after;
  }
  std::filesystem::remove_all(directory);
  return 0;
}
