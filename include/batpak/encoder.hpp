// Writes MessagePack in canonical form: the same value always gives the same bytes.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "batpak/error.hpp"
#include "batpak/unix_time.hpp"

namespace [[gnu::visibility("default")]] batpak {

// What one payload may hold, in either direction.
struct PayloadBounds {
  static constexpr std::size_t bytes_max = std::size_t{16} << 20;
  static constexpr std::size_t depth_max = 64;  // arrays and maps within each other
};

// Appends one value to a buffer. What the buffer held before stays, so a payload can be laid behind reserved bytes.
//
//   batpak::Encoder out(buffer);
//   out.begin_array(2);
//   out.integer(7);
//   out.text("seven");
//   out.end_array();
//   auto written = out.finish();
//
// Errors: the first failure is kept, later calls do nothing, finish() reports it and takes back what was appended.
//   invalid_utf8, payload_too_large, too_deep, out_of_range, duplicate_key, invalid_argument.
// Threads: one at a time. The buffer belongs to the caller and must not be touched before finish().
class Encoder {
 public:
  explicit Encoder(std::vector<std::byte>& out) : out_(out), start_(out.size()), at_(out.data() + out.size()), end_(at_) {}
  Encoder(const Encoder&) = delete;
  Encoder& operator=(const Encoder&) = delete;
  ~Encoder() {
    if (!finished_) out_.resize(start_);
  }

  void nil() { byte(0xC0); }
  void boolean(std::same_as<bool> auto value) { byte(value ? 0xC3 : 0xC2); }

  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void integer(T value) {
    if constexpr (std::is_signed_v<T>) {
      if (value < 0) return negative(value);
    }
    if (value <= 0x7F) return byte(static_cast<std::uint8_t>(value));
    non_negative(static_cast<std::uint64_t>(value));
  }

  // Every NaN is written as the same one; -0.0 stays apart from 0.0.
  void float32(float value) {
    const std::uint32_t bits = value != value ? 0x7FC0'0000U : std::bit_cast<std::uint32_t>(value);
    std::byte* at = room(5);
    at[0] = std::byte{0xCA};
    store_be(at + 1, bits);
    at_ = at + 5;
  }
  void float64(double value) {
    const std::uint64_t bits = value != value ? 0x7FF8'0000'0000'0000ULL : std::bit_cast<std::uint64_t>(value);
    std::byte* at = room(9);
    at[0] = std::byte{0xCB};
    store_be(at + 1, bits);
    at_ = at + 9;
  }

  void text(std::string_view value);  // must be UTF-8
  void bytes(std::span<const std::byte> value);
  void time(UnixTime value);

  // Exactly `count` values must follow before the end.
  void begin_array(std::size_t count);
  void end_array() noexcept { --depth_; }

  // Keeps the failure for finish(); the first one counts.
  void fail(ErrorCode code, std::string_view sentence);
  [[nodiscard]] bool failed() const noexcept { return failure_ != nullptr; }

  // Trims the buffer to what was written, or to what it held at the start if anything failed.
  [[nodiscard]] Result<void> finish() {
    const std::size_t size = position() - start_;
    if (failure_ || custom_ || depth_ != 0 || size == 0 || size > PayloadBounds::bytes_max) [[unlikely]]
      return check();
    finished_ = true;
    out_.resize(start_ + size);
    return {};
  }

  // For the library's own templates: a map whose keys are known to be in order, keys encoded beforehand, a field's name put
  // before the sentence of a failure, and the note that a user's Codec took part, so that finish() checks its work.
  void begin_ordered_map(std::size_t count) {
    if (count > 15 || depth_ >= PayloadBounds::depth_max) [[unlikely]]
      return begin_large_map(count);
    ++depth_;
    byte(static_cast<std::uint8_t>(0x80 | count));
  }
  void end_ordered_map() noexcept { --depth_; }
  template <std::size_t size>
  void encoded(const std::array<std::byte, size>& key) {
    std::byte* at = room(size);
    std::memcpy(at, key.data(), size);
    at_ = at + size;
  }
  void name_failure(std::string_view field);
  void expect_custom() noexcept { custom_ = true; }

 private:
  friend class MapEncoder;

  template <std::unsigned_integral T>
  static void store_be(std::byte* at, T value) noexcept {
    if constexpr (std::endian::native == std::endian::little) value = std::byteswap(value);
    std::memcpy(at, &value, sizeof value);
  }
  std::byte* room(std::size_t size) {
    if (static_cast<std::size_t>(end_ - at_) < size) [[unlikely]]
      grow(size);
    return at_;
  }
  void byte(std::uint8_t value) {
    *room(1) = static_cast<std::byte>(value);
    ++at_;
  }
  void grow(std::size_t size);
  void begin_large_map(std::size_t count);
  Result<void> check();
  void negative(std::int64_t value);
  void non_negative(std::uint64_t value);
  bool admit(std::size_t length);
  bool enter();
  [[nodiscard]] std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - out_.data()); }

  std::vector<std::byte>& out_;
  std::size_t start_;  // where this value begins in out_
  std::byte* at_;      // the next byte to write, within out_
  std::byte* end_;
  std::size_t depth_ = 0;
  std::unique_ptr<Error> failure_;
  bool custom_ = false;
  bool finished_ = false;
};

// Writes a map, in whatever order its entries come, and puts them into canonical order at the end.
//
//   batpak::MapEncoder map(out, 2);
//   map.key("b"); out.integer(2);
//   map.key("a"); out.integer(1);
//   map.end();
//
// Errors: as Encoder; two equal keys are duplicate_key, another number of entries than announced is invalid_argument.
class MapEncoder {
 public:
  MapEncoder(Encoder& out, std::size_t count);
  MapEncoder(const MapEncoder&) = delete;
  MapEncoder& operator=(const MapEncoder&) = delete;

  void key(std::string_view text);
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  void key(T number) {
    begin_key();
    out_.integer(number);
    end_key();
  }
  void end();

 private:
  void begin_key();
  void end_key();
  void sort();

  Encoder& out_;
  std::size_t count_;
  std::size_t written_ = 0;
  std::size_t entries_at_ = 0;   // where the first entry begins
  std::size_t previous_at_ = 0;  // the key before the current one
  std::size_t previous_end_ = 0;
  std::size_t key_at_ = 0;
  bool ordered_ = true;
};

}  // namespace batpak
