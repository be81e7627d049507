// The program that the tests of real crashes kill, and the one that looks at what is left.
//
//   driver write DIRECTORY [options]      appends until killed, or --operations of each thread, and closes
//   driver examine DIRECTORY [options]    checks the store against --ledger
#include <charconv>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include "real_crash/examination.hpp"
#include "real_crash/writing.hpp"

namespace {

using namespace batpak;
using namespace batpak::crash_test;

[[noreturn]] void refuse(const std::string& why) {
  std::cerr << why << '\n';
  std::exit(2);
}

template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) refuse("not a number: " + std::string(text));
  return number;
}

}  // namespace

int main(int count, char** words) {
  const std::span<char*> arguments(words, static_cast<std::size_t>(count));
  if (arguments.size() < 3 || arguments.size() % 2 == 0) refuse("driver write|examine DIRECTORY [--option VALUE]...");
  const std::string_view task = arguments[1];
  WriteOptions write;
  write.directory = arguments[2];
  std::string ledger;
  auto readers = ExamineOptions::Readers::see_all;
  for (std::size_t i = 3; i < arguments.size(); i += 2) {
    const std::string_view name = arguments[i];
    const std::string value = arguments[i + 1];
    if (name == "--ledger") {
      ledger = value;
    } else if (name == "--readers") {
      readers = value == "lag" ? ExamineOptions::Readers::may_lag : ExamineOptions::Readers::see_all;
    } else if (name == "--key") {
      auto key = SigningKey::load(value);
      if (!key) refuse(to_string(key.error()));
      write.open.key = std::make_shared<const SigningKey>(std::move(*key));
    } else if (name == "--sign") {
      write.open.signing = value == "event" ? SigningPolicy::each_event : SigningPolicy::each_commit;
    } else if (name == "--torn-tail") {
      write.open.torn_tail = value == "discard" ? TornTail::discard : TornTail::quarantine;
    } else if (name == "--segment-bytes") {
      write.open.segment_bytes = number_of<std::uint64_t>(value);
    } else if (name == "--mark-after") {
      write.open.idle_mark_after = std::chrono::microseconds(number_of<std::uint32_t>(value));
    } else if (name == "--sync-interval") {
      write.open.sync_interval = std::chrono::microseconds(number_of<std::uint32_t>(value));
    } else if (name == "--round") {
      write.round = number_of<std::uint32_t>(value);
    } else if (name == "--threads") {
      write.threads = number_of<std::uint32_t>(value);
    } else if (name == "--operations") {
      write.operations = number_of<std::uint32_t>(value);
    } else if (name == "--seed") {
      write.seed = number_of<std::uint32_t>(value);
    } else {
      refuse("unknown option " + std::string(name));
    }
  }
  if (task == "write") return write_steps(write);
  if (task == "examine") {
    return examine({.directory = write.directory, .open = write.open, .ledger = ledger, .readers = readers});
  }
  refuse("unknown task " + std::string(task));
}
