// Recipe: a type that reflection cannot see through.
#include <batpak/batpak.hpp>

#include <charconv>
#include <cstdint>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

// [money]
class Money {  // keeps its fields to itself, so it cannot be reflected
 public:
  Money() = default;
  explicit Money(std::int64_t cents) : cents_(cents) {}
  [[nodiscard]] std::int64_t cents() const { return cents_; }

 private:
  std::int64_t cents_ = 0;
};

// Travels as text, "1999 cents", which other languages can read.
template <>
struct batpak::Codec<Money> {
  static constexpr std::string_view type_name = "string";

  static void encode(Encoder& out, const Money& money) { out.text(std::to_string(money.cents()) + " cents"); }

  static Result<Money> decode(Decoder& in) {
    const std::string_view text = in.text();
    std::int64_t cents = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), cents);
    if (failed != std::errc{} || std::string_view(end, text.data() + text.size()) != " cents") {
      return std::unexpected(Error(ErrorCode::malformed, "an amount of money is a number and \" cents\""));
    }
    return Money(cents);
  }
};

struct Invoiced {
  std::string customer;
  Money total;  // a part of a payload like any other
};
// [/money]

namespace {

batpak::Result<void> run(const std::string& directory) {
  auto store = batpak::Store::open(directory);
  if (!store) return std::unexpected(store.error());
  const auto where = batpak::Coordinate::make("invoice:1", "billing");
  if (!where) return std::unexpected(where.error());
  const auto receipt = store->append(*where, Invoiced{.customer = "bob", .total = Money(1999)});
  if (!receipt) return std::unexpected(receipt.error());

  const auto event = store->get(receipt->event_id);
  if (!event) return std::unexpected(event.error());
  const auto invoiced = event->as<Invoiced>();
  if (!invoiced) return std::unexpected(invoiced.error());
  std::cout << invoiced->customer << " owes " << invoiced->total.cents() << " cents\n";
  const auto json = batpak::json_from_messagepack(event->payload(), batpak::JsonStyle::compact);
  if (!json) return std::unexpected(json.error());
  std::cout << *json << '\n';
  return store->close();
}

}  // namespace

int main(int argument_count, char** arguments) {
  const auto done = run(argument_count > 1 ? arguments[1] : "billing.batpak");
  if (!done) {
    std::cerr << "money: " << done.error() << '\n';
    return 1;
  }
}
