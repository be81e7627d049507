#include "real_crash/ledger.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>

namespace batpak::crash_test {
namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::string hexadecimal(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte byte : bytes) {
    text.push_back(digits[std::to_integer<unsigned>(byte) >> 4U]);
    text.push_back(digits[std::to_integer<unsigned>(byte) & 0xFU]);
  }
  return text;
}

// Nothing for what is no hexadecimal text.
std::optional<std::vector<std::byte>> from_hexadecimal(std::string_view text) {
  std::vector<std::byte> bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const std::size_t high = digits.find(text[i]);
    const std::size_t low = digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    bytes.push_back(static_cast<std::byte>(high << 4U | low));
  }
  return bytes;
}

// Takes a ledger line by line, and sorts what was told by whether it must have reached the device.
class Reader {
 public:
  [[nodiscard]] bool take(const std::string& line) {
    std::istringstream words(line);
    std::string verb;
    words >> verb;
    ledger_.closed_last = verb == "closed" || verb == "seen";  // who looks closes too
    if (verb == "round") {
      words >> ledger_.round;
      buffered_.clear();
    } else if (verb == "will") {
      std::uint32_t thread = 0;
      std::uint32_t number = 0;
      std::uint32_t count = 0;
      words >> thread >> number >> count;
      std::uint32_t& tried = ledger_.tried[{ledger_.round, thread}];
      tried = std::max(tried, number + count);
    } else if (verb == "told") {
      return take_receipt(words);
    } else if (verb == "refused") {
      StepName step{.round = ledger_.round};
      std::uint32_t count = 0;
      std::string code;
      words >> step.thread >> step.number >> count >> code;
      for (; count > 0; --count, ++step.number) ledger_.refused[step] = code;
    } else if (verb == "synced") {
      std::uint32_t thread = 0;
      std::uint32_t number = 0;
      words >> thread >> number;
      promote([&](const Ledger::Told& told) { return told.step.thread == thread && told.step.number < number; });
    } else if (verb == "closed") {
      promote([](const Ledger::Told&) { return true; });
    } else if (verb == "seen") {
      Ledger::Seen seen;
      words >> seen.size >> seen.digest;
      promote([&](const Ledger::Told& told) { return told.receipt.sequence < seen.size; });
      buffered_.clear();
      ledger_.seen.push_back(seen);
    } else {
      return false;
    }
    return !words.fail();
  }

  [[nodiscard]] Ledger finish() && { return std::move(ledger_); }

 private:
  [[nodiscard]] bool take_receipt(std::istringstream& words) {
    Ledger::Told told;
    told.step.round = ledger_.round;
    Receipt& receipt = told.receipt;
    std::string durability;
    std::string id;
    std::uint16_t kind = 0;
    std::array<std::string, 3> hashes;
    std::string signature;
    std::string note;
    words >> told.step.thread >> told.step.number >> durability >> receipt.sequence >> receipt.stream_version >> id >>
        kind >> receipt.time.microseconds >> receipt.time.counter >> receipt.wall_microseconds >> hashes[0] >> hashes[1] >>
        hashes[2] >> signature >> note;
    if (words.fail()) return false;
    const auto event_id = EventId::from_string(id);
    const auto event_hash = Hash::from_hex(hashes[0]);
    const auto previous_hash = Hash::from_hex(hashes[1]);
    const auto content_hash = Hash::from_hex(hashes[2]);
    if (!event_id || !event_hash || !previous_hash || !content_hash) return false;
    receipt.event_id = *event_id;
    receipt.kind = EventKind::from_value(kind);
    receipt.event_hash = *event_hash;
    receipt.previous_hash = *previous_hash;
    receipt.content_hash = *content_hash;
    receipt.durability = durability == "durable" ? Durability::durable : Durability::buffered;
    if (signature != "-") {
      const auto bytes = from_hexadecimal(signature);
      if (!bytes || bytes->size() != 64) return false;
      std::ranges::copy(*bytes, receipt.event_signature.emplace().begin());
    }
    if (note != "-") {
      const auto bytes = from_hexadecimal(note);
      if (!bytes) return false;
      std::string text;
      std::ranges::transform(*bytes, std::back_inserter(text), [](std::byte byte) { return static_cast<char>(byte); });
      auto parsed = parse_note(text);
      if (!parsed) return false;
      receipt.checkpoint = std::make_shared<const CheckpointNote>(std::move(*parsed));
    }
    if (receipt.durability == Durability::durable) {
      // A sync is of everything before it, whoever appended it.
      const std::uint64_t sequence = receipt.sequence;
      ledger_.durable.push_back(std::move(told));
      promote([&](const Ledger::Told& other) { return other.receipt.sequence < sequence; });
    } else {
      buffered_.push_back(std::move(told));
    }
    return true;
  }

  template <class Predicate>
  void promote(Predicate is_durable) {
    const auto rest = std::ranges::stable_partition(buffered_, [&](const Ledger::Told& told) { return !is_durable(told); });
    std::ranges::move(rest, std::back_inserter(ledger_.durable));
    buffered_.erase(rest.begin(), rest.end());
  }

  Ledger ledger_;
  std::vector<Ledger::Told> buffered_;  // of this round, and not known to be durable
};

}  // namespace

std::string receipt_text(const Receipt& receipt) {
  std::ostringstream text;
  text << to_string(receipt.durability) << ' ' << receipt.sequence << ' ' << receipt.stream_version << ' '
       << to_string(receipt.event_id) << ' ' << receipt.kind.value() << ' ' << receipt.time.microseconds << ' '
       << receipt.time.counter << ' ' << receipt.wall_microseconds << ' ' << to_string(receipt.event_hash) << ' '
       << to_string(receipt.previous_hash) << ' ' << to_string(receipt.content_hash) << ' '
       << (receipt.event_signature ? hexadecimal(*receipt.event_signature) : "-") << ' ';
  if (!receipt.checkpoint) return text.str() + "-";
  const std::string note = format_note(receipt.checkpoint->checkpoint, receipt.checkpoint->signatures);
  return text.str() + hexadecimal(std::as_bytes(std::span(note)));
}

std::optional<Ledger> Ledger::read(const std::string& path, std::string& complaint) {
  std::ifstream file(path);
  if (!file) {
    complaint = "cannot read " + path;
    return std::nullopt;
  }
  Reader reader;
  std::string line;
  for (std::uint64_t number = 1; std::getline(file, line); ++number) {
    if (reader.take(line)) continue;
    complaint = "line " + std::to_string(number) + " of " + path + " is not understood: " + line;
    return std::nullopt;
  }
  return std::move(reader).finish();
}

}  // namespace batpak::crash_test
