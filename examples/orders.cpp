// Recipes: append and get, a batch, metadata and correlation, a page.
#include <batpak/batpak.hpp>

#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// [types]
struct Placed {
  static constexpr batpak::EventType event_type{.category = 0xA, .type_id = 1, .name = "order.placed"};
  std::vector<std::string> items;
  std::int64_t cents = 0;
};

struct Paid {
  static constexpr batpak::EventType event_type{.category = 0xA, .type_id = 2, .name = "order.paid"};
  std::int64_t cents = 0;
};
// [/types]

namespace {

// [append]
batpak::Result<batpak::Receipt> place(batpak::Store& store, const std::string& order, const Placed& placed) {
  const auto where = batpak::Coordinate::make("order:" + order, "shop");
  if (!where) return std::unexpected(where.error());
  return store.append(*where, placed);  // returns when the event survives a power loss
}
// [/append]

// [get]
batpak::Result<Placed> find_placed(const batpak::Store& store, const batpak::EventId& id) {
  const auto event = store.get(id);
  if (!event) return std::unexpected(event.error());  // not_found, or corrupt with file and offset
  return event->as<Placed>();                         // kind_mismatch where it is another kind of event
}
// [/get]

// [batch]
batpak::Result<std::vector<batpak::Receipt>> pay_all(batpak::Store& store, const std::vector<std::string>& orders) {
  batpak::Batch batch;
  for (const std::string& order : orders) {
    const auto where = batpak::Coordinate::make("order:" + order, "shop");
    if (!where) return std::unexpected(where.error());
    if (auto added = batch.add(*where, Paid{.cents = 1999}); !added) return std::unexpected(added.error());
  }
  return store.append_batch(std::move(batch));  // all of them in one commit, or none
}
// [/batch]

// [metadata]
batpak::Result<batpak::Receipt> pay(batpak::Store& store, const std::string& order, const batpak::Receipt& cause,
                                    const batpak::CorrelationId& story) {
  const auto where = batpak::Coordinate::make("order:" + order, "shop");
  if (!where) return std::unexpected(where.error());
  batpak::AppendOptions options;
  options.correlation = story;         // groups the events of one story
  options.causation = cause.event_id;  // this event follows from that one
  options.metadata = {{"by", "alice"}, {"attempt", 1}};
  return store.append(*where, Paid{.cents = 1999}, options);
}
// [/metadata]

// [page]
struct Page {
  std::vector<std::string> lines;
  std::optional<batpak::Position> last;  // where the next page goes on; nothing when this is the last one
};

batpak::Result<Page> newest_first(const batpak::Store& store, std::size_t lines_max,
                                  const std::optional<batpak::Position>& after = {}) {
  const auto now = store.snapshot();
  if (!now) return std::unexpected(now.error());
  batpak::ReadOptions options{.from = {}, .direction = batpak::Direction::backwards};
  if (after) {
    // A position is a sequence and the hash that was seen there: it notices a log that has another history.
    if (auto there = now->at(*after); !there) return std::unexpected(there.error());
    if (after->sequence == 0) return Page{};
    options.from = after->sequence - 1;
  }
  Page page;
  for (const batpak::Result<batpak::EventView>& event : now->read(options)) {
    if (!event) return std::unexpected(event.error());
    if (page.lines.size() == lines_max) return page;
    page.lines.push_back(std::string(event->entity()) + " " + std::string(event->kind_name()));
    page.last = event->position();
  }
  page.last.reset();
  return page;
}
// [/page]

batpak::Result<void> run(const std::string& directory) {
  auto store = batpak::Store::open(directory);
  if (!store) return std::unexpected(store.error());

  const auto placed = place(*store, "7", {.items = {"tea", "cups"}, .cents = 1999});
  if (!placed) return std::unexpected(placed.error());
  const auto found = find_placed(*store, placed->event_id);
  if (!found) return std::unexpected(found.error());
  std::cout << "order 7 is " << found->items.size() << " items for " << found->cents << " cents\n";

  const auto story = batpak::CorrelationId::from_string("5f0a1c0e2b3d4e5f60718293a4b5c6d7");
  if (!story) return std::unexpected(story.error());
  const auto paid = pay(*store, "7", *placed, *story);
  if (!paid) return std::unexpected(paid.error());
  const auto event = store->get(paid->event_id);
  if (!event) return std::unexpected(event.error());
  std::cout << "paid in the story " << to_string(*event->correlation()) << '\n';

  const auto receipts = pay_all(*store, {"8", "9", "10"});
  if (!receipts) return std::unexpected(receipts.error());
  std::cout << receipts->size() << " more paid, with sequences " << receipts->front().sequence << " to "
            << receipts->back().sequence << '\n';

  auto page = newest_first(*store, 3);
  for (int number = 1; page; ++number) {
    for (const std::string& line : page->lines) std::cout << "page " << number << ": " << line << '\n';
    if (!page->last || number == 2) break;
    page = newest_first(*store, 3, page->last);
  }
  if (!page) return std::unexpected(page.error());
  return store->close();
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto done = run(argument_count > 1 ? arguments[1] : "orders.batpak");
  if (!done) {
    std::cerr << "orders: " << done.error() << '\n';
    return 1;
  }
}
