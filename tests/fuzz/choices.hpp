// Decisions taken from the bytes of an input, so that a fuzzer can steer what a target builds. At the end of the input every
// further decision is the first one possible.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/bytes.hpp"

namespace batpak::fuzz {

class Choices {
 public:
  explicit Choices(ByteView input) : rest_(input) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
  [[nodiscard]] ByteView rest() const noexcept { return rest_; }

  template <std::unsigned_integral T>
  T number() noexcept {
    T value = 0;
    const std::size_t size = std::min(sizeof value, rest_.size());
    for (std::size_t i = 0; i < size; ++i)
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(rest_[i]) << (8 * i)));
    rest_ = rest_.subspan(size);
    return value;
  }
  std::uint8_t byte() noexcept { return number<std::uint8_t>(); }
  // Below `count`, 0 for none. Two bytes decide: `count` should not be much larger.
  std::size_t below(std::size_t count) noexcept { return count == 0 ? 0 : number<std::uint16_t>() % count; }

  // At most `count` bytes of the input.
  ByteView take(std::size_t count) noexcept {
    const ByteView taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  // A text whose length the input decides, at most 255 bytes.
  std::string_view text() noexcept {
    const std::size_t length = byte();
    return base::as_text(take(length));
  }

 private:
  ByteView rest_;
};

}  // namespace batpak::fuzz
