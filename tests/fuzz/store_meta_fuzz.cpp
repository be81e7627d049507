// store.meta, and the payload of the genesis event in it.
#include "base/crc32c.hpp"
#include "event/store_meta.hpp"
#include "fuzz/target.hpp"

namespace batpak::fuzz {
namespace {

constexpr std::size_t fixed_bytes = 24;

void check_meta(ByteView bytes) {
  const auto meta = event::StoreMeta::decode(bytes);
  if (!meta) return;
  require(same_bytes(meta->encode(), bytes), "a store.meta that is read is written the same way");
  Bytes payload;
  require(encode_payload(payload, meta->genesis).has_value(), "a genesis that was read can be written");
  require(same_bytes(payload, meta->genesis_payload), "a genesis has one form");
  const auto made = event::StoreMeta::make(meta->genesis);
  require(made.has_value() && same_bytes(made->encode(), bytes), "a genesis gives one store.meta");
}

// Witness: decoder_stays_in_bounds, canonical_one_form
const Target store_meta("store_meta", [](ByteView input) {
  check_meta(input);
  Bytes mended(input.begin(), input.end());
  if (mended.size() < fixed_bytes) return;
  base::store_le(mended.data(), base::crc32c(ByteView(mended).subspan(4)));
  check_meta(mended);
  base::store_le(mended.data() + 4, static_cast<std::uint32_t>(mended.size()));
  base::store_le(mended.data() + 20, static_cast<std::uint32_t>(mended.size() - fixed_bytes));
  base::store_le(mended.data(), base::crc32c(ByteView(mended).subspan(4)));
  check_meta(mended);
});

}  // namespace
}  // namespace batpak::fuzz
