// JSON from anybody as a payload: text to canonical MessagePack and back.
#include "batpak/codec.hpp"
#include "batpak/json.hpp"
#include "batpak/value.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

// Witness: canonical_one_form, decoder_stays_in_bounds
const Target json("json", [](ByteView input) {
  const std::string_view text = base::as_text(input);
  const auto bytes = messagepack_from_json(text);
  const auto value = value_from_json(text);
  require(bytes.has_value() == value.has_value(), "both ways of reading JSON take the same texts");
  if (!bytes) {
    require(bytes.error().code == value.error().code, "both ways of reading JSON give the same reason");
    return;
  }
  require(check_canonical(*bytes).has_value(), "JSON becomes canonical MessagePack");
  const auto from_value = messagepack_from_value(*value);
  require(from_value.has_value() && same_bytes(*from_value, *bytes), "both ways of reading JSON give the same bytes");
  const auto compact = json_from_messagepack(*bytes, JsonStyle::compact);
  const auto pretty = json_from_value(*value, JsonStyle::pretty);
  require(compact.has_value() && pretty.has_value(), "a payload has a JSON form");
  for (const std::string& form : {*compact, *pretty}) {
    const auto back = messagepack_from_json(form);
    require(back.has_value() && same_bytes(*back, *bytes), "a payload's JSON gives the payload");
  }
  const auto compact_again = json_from_messagepack(*messagepack_from_json(*compact), JsonStyle::compact);
  require(compact_again == *compact, "a payload has one compact JSON form");
});

}  // namespace
}  // namespace batpak::fuzz
