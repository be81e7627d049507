// MessagePack from anybody, read into types: one with every kind of field, and those of the store's own events.
#include "batpak/codec.hpp"
#include "batpak/value.hpp"
#include "codec/rich_payload.hpp"
#include "event/store_events.hpp"
#include "fuzz/choices.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

template <class T>
void check_type(ByteView input) {
  const auto read = decode_payload<T>(input);
  if (!read) return;
  require(value_from_messagepack(input).has_value(), "what can be read as a type is well-formed");
  Bytes written;
  const auto encoded = encode_payload(written, *read);
  require(encoded.has_value(), "what was read can be written");
  require(check_canonical(written).has_value(), "what is written is canonical");
  const auto read_again = decode_payload<T>(written);
  require(read_again.has_value(), "what was written can be read");
  Bytes written_again;
  require(encode_payload(written_again, *read_again).has_value() && same_bytes(written_again, written),
          "what was written is read as it was");
}

// Whatever a codec makes of a value must not depend on the form in which it came.
void check_form_does_not_matter(ByteView input) {
  const auto value = value_from_messagepack(input);
  if (!value) return;
  const auto canonical = messagepack_from_value(*value);
  require(canonical.has_value(), "a value that was read can be written");
  const auto from_any = decode_payload<codec::Rich>(input);
  const auto from_canonical = decode_payload<codec::Rich>(*canonical);
  require(from_any.has_value() == from_canonical.has_value(), "the order of fields and the width of heads do not matter");
  if (!from_any) return;
  Bytes left;
  Bytes right;
  require(encode_payload(left, *from_any).has_value() && encode_payload(right, *from_canonical).has_value() &&
              same_bytes(left, right),
          "a value is read as the same in whatever form it came");
}

// Witness: canonical_one_form, decoder_stays_in_bounds
const Target typed("typed", [](ByteView input) {
  Choices choices(input);
  switch (choices.byte() % 6) {
    case 0: check_type<codec::Rich>(choices.rest()); return check_form_does_not_matter(choices.rest());
    case 1: return check_type<event::Genesis>(choices.rest());
    case 2: return check_type<event::TypeDeclaration>(choices.rest());
    case 3: return check_type<event::KeyDeclaration>(choices.rest());
    case 4: return check_type<event::SalvageRecord>(choices.rest());
    default: return check_type<codec::Tree>(choices.rest());
  }
});

}  // namespace
}  // namespace batpak::fuzz
