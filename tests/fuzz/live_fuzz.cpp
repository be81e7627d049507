// <dir>/live, which anybody may have written.
#include "base/crc32c.hpp"
#include "fuzz/target.hpp"
#include "segment/live_file.hpp"

namespace batpak::fuzz {
namespace {

void check_record(ByteView bytes) {
  const auto record = segment::LiveRecord::decode(bytes);
  if (!record) return;
  require(same_bytes(record->encode(), bytes.first(segment::live_bytes)), "a record that is read is written the same way");
}

// Witness: decoder_stays_in_bounds
const Target live("live", [](ByteView input) {
  check_record(input);
  Bytes mended(input.begin(), input.end());
  if (mended.size() < segment::live_bytes) return;
  base::store_le(mended.data(), base::crc32c(ByteView(mended).first(segment::live_bytes).subspan(4)));
  check_record(mended);
  mended.resize(segment::live_bytes);
  check_record(mended);
});

}  // namespace
}  // namespace batpak::fuzz
