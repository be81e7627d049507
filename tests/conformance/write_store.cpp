// Writes a store for the independent reader to read: payloads of every kind, batches, metadata, several segments.
//
//   write_store DIRECTORY EVENTS SEGMENT_BYTES HOW [KEY]
//
// HOW says how it ends: `close` closes the store; `leave` ends the process without, as if it had been killed between two
// appends; `heads` declares heads between some more events and closes the store; `buffered` does the same behind events that were not synced; `wait` prints a line and goes on to write until it
// is killed. KEY is the file of a signing key; with it each event is signed.
#include <batpak/batpak.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

namespace {

struct Measured {
  std::int64_t number = 0;
  double value = 0;
  float narrow = 0;
  std::string text;
  std::vector<std::byte> bytes;
  std::optional<std::uint64_t> large;
  std::map<std::int32_t, std::string> by_number;
  std::variant<std::monostate, bool, std::string> either;
  std::chrono::system_clock::time_point when;
};

struct Noted {
  std::string note;
};

constexpr std::array<double, 6> values = {
    0.0, -0.0, 1e300, 0.1, std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()};

Measured measured(std::uint64_t number) {
  const auto signed_number = static_cast<std::int64_t>(number);
  Measured event;
  event.number = number % 3 == 0 ? -(signed_number << (number % 50)) : signed_number << (number % 50);
  event.value = values[number % values.size()];
  event.narrow = static_cast<float>(signed_number) / 7;
  event.text = std::string(number * 37 % 400, 'x') + "ü\n\"";
  event.bytes.assign(number * 11 % 70, std::byte{0xA5});
  if (number % 2 == 0) event.large = std::numeric_limits<std::uint64_t>::max() - number;
  event.by_number = {{-1, "minus"}, {static_cast<std::int32_t>(number), "number"}, {300, "more"}};
  if (number % 4 == 1) event.either = true;
  if (number % 4 == 2) event.either = "text";
  event.when = std::chrono::system_clock::time_point{std::chrono::seconds{(signed_number - 5) << (number % 26)}};
  return event;
}

batpak::Result<void> append_one(batpak::Store& store, std::uint64_t number, batpak::Durability durability) {
  const auto where = batpak::Coordinate::make("probe:" + std::to_string(number % 5), number % 2 == 0 ? "lab" : "field");
  if (!where) return std::unexpected(where.error());
  batpak::AppendOptions options;
  options.durability = durability;
  if (number % 3 == 0) options.metadata = {{"by", "alice"}, {"attempt", static_cast<std::int64_t>(number)}};
  const auto receipt = store.append(*where, measured(number), options);
  if (!receipt) return std::unexpected(receipt.error());
  return {};
}

batpak::Result<void> append_batch(batpak::Store& store, std::uint64_t number) {
  batpak::Batch batch;
  for (std::uint64_t place = 0; place < 2 + number % 4; ++place) {
    const auto where = batpak::Coordinate::make("batch:" + std::to_string(place), "lab");
    if (!where) return std::unexpected(where.error());
    auto added =
        place % 2 == 0 ? batch.add(*where, Noted{.note = std::to_string(number)}) : batch.add(*where, measured(number));
    if (!added) return std::unexpected(added.error());
  }
  const auto receipts = store.append_batch(std::move(batch));
  if (!receipts) return std::unexpected(receipts.error());
  return {};
}

batpak::Result<void> append(batpak::Store& store, std::uint64_t number) {
  if (number % 6 == 5) return append_batch(store, number);
  return append_one(store, number, batpak::Durability::durable);
}

batpak::Result<void> write(const batpak::OpenOptions& options, const std::string& directory, std::uint64_t events,
                           std::string_view how) {
  auto store = batpak::Store::open(directory, options);
  if (!store) return std::unexpected(store.error());
  for (std::uint64_t number = 0; number < events; ++number) {
    if (auto appended = append(*store, number); !appended) return appended;
  }
  if (how == "close") return store->close();
  if (how == "heads") {
    for (std::uint64_t number = events; number < events + 8; ++number) {
      if (const auto declared = store->declare_heads(); !declared) return std::unexpected(declared.error());
      if (auto appended = append(*store, number); !appended) return appended;
    }
    return store->close();
  }
  if (how == "wait") std::cout << "writing" << std::endl;
  for (std::uint64_t number = events; how == "wait"; ++number) {
    if (auto appended = append(*store, number); !appended) return appended;
  }
  for (std::uint64_t number = events; how == "buffered" && number < events + 20; ++number) {
    if (auto appended = append_one(*store, number, batpak::Durability::buffered); !appended) return appended;
  }
  std::_Exit(0);
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 5 && argument_count != 6) {
    std::cerr << "usage: write_store DIRECTORY EVENTS SEGMENT_BYTES close|heads|leave|buffered|wait [KEY]\n";
    return 2;
  }
  batpak::OpenOptions options;
  options.segment_bytes = std::strtoull(arguments[3], nullptr, 10);
  if (argument_count == 6) {
    auto key = batpak::SigningKey::load(arguments[5]);
    if (!key) {
      std::cerr << "write_store: " << key.error() << '\n';
      return 3;
    }
    options.key = std::make_shared<const batpak::SigningKey>(*std::move(key));
    options.signing = batpak::SigningPolicy::each_event;
  }
  const auto written = write(options, arguments[1], std::strtoull(arguments[2], nullptr, 10), arguments[4]);
  if (!written) {
    std::cerr << "write_store: " << written.error() << '\n';
    return 3;
  }
  return 0;
}
