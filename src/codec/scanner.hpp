// Passes over MessagePack and checks everything about it, without keeping any of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "codec/wire.hpp"

namespace batpak::codec {

enum class Form : std::uint8_t {
  any,        // whatever is well-formed and has no key twice
  canonical,  // the one form that the encoder writes
};

// Threads: one at a time.
// Errors: the first flaw is kept with its offset; nothing may be scanned after it.
class Scanner {
 public:
  // Precondition: `bytes` are at most payload_bytes_max.
  Scanner(ByteView bytes, Form form) noexcept : bytes_(bytes), form_(form) {}

  // Passes over the value at the current offset, which lies within `depth` arrays and maps.
  [[nodiscard]] bool value(std::size_t depth);
  // Likewise, where only a key of a map may stand.
  [[nodiscard]] bool key();

  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] const Flaw& flaw() const noexcept { return flaw_; }

 private:
  bool content(const Head& head);
  bool map(std::uint64_t count, std::size_t depth);
  bool fail(ErrorCode code, std::string_view sentence) noexcept;
  bool fail(Flaw flaw) noexcept;

  ByteView bytes_;
  Form form_;
  std::size_t at_ = 0;
  Flaw flaw_;
  std::vector<std::uint32_t> keys_;  // offsets of the keys of the maps being scanned, innermost last; not in canonical form
};

}  // namespace batpak::codec
