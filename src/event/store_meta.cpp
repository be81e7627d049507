#include "event/store_meta.hpp"

#include <algorithm>

#include "base/crc32c.hpp"
#include "base/format_version.hpp"
#include "base/try.hpp"
#include "batpak/codec.hpp"
#include "crypto/key_name.hpp"

namespace batpak::event {
namespace {

using base::fail;
using base::load_le;
using base::store_le;

constexpr std::string_view magic = "batpakM1";
constexpr std::size_t at_payload = 24;

}  // namespace

Result<Genesis> read_genesis(ByteView payload) {
  BATPAK_TRY(Genesis genesis, read_store_event<Genesis>(payload));
  if (genesis.format != format_version) return fail(ErrorCode::damaged, "the genesis event is of another format");
  if (!crypto::is_key_name(genesis.origin)) return fail(ErrorCode::damaged, "the origin is no name that a log may have");
  return genesis;
}

Result<StoreMeta> StoreMeta::make(const Genesis& genesis) {
  StoreMeta meta;
  meta.genesis = genesis;
  BATPAK_CHECK(encode_payload(meta.genesis_payload, genesis));
  return meta;
}

Bytes StoreMeta::encode() const {
  Bytes bytes(at_payload + genesis_payload.size());
  std::ranges::copy(base::as_bytes(magic), bytes.data() + 8);
  store_le(bytes.data() + 16, format_version);
  store_le(bytes.data() + 20, static_cast<std::uint32_t>(genesis_payload.size()));
  std::ranges::copy(genesis_payload, bytes.data() + at_payload);
  store_le(bytes.data() + 4, static_cast<std::uint32_t>(bytes.size()));
  store_le(bytes.data(), base::crc32c(ByteView(bytes).subspan(4)));
  return bytes;
}

Result<StoreMeta> StoreMeta::decode(ByteView bytes) {
  if (bytes.size() < at_payload || bytes.size() > store_meta_bytes_max ||
      !std::ranges::equal(bytes.subspan(8, magic.size()), base::as_bytes(magic))) {
    return fail(ErrorCode::damaged, "store.meta is not what batpak writes");
  }
  const auto version = load_le<std::uint32_t>(bytes.data() + 16);
  if (version > format_version) return fail(ErrorCode::newer_format, "the store was written in a newer format");
  if (load_le<std::uint32_t>(bytes.data()) != base::crc32c(bytes.subspan(4)) || version != format_version ||
      load_le<std::uint32_t>(bytes.data() + 4) != bytes.size() ||
      load_le<std::uint32_t>(bytes.data() + 20) != bytes.size() - at_payload) {
    return fail(ErrorCode::damaged, "store.meta is damaged");
  }
  StoreMeta meta;
  meta.genesis_payload.assign(bytes.begin() + at_payload, bytes.end());
  auto genesis = read_genesis(meta.genesis_payload);
  if (!genesis) return fail(ErrorCode::damaged, "store.meta holds no genesis payload: " + genesis.error().message);
  meta.genesis = *std::move(genesis);
  return meta;
}

}  // namespace batpak::event
