// Reads MessagePack that anybody may have written: checks everything, allocates nothing, never reads past the end.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "batpak/error.hpp"
#include "batpak/unix_time.hpp"

namespace [[gnu::visibility("default")]] batpak {

enum class ValueKind : std::uint8_t { nil, boolean, integer, float32, float64, string, bytes, time, array, map };

// Takes values from the front of a span of bytes.
//
//   batpak::Decoder in(bytes);
//   const std::size_t count = in.begin_array();
//   for (std::size_t i = 0; i < count && !in.failed(); ++i) sum += in.integer<std::int64_t>();
//   in.end_array();
//   auto read = in.finish();
//
// Errors: the first failure is kept; every later read gives an empty value and finish() reports the failure, with the offset
//   in the bytes. So a caller need not check each read, but must bound its loops by failed().
//   truncated, malformed, type_mismatch, out_of_range, invalid_utf8, duplicate_key, too_deep, trailing_bytes,
//   unsupported_type, payload_too_large (16 MiB).
// Threads: one at a time. Texts and bytes are views into the span given.
class Decoder {
 public:
  explicit Decoder(std::span<const std::byte> bytes);
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // What comes next; nothing at the end, or if it is no value that batpak knows (taking it tells why).
  [[nodiscard]] std::optional<ValueKind> next() const noexcept;

  [[nodiscard]] bool take_nil() noexcept {  // takes a nil if one comes next
    if (at_ == end_ || *at_ != std::byte{0xC0}) return false;
    ++at_;
    return true;
  }
  void nil();
  [[nodiscard]] bool boolean();

  // Any integer that fits T, whatever width it was written with.
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  [[nodiscard]] T integer() {
    if (at_ != end_ && *at_ <= std::byte{0x7F}) return static_cast<T>(*at_++);
    return narrow<T>(any_integer());
  }

  // Any number that T represents exactly: also an integer, and a float of the other width.
  template <std::floating_point T>
  [[nodiscard]] T real() {
    if constexpr (std::same_as<T, float>)
      return any_float32();
    else
      return any_float64();
  }

  [[nodiscard]] std::string_view text();
  [[nodiscard]] std::span<const std::byte> bytes();
  [[nodiscard]] UnixTime time();

  // The number of values that follow; no more than bytes are left.
  [[nodiscard]] std::size_t begin_array();
  void end_array() noexcept { --depth_; }

  // The number of entries that follow, each a key and a value. Keys may come in any order; whoever reads a map finds the
  // duplicates.
  [[nodiscard]] std::size_t begin_map();
  void end_map() noexcept { --depth_; }

  void skip_key();  // a key of a map, text or integer

  // Passes over one value, which is checked like any other, duplicate keys included. Returns its bytes.
  std::span<const std::byte> skip();

  void fail(ErrorCode code, std::string_view sentence);
  void fail(Error error);
  [[nodiscard]] bool failed() const noexcept { return failure_ != nullptr; }
  [[nodiscard]] std::span<const std::byte> rest() const noexcept { return {at_, end_}; }

  // Fails with the first failure, or with trailing_bytes if anything is left.
  [[nodiscard]] Result<void> finish();

  // For the library's own templates: the key of a known field, a field's name put before the sentence of a failure, and the
  // search for equal keys among those that were passed over.
  template <std::size_t size>
  [[nodiscard]] bool take_key(const std::array<std::byte, size>& key) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < size || std::memcmp(at_, key.data(), size) != 0) return false;
    at_ += size;
    return true;
  }
  void name_failure(std::string_view field);
  void refuse_duplicates(std::vector<std::span<const std::byte>>& keys);

 private:
  struct Integer {
    std::uint64_t bits = 0;
    bool negative = false;
  };

  template <class T>
  T narrow(Integer value) {
    if (value.negative) {
      const auto number = static_cast<std::int64_t>(value.bits);
      if (std::in_range<T>(number)) return static_cast<T>(number);
    } else if (std::in_range<T>(value.bits)) {
      return static_cast<T>(value.bits);
    }
    fail_range();
    return T{};
  }
  Integer any_integer();
  float any_float32();
  double any_float64();
  std::size_t begin_container(ValueKind kind);
  void fail_range();
  void fail_type(std::string_view wanted);

  const std::byte* begin_;
  const std::byte* at_;
  const std::byte* end_;
  std::size_t depth_ = 0;
  std::unique_ptr<Error> failure_;
};

}  // namespace batpak
