// <dir>/store.meta: who the store is, written last when it is made.
//
//   offset  size  field
//   0       4     CRC-32C of bytes 4..end
//   4       4     length of the file
//   8       8     "batpakM1"
//   16      4     format version, 1
//   20      4     n, length of the genesis event's payload
//   24      n     that payload
#pragma once

#include "base/bytes.hpp"
#include "event/store_events.hpp"

namespace batpak::event {

inline constexpr std::string_view store_meta_name = "store.meta";
// What salvage calls it until everything is copied: what holds a part only is no store to anybody.
inline constexpr std::string_view unfinished_meta_name = "salvage.tmp";
inline constexpr std::size_t store_meta_bytes_max = 4096;

// What the payload of a genesis event says. Its origin is a name that a log may have: it is printed, and signed.
// Errors: damaged for another form, format or origin.
[[nodiscard]] Result<Genesis> read_genesis(ByteView payload);

struct StoreMeta {
  Bytes genesis_payload;  // canonical MessagePack
  Genesis genesis;        // the same, decoded

  [[nodiscard]] static Result<StoreMeta> make(const Genesis& genesis);
  [[nodiscard]] Bytes encode() const;
  // Errors: newer_format; damaged for bytes that are not a whole store.meta.
  [[nodiscard]] static Result<StoreMeta> decode(ByteView bytes);
};

}  // namespace batpak::event
