// Recipe: every error that wakes somebody up, and what to do about each.
#include <batpak/batpak.hpp>

#include <cstdint>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>

struct Ticked {
  std::uint64_t number = 0;
};

namespace {

// [open]
// Opens the store, or says in one sentence what a person has to do.
batpak::Result<batpak::Store> open_or_explain(const std::string& directory, std::string& what_to_do) {
  auto store = batpak::Store::open(directory);
  if (store) {
    const batpak::OpenReport& report = store->open_report();
    if (report.torn_bytes > 0) {
      // After a crash: an append that was never acknowledged was cut off. Nothing is lost, and a copy is kept.
      std::cerr << "cut " << report.torn_bytes << " bytes off " << report.torn_path << ", kept in " << report.quarantine_path
                << '\n';
    }
    return store;
  }
  switch (store.error().code) {
    case batpak::ErrorCode::locked:
      what_to_do = "another process writes to it; stop that one, or read beside it with open_read_only";
      break;
    case batpak::ErrorCode::damaged:
      what_to_do = "bytes that were acknowledged are gone: batpak verify shows which, batpak salvage goes on in a new store";
      break;
    case batpak::ErrorCode::key_required:
    case batpak::ErrorCode::wrong_key:
      what_to_do = "the store is signed: give the key that it declares; without it reading and verify still work";
      break;
    case batpak::ErrorCode::no_space:
      what_to_do = "make room; where that is impossible, open with TornTail::discard keeps no copy of what a crash left";
      break;
    case batpak::ErrorCode::newer_format: what_to_do = "a newer batpak wrote it: use that one; nothing was changed"; break;
    case batpak::ErrorCode::permission_denied:
    case batpak::ErrorCode::read_only:
      what_to_do = "look who owns the directory, and whether its file system is mounted read-only";
      break;
    default: what_to_do = "the message names file, offset and errno"; break;
  }
  return store;
}
// [/open]

// [append]
enum class Outcome { written, try_again, reopen, give_up };

Outcome append_or_judge(batpak::Store& store, const batpak::Coordinate& where, const Ticked& payload) {
  const auto receipt = store.append(where, payload);
  if (receipt) return Outcome::written;
  std::cerr << receipt.error() << '\n';
  switch (receipt.error().code) {
    case batpak::ErrorCode::not_written:  // for example no space for the next segment: nothing was changed
    case batpak::ErrorCode::queue_full:   // only from try_append
      return Outcome::try_again;
    case batpak::ErrorCode::outcome_unknown:  // the device failed in the middle: the event may be there or not
    case batpak::ErrorCode::poisoned:         // it failed earlier; nothing more is written until the store is reopened
      return Outcome::reopen;
    default:  // the request itself is not acceptable
      return Outcome::give_up;
  }
}
// [/append]

// [reopen]
// After outcome_unknown: reopen, look whether the event is there, and only then append it again.
batpak::Result<bool> is_there(const batpak::Store& reopened, const std::string& entity, std::uint64_t number) {
  auto events = reopened.stream(entity, {.direction = batpak::Direction::backwards});
  if (!events) return std::unexpected(events.error());
  for (const batpak::Result<batpak::EventView>& event : *events) {
    if (!event) return std::unexpected(event.error());
    const auto ticked = event->as<Ticked>();
    if (ticked && ticked->number == number) return true;
    if (ticked && ticked->number < number) return false;  // numbers rise: it cannot be further back
  }
  return false;
}
// [/reopen]

// [salvage]
// Copies all that is whole into a new store, which records what was lost. The damaged one stays as it is.
batpak::Result<void> go_on_elsewhere(const std::string& damaged, const std::string& destination) {
  const auto report = batpak::salvage(damaged, destination);
  if (!report) return std::unexpected(report.error());
  std::cout << "copied " << report->events_copied << " events, lost " << report->events_lost << '\n';
  for (const batpak::DamagedRange& range : report->damage) {
    std::cout << "  sequences " << range.first_sequence << " to before " << range.next_sequence << ": " << range.reason
              << '\n';
  }
  return {};
}
// [/salvage]

void show(const std::string& what, const batpak::Result<batpak::Store>& store, const std::string& what_to_do) {
  std::cout << what << ": " << (store ? "opened" : to_string(store.error().code)) << "\n  " << what_to_do << '\n';
}

// Changes a byte of the last tick in the log, as no store would.
void break_last_tick(const std::string& file) {
  std::fstream segment(file, std::ios::in | std::ios::out | std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(segment), std::istreambuf_iterator<char>()};
  segment.seekp(static_cast<std::streamoff>(bytes.rfind("clock")));
  segment.put('C');
}

batpak::Result<void> run(const std::string& directory) {
  std::string what_to_do;
  auto store = open_or_explain(directory, what_to_do);
  if (!store) return std::unexpected(store.error());
  const auto where = batpak::Coordinate::make("clock", "demo");
  if (!where) return std::unexpected(where.error());
  for (std::uint64_t number = 1; number <= 3; ++number) {
    if (append_or_judge(*store, *where, {.number = number}) != Outcome::written) {
      return std::unexpected(batpak::Error(batpak::ErrorCode::io_error, "the appends failed"));
    }
  }
  const auto there = is_there(*store, "clock", 3);
  if (!there) return std::unexpected(there.error());
  std::cout << "tick 3 is " << (*there ? "there" : "not there") << '\n';
  show("a second open", open_or_explain(directory, what_to_do), what_to_do);
  if (auto closed = store->close(); !closed) return closed;
  break_last_tick(directory + "/log/00000000000000000000.seg");
  show("a changed byte", open_or_explain(directory, what_to_do), what_to_do);
  return go_on_elsewhere(directory, directory + ".salvaged");
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto done = run(argument_count > 1 ? arguments[1] : "clock.batpak");
  if (!done) {
    std::cerr << "errors: " << done.error() << '\n';
    return 1;
  }
}
