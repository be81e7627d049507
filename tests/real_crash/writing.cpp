#include "real_crash/writing.hpp"

#include <unistd.h>

#include <atomic>
#include <functional>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "real_crash/ledger.hpp"

namespace batpak::crash_test {
namespace {

// One call a line: a pipe takes lines of this size whole, and several threads say something at once.
void say(std::string line) {
  line.push_back('\n');
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(4);
}

class Appender {
 public:
  Appender(Store& store, const WriteOptions& options, std::uint32_t thread)
      : store_(store), options_(options), thread_(thread), random_(options.seed * 977 + thread) {}

  // Whether everything was accepted.
  [[nodiscard]] bool run() {
    for (std::uint32_t i = 0; options_.operations == 0 || i < options_.operations; ++i) {
      const std::uint32_t dice = below(100);
      const Durability durability = dice < 60 ? Durability::durable : Durability::buffered;
      if (dice % 20 == 0) {
        sync();
      } else if (dice % 4 == 1) {
        append_batch(durability, 2 + below(6));
      } else {
        append(durability);
      }
      // A refusal that says that nothing was written can be followed by anything, and poison only by more of it.
      if (refusals_ >= 3) break;
    }
    return refusals_ == 0;
  }

 private:
  [[nodiscard]] StepName next_name() const { return {.round = options_.round, .thread = thread_, .number = next_}; }
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_() % bound); }
  [[nodiscard]] std::string place(std::string_view verb) const {
    return std::string(verb) + " " + std::to_string(thread_) + " " + std::to_string(next_);
  }

  void append(Durability durability) {
    say(place("will") + " 1");
    const auto receipt = store_.append(coordinate_of(next_name()), make_step(next_name()), {.durability = durability});
    if (receipt) {
      say(place("told") + " " + receipt_text(*receipt));
    } else {
      refuse(1, receipt.error());
    }
    ++next_;
  }

  void append_batch(Durability durability, std::uint32_t count) {
    Batch batch;
    const std::uint32_t first = next_;
    for (; next_ < first + count; ++next_) {
      if (auto added = batch.add(coordinate_of(next_name()), make_step(next_name())); !added) {
        std::cerr << added.error() << '\n';
        ::_exit(4);
      }
    }
    next_ = first;
    say(place("will") + " " + std::to_string(count));
    const auto receipts = store_.append_batch(std::move(batch), {.durability = durability});
    if (!receipts) {
      refuse(count, receipts.error());
      next_ += count;
      return;
    }
    for (const Receipt& receipt : *receipts) {
      say(place("told") + " " + receipt_text(receipt));
      ++next_;
    }
  }

  void sync() {
    if (const auto synced = store_.sync()) {
      say(place("synced"));
    } else {
      ++refusals_;
      std::cerr << synced.error() << '\n';
    }
  }

  void refuse(std::uint32_t count, const Error& error) {
    ++refusals_;
    say(place("refused") + " " + std::to_string(count) + " " + std::string(to_string(error.code)));
    std::cerr << error << '\n';
  }

  Store& store_;
  const WriteOptions& options_;
  std::uint32_t thread_;
  std::minstd_rand random_;
  std::uint32_t next_ = 0;
  std::uint32_t refusals_ = 0;
};

}  // namespace

int write_steps(const WriteOptions& options) {
  auto store = Store::open(options.directory, options.open);
  if (!store) {
    std::cerr << store.error() << '\n';
    return 3;
  }
  std::atomic<bool> fine = true;
  const auto run = [&](std::uint32_t thread) {
    if (!Appender(*store, options, thread).run()) fine = false;
  };
  if (options.threads == 1) {
    run(0);
  } else {
    std::vector<std::jthread> threads;
    for (std::uint32_t thread = 0; thread < options.threads; ++thread) threads.emplace_back(run, thread);
  }
  if (const auto closed = store->close(); !closed) {
    std::cerr << closed.error() << '\n';
    return 3;
  }
  say("closed");
  return fine ? 0 : 3;
}

}  // namespace batpak::crash_test
