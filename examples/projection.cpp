// Recipe: state folded from events.
#include <batpak/batpak.hpp>

#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

// [projection]
struct Deposited {
  static constexpr batpak::EventType event_type{.category = 0xA, .type_id = 1, .name = "account.deposited"};
  std::int64_t cents = 0;
};

struct Withdrawn {
  static constexpr batpak::EventType event_type{.category = 0xA, .type_id = 2, .name = "account.withdrawn"};
  std::int64_t cents = 0;
};

struct Balance {
  using events = batpak::EventTypes<Deposited, Withdrawn>;
  void apply(const Deposited& event) { cents += event.cents; }
  // The second argument is there for those who need more than the payload.
  void apply(const Withdrawn& event, const batpak::EventView& view) {
    cents -= event.cents;
    last_withdrawal = view.time();
  }
  std::int64_t cents = 0;
  batpak::Timestamp last_withdrawal;
};
// [/projection]

// [total]
// The same, over all entities: any range can be folded.
struct Turnover {
  using events = batpak::EventTypes<Deposited, Withdrawn>;
  void apply(const Deposited& event) { cents += event.cents; }
  void apply(const Withdrawn& event) { cents += event.cents; }
  std::int64_t cents = 0;
};

batpak::Result<Turnover> turnover(const batpak::Store& store) {
  auto everything = store.read();
  if (!everything) return std::unexpected(everything.error());
  return batpak::fold<Turnover>(*std::move(everything));
}
// [/total]

namespace {

batpak::Result<void> run(const std::string& directory) {
  auto store = batpak::Store::open(directory);
  if (!store) return std::unexpected(store.error());
  for (const char* name : {"account:1", "account:2"}) {
    const auto account = batpak::Coordinate::make(name, "bank");
    if (!account) return std::unexpected(account.error());
    if (auto done = store->append(*account, Deposited{.cents = 5000}); !done) return std::unexpected(done.error());
    if (auto done = store->append(*account, Withdrawn{.cents = 1200}); !done) return std::unexpected(done.error());
  }

  // [project]
  const auto balance = store->project<Balance>("account:1");
  if (!balance) return std::unexpected(balance.error());  // names the event that could not be read or decoded
  std::cout << "account:1 has " << balance->cents << " cents\n";
  // [/project]

  const auto all = turnover(*store);
  if (!all) return std::unexpected(all.error());
  std::cout << "moved " << all->cents << " cents in all\n";
  return store->close();
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto done = run(argument_count > 1 ? arguments[1] : "bank.batpak");
  if (!done) {
    std::cerr << "projection: " << done.error() << '\n';
    return 1;
  }
}
