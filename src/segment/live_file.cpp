#include "segment/live_file.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/crc32c.hpp"
#include "base/try.hpp"

namespace batpak::segment {
namespace {

using base::fail;
using base::load_le;
using base::store_le;

constexpr std::string_view magic = "batpakL1";
constexpr int attempts_max = 8;  // a record being overwritten is whole again a moment later

}  // namespace

std::array<std::byte, live_bytes> LiveRecord::encode() const {
  std::array<std::byte, live_bytes> bytes{};
  store_le<std::uint32_t>(bytes.data() + 4, live_bytes);
  std::ranges::copy(base::as_bytes(magic), bytes.begin() + 8);
  std::ranges::copy(store_id, bytes.begin() + 16);
  store_le(bytes.data() + 32, session);
  store_le(bytes.data() + 40, durable_through.segment);
  store_le(bytes.data() + 48, durable_through.offset);
  store_le(bytes.data() + 56, durable_through.sequence);
  store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
  return bytes;
}

Result<LiveRecord> LiveRecord::decode(ByteView bytes) {
  if (bytes.size() != live_bytes || load_le<std::uint32_t>(bytes.data()) != base::crc32c(bytes.subspan(4)) ||
      load_le<std::uint32_t>(bytes.data() + 4) != live_bytes ||
      !std::ranges::equal(bytes.subspan(8, magic.size()), base::as_bytes(magic))) {
    return fail(ErrorCode::malformed, "the live record is not whole");
  }
  LiveRecord record;
  std::ranges::copy(bytes.subspan(16, record.store_id.size()), record.store_id.begin());
  record.session = load_le<std::uint64_t>(bytes.data() + 32);
  record.durable_through = {load_le<std::uint64_t>(bytes.data() + 40), load_le<std::uint64_t>(bytes.data() + 48),
                            load_le<std::uint64_t>(bytes.data() + 56)};
  return record;
}

Result<LiveRecord> read_live(platform::Directory& directory) {
  BATPAK_TRY(const bool there, directory.exists(live_file_name));
  if (!there) return fail(ErrorCode::not_found, "there is no live record");
  BATPAK_TRY(const auto file, directory.open_file(live_file_name, platform::OpenMode::read));
  std::array<std::byte, live_bytes> bytes{};
  for (int attempt = 1;; ++attempt) {
    BATPAK_TRY(const std::size_t size, file->read_at(0, bytes));
    Result<LiveRecord> record = LiveRecord::decode(ByteView(bytes).first(size));
    if (record || attempt == attempts_max) return record;
  }
}

}  // namespace batpak::segment
