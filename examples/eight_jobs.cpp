// The eight jobs of a beginner: open, append, page, get, walk ancestors, verify a receipt, project, close.
//
//   eight_jobs DIRECTORY     makes a store there, or goes on with one
#include <batpak/batpak.hpp>

#include <cstdint>
#include <iostream>
#include <string>

struct Deposited {
  static constexpr batpak::EventType event_type{.category = 0xA, .type_id = 1, .name = "account.deposited"};
  std::int64_t cents = 0;
  std::string from;
};

struct Withdrawn {
  static constexpr batpak::EventType event_type{.category = 0xA, .type_id = 2, .name = "account.withdrawn"};
  std::int64_t cents = 0;
};

struct Balance {
  using events = batpak::EventTypes<Deposited, Withdrawn>;
  void apply(const Deposited& event) { cents += event.cents; }
  void apply(const Withdrawn& event) { cents -= event.cents; }
  std::int64_t cents = 0;
};

namespace {

int fail(const batpak::Error& error) {
  std::cerr << "eight_jobs: " << error << '\n';
  return 3;
}

}  // namespace

int main(int argument_count, char** arguments) {
  if (argument_count != 2) {
    std::cerr << "usage: eight_jobs DIRECTORY\n";
    return 2;
  }

  // 1. Open: makes the store where there is none, repairs what a crash left, and owns the directory until closed.
  auto store = batpak::Store::open(arguments[1]);
  if (!store) return fail(store.error());

  // 2. Append: returns when the event survives power loss.
  const auto account = batpak::Coordinate::make("account:42", "bank:main");
  if (!account) return fail(account.error());
  if (auto salary = store->append(*account, Deposited{.cents = 250'000, .from = "employer"}); !salary) {
    return fail(salary.error());
  }
  const auto receipt = store->append(*account, Withdrawn{.cents = 79'900});
  if (!receipt) return fail(receipt.error());
  std::cout << "appended   sequence " << receipt->sequence << ", hash " << to_string(receipt->event_hash) << '\n';

  // 3. Page: the newest ten events, last first. A view costs no copy; the payload is decoded when asked for.
  auto newest = store->read({.from = {}, .direction = batpak::Direction::backwards});
  if (!newest) return fail(newest.error());
  int shown = 0;
  for (const batpak::Result<batpak::EventView>& event : *newest) {
    if (!event) return fail(event.error());
    std::cout << "page       " << event->sequence() << ' ' << event->entity() << ' ' << event->kind_name() << '\n';
    if (++shown == 10) break;
  }

  // 4. Get: one event by its id, as the type it was written as.
  const auto fetched = store->get(receipt->event_id);
  if (!fetched) return fail(fetched.error());
  const auto withdrawn = fetched->as<Withdrawn>();
  if (!withdrawn) return fail(withdrawn.error());
  std::cout << "got        " << withdrawn->cents << " cents withdrawn at " << to_string(fetched->time()) << '\n';

  // 5. Ancestors: the event, the one before it in its stream, and so on to the beginning.
  auto ancestors = store->ancestors(receipt->event_id);
  if (!ancestors) return fail(ancestors.error());
  for (const batpak::Result<batpak::EventView>& event : *ancestors) {
    if (!event) return fail(event.error());
    std::cout << "ancestor   version " << event->stream_version() << ' ' << to_string(event->event_hash()) << '\n';
  }

  // 6. Verify the receipt: the log still holds this event with this history, recomputed from the bytes.
  if (auto verified = store->verify_receipt(*receipt); !verified) return fail(verified.error());
  std::cout << "verified   the log holds what the receipt says\n";

  // 7. Project: state is never stored as truth, it is folded from the log.
  const auto balance = store->project<Balance>("account:42");
  if (!balance) return fail(balance.error());
  std::cout << "projected  " << balance->cents << " cents\n";

  // 8. Close: reports what a destructor could not.
  if (auto closed = store->close(); !closed) return fail(closed.error());
  std::cout << "closed\n";
  return 0;
}
