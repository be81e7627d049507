// MessagePack from anybody: the decoder, the check of the canonical form, values, and the JSON that is made of them.
#include "batpak/codec.hpp"
#include "batpak/json.hpp"
#include "batpak/value.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

// Passes over one value and keeps nothing of it.
bool is_well_formed(ByteView bytes) {
  Decoder decoder(bytes);
  const auto passed = decoder.skip();
  const bool whole = decoder.finish().has_value();
  if (whole) require(passed.size() == bytes.size(), "a value that is passed over is the whole input");
  return whole;
}

void check_json(ByteView bytes, ByteView canonical) {
  for (const JsonStyle style : {JsonStyle::compact, JsonStyle::pretty}) {
    const auto json = json_from_messagepack(bytes, style);
    require(json.has_value(), "every value has a JSON form");
    const auto back = messagepack_from_json(*json);
    require(back.has_value(), "the JSON of a value is JSON");
    require(same_bytes(*back, canonical), "the JSON of a value gives its canonical bytes");
  }
}

// Witness: canonical_one_form, decoder_stays_in_bounds
const Target messagepack("messagepack", [](ByteView input) {
  const bool well_formed = is_well_formed(input);
  const bool canonical = check_canonical(input).has_value();
  const auto value = value_from_messagepack(input);
  require(value.has_value() == well_formed, "what can be passed over can be read, and nothing else");
  require(!canonical || well_formed, "what is canonical is well-formed");
  if (!value) {
    require(!json_from_messagepack(input, JsonStyle::compact), "what is not well-formed has no JSON");
    return;
  }
  const auto again = messagepack_from_value(*value);
  require(again.has_value(), "a value that was read can be written");
  require(check_canonical(*again).has_value(), "what is written is canonical");
  require(again->size() <= input.size(), "the canonical form is the shortest");
  require(same_bytes(*again, input) == canonical, "exactly the bytes that would be written are canonical");
  const auto value_again = value_from_messagepack(*again);
  require(value_again.has_value() && *value_again == *value, "a value that was written is read as the same");
  check_json(input, *again);
});

}  // namespace
}  // namespace batpak::fuzz
